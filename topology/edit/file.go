package edit

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"go.yaml.in/yaml/v3"
)

// file is the text of a lab file, taken apart.
type file struct {
	doc yaml.Node
	top *yaml.Node // its mapping

	early func(host string) bool // the host is added after what is done now
}

func read(text []byte) (*file, error) {
	f := &file{}
	if err := yaml.Unmarshal(text, &f.doc); err != nil {
		return nil, err
	}
	if len(f.doc.Content) == 0 || f.doc.Content[0].Kind != yaml.MappingNode {
		return nil, errors.New("the file has no mapping")
	}
	f.top = f.doc.Content[0]
	return f, nil
}

// text writes the file. It is an error if it would read differently: the library that
// writes it knows comments in most places, but not in all.
func (f *file) text() ([]byte, error) {
	plainMerges(&f.doc)
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(&f.doc); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	again, err := read(b.Bytes())
	if err != nil || !same(f.top, again.top) {
		return nil, fmt.Errorf("the file cannot be written as it is; edit it by hand: %w", errors.Join(err, errors.New("comments or quotes would change its meaning")))
	}
	return b.Bytes(), nil
}

// plainMerges makes the library write << as it is in the file, without a tag.
func plainMerges(n *yaml.Node) {
	if n.Kind == yaml.ScalarNode && n.Tag == "!!merge" {
		n.Tag = ""
	}
	for _, c := range n.Content {
		plainMerges(c)
	}
}

// same reports whether two trees mean the same.
func same(a, b *yaml.Node) bool {
	merge := a.Kind == yaml.ScalarNode && a.Value == "<<" // see plainMerges
	if a.Kind != b.Kind || a.Value != b.Value || !merge && a.ShortTag() != b.ShortTag() || a.Anchor != b.Anchor || len(a.Content) != len(b.Content) {
		return false
	}
	for i := range a.Content {
		if !same(a.Content[i], b.Content[i]) {
			return false
		}
	}
	return true
}

// find returns the nodes of a key of a mapping; nil if it has none.
func find(mapping *yaml.Node, name string) (key, value *yaml.Node) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			return mapping.Content[i], mapping.Content[i+1]
		}
	}
	return nil, nil
}

// add adds a key. In a mapping in one line it is written like the others.
func add(mapping *yaml.Node, name string, value *yaml.Node) {
	key := &yaml.Node{Kind: yaml.ScalarNode}
	key.SetString(name)
	mapping.Content = append(mapping.Content, key, value)
}

func remove(mapping *yaml.Node, name string) {
	for i := 0; i+1 < len(mapping.Content); i += 2 {
		if mapping.Content[i].Value == name {
			mapping.Content = slices.Delete(mapping.Content, i, i+2)
			return
		}
	}
}

// section returns a mapping of the file by its key, and makes it if there is none.
func (f *file) section(name string) (*yaml.Node, error) {
	_, value := find(f.top, name)
	switch {
	case value == nil:
		value = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		add(f.top, name, value)
	case value.Kind == yaml.ScalarNode && value.Tag == "!!null":
		*value = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if err := plain(value, name+":"); err != nil {
		return nil, err
	}
	return value, own(value, name+":")
}

// prune removes a section that has become empty.
func (f *file) prune(name string) {
	if _, value := find(f.top, name); value != nil && len(value.Content) == 0 {
		remove(f.top, name)
	}
}

// plain refuses what is not a mapping.
func plain(n *yaml.Node, what string) error {
	switch n.Kind {
	case yaml.AliasNode:
		return own(n, what)
	case yaml.MappingNode:
		return nil
	}
	return fmt.Errorf("%s is not a mapping in the file; edit the file, and `pseudowan up` it", what)
}

// set gives a mapping keys, in the order of their names; nil takes a key back.
func (f *file) set(mapping *yaml.Node, what string, settings map[string]any) error {
	if mapping.Kind == yaml.ScalarNode && mapping.Tag == "!!null" {
		*mapping = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	}
	if err := plain(mapping, what); err != nil {
		return err
	}
	if err := own(mapping, what); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if settings[key] == nil {
			remove(mapping, key)
			continue
		}
		value, err := node(settings[key])
		if err != nil {
			return fmt.Errorf("%s: %s: %w", what, key, err)
		}
		if _, old := find(mapping, key); old != nil {
			value.LineComment, value.HeadComment, value.FootComment = old.LineComment, old.HeadComment, old.FootComment
			*old = *value
			continue
		}
		add(mapping, key, value)
	}
	return nil
}

// node is a value as the file has it: lists and mappings in one line.
func node(value any) (*yaml.Node, error) {
	n := &yaml.Node{}
	if err := n.Encode(whole(value)); err != nil {
		return nil, err
	}
	if n.Kind == yaml.SequenceNode || n.Kind == yaml.MappingNode {
		n.Style |= yaml.FlowStyle
	}
	return n, nil
}

// whole makes whole numbers of those that JSON has read as others: 1000000 would be
// written as 1e+06, which no key takes.
func whole(value any) any {
	switch x := value.(type) {
	case float64:
		if x == math.Trunc(x) && math.Abs(x) < 1<<53 {
			return int64(x)
		}
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = whole(x[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(x))
		for key := range x {
			out[key] = whole(x[key])
		}
		return out
	}
	return value
}
