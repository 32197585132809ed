package edit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// maxList is how many octets a list of edits may have.
const maxList = 8 << 20

// ParseEdits reads a list of edits, as YAML or JSON.
func ParseEdits(text []byte) ([]Edit, error) {
	if len(text) > maxList {
		return nil, fmt.Errorf("larger than %d MiB", maxList>>20)
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.SequenceNode || len(doc.Content[0].Content) == 0 {
		return nil, errors.New("want a list of changes, such as [{op: vrf-del, name: red}]")
	}
	var edits []Edit
	for _, n := range doc.Content[0].Content {
		e, err := parseEdit(n)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n.Line, err)
		}
		edits = append(edits, e)
	}
	return edits, nil
}

func parseEdit(n *yaml.Node) (e Edit, err error) {
	var value any
	if err := n.Decode(&value); err != nil {
		return e, err
	}
	data, err := json.Marshal(asWritten(n, value))
	if err != nil {
		return e, err
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return e, err
	}
	if e.Op == "" || e.Name == "" {
		return e, errors.New("a change needs the keys op and name")
	}
	return e, nil
}
