package random

import (
	"bytes"
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"
)

// mapping is a mapping of a lab file, in the order of the file. Its values are
// scalars, []any, or mappings.
type mapping struct{ fields []field }

type field struct {
	key   string
	value any
}

func (m *mapping) index(key string) int {
	return slices.IndexFunc(m.fields, func(f field) bool { return f.key == key })
}

// get returns the value of a key, or nil if there is none.
func (m *mapping) get(key string) any {
	if i := m.index(key); i >= 0 {
		return m.fields[i].value
	}
	return nil
}

// set sets the value of a key; a new key comes last. nil removes the key.
func (m *mapping) set(key string, value any) {
	i := m.index(key)
	switch {
	case value == nil && i >= 0:
		m.fields = slices.Delete(m.fields, i, i+1)
	case value == nil:
	case i >= 0:
		m.fields[i].value = value
	default:
		m.fields = append(m.fields, field{key, value})
	}
}

// rename renames a key without moving it.
func (m *mapping) rename(from, to string) { m.fields[m.index(from)].key = to }

func (m *mapping) keys() []string {
	var out []string
	for _, f := range m.fields {
		out = append(out, f.key)
	}
	return out
}

// sub returns the mapping of a key. If there is none it adds one, in place of any
// other value.
func (m *mapping) sub(key string) *mapping {
	if s, ok := m.get(key).(*mapping); ok {
		return s
	}
	s := new(mapping)
	m.set(key, s)
	return s
}

// list returns the value of a key as a list of several values, one, or none.
func (m *mapping) list(key string) []any {
	switch v := m.get(key).(type) {
	case nil:
		return nil
	case []any:
		return v
	default:
		return []any{v}
	}
}

// mapped returns a mapping of some keys and values.
func mapped(pairs ...any) *mapping {
	m := new(mapping)
	for i := 0; i < len(pairs); i += 2 {
		m.set(pairs[i].(string), pairs[i+1])
	}
	return m
}

// copied returns a deep copy of a value.
func copied(v any) any {
	switch v := v.(type) {
	case *mapping:
		out := &mapping{fields: slices.Clone(v.fields)}
		for i := range out.fields {
			out.fields[i].value = copied(out.fields[i].value)
		}
		return out
	case []any:
		out := slices.Clone(v)
		for i := range out {
			out[i] = copied(out[i])
		}
		return out
	}
	return v
}

// read reads the text of a lab file.
func read(text []byte) *mapping {
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		panic(fmt.Sprintf("random: %v\n%s", err, text))
	}
	return valueOf(doc.Content[0]).(*mapping)
}

func valueOf(n *yaml.Node) any {
	switch n.Kind {
	case yaml.MappingNode:
		m := new(mapping)
		for i := 0; i < len(n.Content); i += 2 {
			m.fields = append(m.fields, field{n.Content[i].Value, valueOf(n.Content[i+1])})
		}
		return m
	case yaml.SequenceNode:
		out := make([]any, len(n.Content))
		for i, item := range n.Content {
			out[i] = valueOf(item)
		}
		return out
	}
	var v any
	if err := n.Decode(&v); err != nil {
		panic(fmt.Sprintf("random: %v", err))
	}
	return v
}

// text returns the text of a lab file.
func (m *mapping) text() []byte {
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := e.Encode(node(m, 0)); err != nil {
		panic(fmt.Sprintf("random: %v", err))
	}
	return out.Bytes()
}

// blockDepth is the depth up to which each value has a line of its own: one line for
// each element of the lab.
const blockDepth = 2

func node(v any, depth int) *yaml.Node {
	n := new(yaml.Node)
	if depth >= blockDepth {
		n.Style = yaml.FlowStyle
	}
	switch v := v.(type) {
	case *mapping:
		n.Kind = yaml.MappingNode
		for _, f := range v.fields {
			n.Content = append(n.Content, node(f.key, depth+1), node(f.value, depth+1))
		}
	case []any:
		n.Kind = yaml.SequenceNode
		for _, item := range v {
			n.Content = append(n.Content, node(item, depth+1))
		}
	case string:
		n.Kind, n.Tag, n.Value, n.Style = yaml.ScalarNode, "!!str", v, 0 // quoted where it would be a number
	default:
		n.Kind, n.Value, n.Style = yaml.ScalarNode, fmt.Sprint(v), 0
	}
	return n
}
