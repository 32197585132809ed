package edit

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseSettings reads words of a command line, as KEY=VALUE: keys of the topology file
// with values as there. A key that is repeated has a list; one without a value is taken
// back.
func ParseSettings(words []string) (map[string]any, error) {
	settings := map[string]any{}
	for _, word := range words {
		key, text, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, fmt.Errorf("%q is not KEY=VALUE, with a key of the topology file, as rd=65001:7", word)
		}
		value, err := readValue(text)
		if err != nil {
			return nil, fmt.Errorf("%s: %q cannot be read: %s", key, text, strings.TrimPrefix(err.Error(), "yaml: "))
		}
		before, again := settings[key]
		if !again {
			settings[key] = value
			continue
		}
		list, many := before.([]any)
		if !many {
			list = []any{before}
		}
		settings[key] = append(list, value)
	}
	return settings, nil
}

// readValue reads a value as a file has it.
func readValue(text string) (any, error) {
	var (
		doc   yaml.Node
		value any
	)
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	if err := doc.Decode(&value); err != nil || len(doc.Content) == 0 {
		return nil, err
	}
	return asWritten(doc.Content[0], value), nil
}

// asWritten puts the text of scalars into a value that they were read as, wherever it
// would be written otherwise: in a file, 010 is not 8, and 1.10 not 1.1.
func asWritten(n *yaml.Node, value any) any {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch x := value.(type) {
	case []any:
		for i := range x {
			x[i] = asWritten(n.Content[i], x[i])
		}
	case map[string]any:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if old, has := x[n.Content[i].Value]; has {
				x[n.Content[i].Value] = asWritten(n.Content[i+1], old)
			}
		}
	case map[any]any: // some keys are no text for the library; in a file, all are
		out := map[string]any{}
		for i := 0; i+1 < len(n.Content); i += 2 {
			var v any
			_ = n.Content[i+1].Decode(&v) // it was read as part of the whole
			out[n.Content[i].Value] = asWritten(n.Content[i+1], v)
		}
		return out
	case nil, string:
	default:
		if fmt.Sprint(value) != n.Value {
			return n.Value
		}
	}
	return value
}
