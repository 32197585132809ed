package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"

	"go.yaml.in/yaml/v3"
)

// writeJSON prints a document indented, with a final newline.
func writeJSON(w io.Writer, document any) error {
	b, err := marshalJSON(document)
	if err != nil {
		return err
	}
	_, err = w.Write(b)
	return err
}

func marshalJSON(document any) ([]byte, error) { return marshalJSONBelow(document, "") }

// marshalJSONBelow puts a margin before all lines but the first.
func marshalJSONBelow(document any, margin string) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent(margin, "  ")
	if err := e.Encode(document); err != nil {
		return nil, fmt.Errorf("encode JSON: %w", err)
	}
	return b.Bytes(), nil
}

// writeYAML prints the same document as writeJSON, with the same keys in the
// same order. It converts the JSON, so that the two cannot disagree.
func writeYAML(w io.Writer, document any) error {
	b, err := marshalJSON(document)
	if err != nil {
		return err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(b, &doc); err != nil {
		return fmt.Errorf("encode YAML: %w", err)
	}
	blockStyle(&doc)
	var out bytes.Buffer
	e := yaml.NewEncoder(&out)
	e.SetIndent(2)
	if err := errors.Join(e.Encode(&doc), e.Close()); err != nil {
		return fmt.Errorf("encode YAML: %w", err)
	}
	_, err = w.Write(out.Bytes())
	return err
}

// legacy matches strings that YAML 1.1 parsers read as base 60 numbers (such as
// 65001:10) or booleans. The encoder quotes by the rules of YAML 1.2.
var legacy = regexp.MustCompile(`^([-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?|(?i:y|n|yes|no|on|off))$`)

// blockStyle replaces JSON's flow style and quotes by the block style of YAML. The
// encoder restores the quotes that a string needs.
func blockStyle(n *yaml.Node) {
	switch n.Kind {
	case yaml.ScalarNode:
		if n.Tag != "!!str" || !legacy.MatchString(n.Value) {
			n.Style = 0
		}
	case yaml.SequenceNode, yaml.MappingNode:
		if len(n.Content) > 0 { // an empty list has no block style
			n.Style = 0
		}
	}
	for _, c := range n.Content {
		blockStyle(c)
	}
}
