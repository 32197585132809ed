package edit

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// own refuses what an edit would change elsewhere, too: what has an anchor may be the
// value of others.
func own(n *yaml.Node, what string) error {
	switch {
	case n.Kind == yaml.AliasNode:
		return fmt.Errorf("%s is an alias (*%s) in the file; edit the file, and `pseudowan up` it", what, n.Value)
	case n.Anchor != "":
		return fmt.Errorf("%s has an anchor (&%s) in the file, and others may have its keys; edit the file, and `pseudowan up` it", what, n.Anchor)
	}
	return nil
}

// written refuses keys that a mapping has from another (<<): an edit does not see their
// values, and its own would replace them.
func written(mapping *yaml.Node, what string, keys ...string) error {
	for _, key := range keys {
		if _, value := find(mapping, key); value == nil && merges(mapping, key, 0) {
			return fmt.Errorf("%s has its %s from another mapping (<<) in the file; edit the file, and `pseudowan up` it", what, key)
		}
	}
	return nil
}

// merges reports whether a mapping, or one of a list of them, has a key, perhaps from
// others.
func merges(n *yaml.Node, key string, depth int) bool {
	const deep = 100 // a file that the decoder has read is not as deep
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if depth > deep {
		return false
	}
	if n.Kind == yaml.SequenceNode {
		for _, c := range n.Content {
			if merges(c, key, depth+1) {
				return true
			}
		}
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, value := n.Content[i], n.Content[i+1]
		if k.Value == key || k.Value == "<<" && merges(value, key, depth+1) {
			return true
		}
	}
	return false
}
