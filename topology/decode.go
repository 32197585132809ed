package topology

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/session"
)

// Bounds on a file, so that a small hostile one is cheap to refuse.
const (
	maxBytes = 8 << 20 // of text
	maxNodes = 1 << 20 // of YAML, after aliases and merges are followed
	maxDepth = 32      // of nested merges
)

// nodeReader is a raw type that decodes itself.
type nodeReader interface {
	read(d *decoder, n *yaml.Node)
}

// decoder fills raw types from YAML nodes and reports what does not fit.
type decoder struct {
	*report
	nodes  int
	path   []string
	fields map[reflect.Type]map[string]rawKey // cached keys of raw types
	forms  map[reflect.Type]form              // of scalars that depend on the caller
	number *int                               // of the copy of a series that is decoded
	copies int                                // so far
	filled int                                // octets of text with placeholders, so far
}

// decode decodes the text into its raw form. It returns nil if the text is not YAML
// or too large.
func decode(r *report, data []byte, forms map[reflect.Type]form) *rawTopology {
	if len(data) > maxBytes {
		r.refuse(pos{}, "file", fmt.Sprintf("larger than %d MiB", maxBytes>>20), "use series: for many hosts")
		return nil
	}
	var doc, next yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			r.refuse(pos{}, "file", "is empty", "start with name: and routers:")
			return nil
		}
		refuseSyntax(r, err)
		return nil
	}
	if err := dec.Decode(&next); err == nil {
		r.refuse(at(&next), "file", "has a second YAML document", "keep one lab per file")
	} else if !errors.Is(err, io.EOF) {
		refuseSyntax(r, err)
	}
	top := doc.Content[0]
	if top.Kind != yaml.MappingNode {
		r.refuse(at(top), "file", "want a mapping, not "+kindName(top), "start with name: and routers:")
		return nil
	}
	raw := new(rawTopology)
	d := &decoder{report: r, fields: make(map[reflect.Type]map[string]rawKey), forms: forms}
	d.into(reflect.ValueOf(raw).Elem(), top)
	if d.nodes >= maxNodes {
		return nil
	}
	return raw
}

var syntaxLine = regexp.MustCompile(`^yaml: line (\d+): `)

func refuseSyntax(r *report, err error) {
	text := err.Error()
	where := pos{}
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		where.line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	r.refuse(where, "file", "not valid YAML: "+strings.TrimPrefix(text, "yaml: "),
		"check indentation, quotes and brackets there and on the line before")
}

func at(n *yaml.Node) pos { return pos{n.Line, n.Column} }

// element names the current place in the file.
func (d *decoder) element() string {
	if len(d.path) == 0 {
		return "file"
	}
	return strings.TrimPrefix(strings.Join(d.path, ""), ".")
}

// within runs f with one more step in the path.
func (d *decoder) within(step string, f func()) {
	d.path = append(d.path, step)
	f()
	d.path = d.path[:len(d.path)-1]
}

// wrong refuses a node of the current element.
func (d *decoder) wrong(n *yaml.Node, message, remedy string) {
	d.refuse(at(n), d.element(), message, remedy)
}

// enter follows an alias and counts the node. It returns nil once the file has too
// many.
func (d *decoder) enter(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	d.nodes++
	if d.nodes == maxNodes {
		d.wrong(n, fmt.Sprintf("more than %d YAML nodes once aliases are followed", maxNodes), "use series: for many hosts")
	}
	if d.nodes >= maxNodes {
		return nil
	}
	if n.Style&yaml.TaggedStyle != 0 {
		d.wrong(n, "YAML tag "+n.Tag+" is not supported", "remove the tag")
	}
	return n
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

// into decodes n into v, which is addressable.
func (d *decoder) into(v reflect.Value, n *yaml.Node) {
	if n = d.enter(n); n == nil {
		return
	}
	if r, ok := v.Addr().Interface().(nodeReader); ok {
		r.read(d, n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(v, n)
	case reflect.Slice:
		d.list(v, n)
	}
}

// structure decodes a mapping into a struct whose fields have json tags.
func (d *decoder) structure(v reflect.Value, n *yaml.Node) {
	if f := v.FieldByName("At"); f.IsValid() {
		f.Set(reflect.ValueOf(at(n)))
	}
	if isNull(n) {
		return
	}
	fields := d.fieldsOf(v.Type())
	for _, p := range d.pairs(n) {
		name := p.key.Value
		key, ok := fields[name]
		if !ok {
			if len(d.path) > 0 || !strings.HasPrefix(name, "x-") {
				d.refuse(at(p.key), d.element(), fmt.Sprintf("unknown key %q", name), suggest(name, fields))
			}
			continue
		}
		d.within("."+name, func() { d.key(v.FieldByIndex(key.index), key.knob, p.value) })
	}
}

// list decodes a sequence into a slice.
func (d *decoder) list(v reflect.Value, n *yaml.Node) {
	if isNull(n) {
		return
	}
	if n.Kind != yaml.SequenceNode {
		d.wrong(n, "want a list, not "+kindName(n), "write [a, b] or one item per line after a dash")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), 0, len(n.Content))) // an empty list differs from none
	for i, item := range n.Content {
		if d.nodes >= maxNodes {
			return
		}
		one := reflect.New(v.Type().Elem()).Elem()
		d.within(fmt.Sprintf("[%d]", i), func() { d.into(one, item) })
		v.Set(reflect.Append(v, one))
	}
}

// pair is one key of a mapping with its value.
type pair struct{ key, value *yaml.Node }

// pairs returns the keys of a mapping, merges (<<) included, each once.
func (d *decoder) pairs(n *yaml.Node) []pair {
	return d.collect(n, make(map[string]int), 0)
}

func (d *decoder) collect(n *yaml.Node, seen map[string]int, depth int) []pair {
	if n.Kind != yaml.MappingNode {
		d.wrong(n, "want a mapping, not "+kindName(n), "write key: value")
		return nil
	}
	var out []pair
	var merges []*yaml.Node
	own := make(map[string]int)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := d.enter(n.Content[i]), n.Content[i+1]
		switch {
		case key == nil:
			return out
		case key.Kind != yaml.ScalarNode:
			d.wrong(key, "a key must be plain text, not "+kindName(key), "write key: value")
		case key.Tag == "!!merge":
			merges = append(merges, value)
		case own[key.Value] > 0:
			d.wrong(key, fmt.Sprintf("key %q occurs twice, first on line %d", key.Value, own[key.Value]), "remove one")
		default:
			own[key.Value] = key.Line
			if _, overridden := seen[key.Value]; !overridden {
				seen[key.Value] = key.Line
				out = append(out, pair{key, value})
			}
		}
	}
	for _, m := range merges {
		out = append(out, d.merge(m, seen, depth+1)...)
	}
	return out
}

// merge returns the keys of a merge: one mapping, or a list of them.
func (d *decoder) merge(n *yaml.Node, seen map[string]int, depth int) []pair {
	if n = d.enter(n); n == nil {
		return nil
	}
	if depth > maxDepth {
		d.wrong(n, "merges (<<) are nested too deeply", "write out the keys")
		return nil
	}
	if n.Kind != yaml.SequenceNode {
		return d.collect(n, seen, depth)
	}
	var out []pair
	for _, item := range n.Content {
		out = append(out, d.merge(item, seen, depth+1)...)
	}
	return out
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	if isNull(n) {
		return "nothing"
	}
	return strconv.Quote(n.Value)
}

// rawKey is the field of a raw struct for a key: one of its own, or one whose keys
// come from a table.
type rawKey struct {
	index []int
	knob  *session.Knob
}

// key decodes n, the value of a key, into its field.
func (d *decoder) key(field reflect.Value, k *session.Knob, n *yaml.Node) {
	if k == nil {
		d.into(field, n)
		return
	}
	field.Addr().Interface().(inlineKeys).readKnob(d, k, n)
}

// fieldsOf maps the keys of a raw struct to its fields, including embedded ones.
func (d *decoder) fieldsOf(t reflect.Type) map[string]rawKey {
	if known, ok := d.fields[t]; ok {
		return known
	}
	fields := make(map[string]rawKey)
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			fields[name] = rawKey{index: f.Index}
		}
		if keys, ok := reflect.New(f.Type).Interface().(inlineKeys); ok {
			for _, k := range session.Knobs(keys.with()) {
				fields[k.Key] = rawKey{f.Index, k}
			}
		}
	}
	d.fields[t] = fields
	return fields
}
