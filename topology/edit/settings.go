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
		var value any
		if err := yaml.Unmarshal([]byte(text), &value); err != nil {
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
