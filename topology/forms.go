package topology

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"
)

// entry is one key of a mapping whose keys are names.
type entry[T any] struct {
	key   value[string]
	value T
}

// entries is a mapping of names in the order of the file.
type entries[T any] []entry[T]

func (e *entries[T]) read(d *decoder, n *yaml.Node) {
	if isNull(n) {
		return
	}
	first := map[string]int{}
	for _, p := range d.pairs(n) {
		var one entry[T]
		one.key = given(at(p.key), d.fill(p.key))
		if line := first[one.key.v]; line > 0 { // placeholders can make keys equal
			d.wrong(p.key, fmt.Sprintf("key %q is %q, which occurs on line %d, too", p.key.Value, one.key.v, line), "remove one")
			continue
		}
		first[one.key.v] = p.key.Line
		d.within("."+p.key.Value, func() { d.into(reflect.ValueOf(&one.value).Elem(), p.value) })
		*e = append(*e, one)
	}
}

// oneOrMany is a list that may be written without brackets if it has one item.
type oneOrMany[T any] []T

func (m *oneOrMany[T]) read(d *decoder, n *yaml.Node) {
	v := reflect.ValueOf((*[]T)(m)).Elem()
	if n.Kind == yaml.SequenceNode {
		d.list(v, n)
		return
	}
	if isNull(n) {
		return
	}
	one := reflect.New(v.Type().Elem()).Elem()
	d.into(one, n)
	v.Set(reflect.Append(v, one))
}

// namedEnd is an end of a link with its settings.
type namedEnd struct {
	name     value[endName]
	settings rawEnd
}

// rawEnds is [pe1:eth1, pe2:eth1], or {pe1:eth1: {address: …}, …}.
type rawEnds []namedEnd

func (e *rawEnds) read(d *decoder, n *yaml.Node) {
	if isNull(n) {
		return
	}
	if n.Kind == yaml.SequenceNode {
		var names []value[endName]
		d.list(reflect.ValueOf(&names).Elem(), n)
		for _, name := range names {
			*e = append(*e, namedEnd{name: name})
		}
		return
	}
	for _, p := range d.pairs(n) {
		var one namedEnd
		d.within("."+p.key.Value, func() {
			one.name.read(d, p.key)
			d.into(reflect.ValueOf(&one.settings).Elem(), p.value)
		})
		*e = append(*e, one)
	}
}

// rawLinkBGP is `full-mesh`, `none`, or a mapping.
type rawLinkBGP struct {
	at   pos
	mode value[linkMode]
	linkSettings
}

func (b *rawLinkBGP) read(d *decoder, n *yaml.Node) {
	b.at = at(n)
	scalarOr(d, n, &b.mode, &b.linkSettings)
}

// rawEndBGP is `none`, or a mapping.
type rawEndBGP struct {
	at   pos
	mode value[linkMode]
	endSettings
}

func (b *rawEndBGP) read(d *decoder, n *yaml.Node) {
	b.at = at(n)
	scalarOr(d, n, &b.mode, &b.endSettings)
}

// rawRA is a prefix, or a mapping.
type rawRA struct {
	at pos
	raSettings
}

func (a *rawRA) read(d *decoder, n *yaml.Node) {
	a.at = at(n)
	scalarOr(d, n, &a.Prefix, &a.raSettings)
}

// rawRAPrefix is a prefix, or a mapping.
type rawRAPrefix struct {
	at pos
	raPrefixSettings
}

func (a *rawRAPrefix) read(d *decoder, n *yaml.Node) {
	a.at = at(n)
	scalarOr(d, n, &a.Prefix, &a.raPrefixSettings)
}

// rawAnnounce is a prefix, or a mapping.
type rawAnnounce struct {
	at pos
	announceSettings
}

func (a *rawAnnounce) read(d *decoder, n *yaml.Node) {
	a.at = at(n)
	scalarOr(d, n, &a.Prefix, &a.announceSettings)
}

// rawRoute is a prefix, or a mapping.
type rawRoute struct {
	at pos
	routeSettings
}

func (a *rawRoute) read(d *decoder, n *yaml.Node) {
	a.at = at(n)
	scalarOr(d, n, &a.Prefix, &a.routeSettings)
}

// rawStation is an address, or a mapping.
type rawStation struct {
	at pos
	stationSettings
}

func (s *rawStation) read(d *decoder, n *yaml.Node) {
	s.at = at(n)
	scalarOr(d, n, &s.To, &s.stationSettings)
}

// rawMRT is a directory, or a mapping.
type rawMRT struct {
	at pos
	mrtSettings
}

func (m *rawMRT) read(d *decoder, n *yaml.Node) {
	m.at = at(n)
	scalarOr(d, n, &m.Directory, &m.mrtSettings)
}

// rawCore is a protocol, or a mapping.
type rawCore struct {
	at pos
	coreSettings
}

func (c *rawCore) read(d *decoder, n *yaml.Node) {
	if !isNull(n) {
		c.at = at(n)
	}
	scalarOr(d, n, &c.Transport, &c.coreSettings)
}

// given reports whether the file has it.
func (c *rawCore) given() bool { return c.at != pos{} }

// given reports whether the file has it.
func (m *rawMRT) given() bool { return m.at != pos{} }

// rawTracking is true or false, or a mapping.
type rawTracking struct {
	at pos
	on value[bool]
	trackingSettings
}

func (r *rawTracking) read(d *decoder, n *yaml.Node) {
	if isNull(n) {
		return
	}
	r.at, r.on = at(n), value[bool]{at: at(n), v: true, has: true}
	scalarOr(d, n, &r.on, &r.trackingSettings)
}

// given reports whether the file has it.
func (r *rawTracking) given() bool { return r.at != pos{} }

// wanted reports whether the file asks for it.
func (r *rawTracking) wanted() bool { return r.given() && r.on.v }

// scalarOr reads a mapping whose short form is a scalar.
func scalarOr(d *decoder, n *yaml.Node, short nodeReader, long any) {
	if isNull(n) {
		return
	}
	if n.Kind == yaml.ScalarNode {
		short.read(d, n)
		return
	}
	d.structure(reflect.ValueOf(long).Elem(), n)
}
