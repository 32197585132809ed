package topology

import (
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// Series is an item of series: taken apart.
type Series struct {
	Names []string // of its hosts, in their order
	First int      // number of the first copy; 0: it has rows
	host  func(k int) *yaml.Node
}

// Host returns the k-th host as hosts: would have it: a mapping without anchors, aliases
// and placeholders.
func (s Series) Host(k int) *yaml.Node { return s.host(k) }

// ReadSeries reads an item of series: of a file that Parse accepts.
func ReadSeries(n *yaml.Node) Series {
	d := &decoder{report: &report{}, fields: map[reflect.Type]map[string]rawKey{}}
	if head := copiesHead(d, n); head != nil {
		return d.copiesOf(n, head)
	}
	var rows rawRows
	d.structure(reflect.ValueOf(&rows).Elem(), n)
	b := &seriesBuilder{report: d.report, router: map[string]int{rows.On.v: 0}, lans: &lanCount{report: d.report}}
	hosts := b.expand(rows, "series", maxHosts)
	s := Series{host: func(k int) *yaml.Node {
		return d.member(n, hosts[k].value.attached(), "name", "on", "rd", "step", "step6", "lans", "rows")
	}}
	for _, e := range hosts {
		s.Names = append(s.Names, e.key.v)
	}
	return s
}

// copiesOf reads a series with count or range.
func (d *decoder) copiesOf(n *yaml.Node, head *rawCopies) Series {
	from, to := head.numbers(d)
	s := Series{First: from, host: func(k int) *yaml.Node {
		number := from + k
		d.number = &number
		return d.member(n, nil, "name", "count", "range")
	}}
	for i := from; i <= to; i++ {
		d.number = &i
		s.Names = append(s.Names, d.fill(&yaml.Node{Value: head.Name.v}))
	}
	return s
}

// member makes a host of keys, and of those of its series without some.
func (d *decoder) member(series *yaml.Node, keys []*yaml.Node, without ...string) *yaml.Node {
	host := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: keys}
	for _, p := range d.pairs(series) {
		if !slices.Contains(without, p.key.Value) {
			host.Content = append(host.Content, d.written(p.key), d.written(p.value))
		}
	}
	return host
}

// attached returns the keys of a host that a series with rows makes of a row.
func (h rawHost) attached() []*yaml.Node {
	text := func(s string) *yaml.Node {
		n := &yaml.Node{}
		n.SetString(s)
		return n
	}
	keys := []*yaml.Node{text("to"), text(h.To.v), text("vrf"), text(h.VRF.v)}
	if h.RD.has {
		keys = append(keys, text("rd"), text(h.RD.v.String()))
	}
	list := func(key string, items []string) {
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: yaml.FlowStyle}
		for _, s := range items {
			n.Content = append(n.Content, text(s))
		}
		if len(items) > 0 {
			keys = append(keys, text(key), n)
		}
	}
	var addresses, lans []string
	for _, a := range h.Addresses {
		addresses = append(addresses, a.v.prefix.String())
	}
	for _, p := range h.LANs {
		lans = append(lans, p.v.String())
	}
	list("addresses", addresses)
	list("lans", lans)
	return keys
}

// written copies a tree as the decoder reads it: with the number of a copy in the places
// of its placeholders, and with what aliases stand for.
func (d *decoder) written(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	out := *n
	out.Anchor, out.Content = "", nil
	if n.Kind == yaml.ScalarNode {
		out.Value = d.fill(n)
	}
	for _, c := range n.Content {
		out.Content = append(out.Content, d.written(c))
	}
	return &out
}
