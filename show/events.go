package show

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"

	"pseudowan/status"
)

// Event prints one event: a line of text, or with JSON a line with one document.
func Event(o Output, e status.Event) error {
	if o.Format == JSON {
		return json.NewEncoder(o.W).Encode(e)
	}
	if o.Format == YAML {
		if _, err := io.WriteString(o.W, "---\n"); err != nil {
			return err
		}
		return writeYAML(o.W, e)
	}
	by := ""
	if e.By != "" {
		by = " (" + e.By + ")"
	}
	_, err := fmt.Fprintf(o.W, "%s  %-9s  %-10s  %s%s\n", e.Time.In(o.Zone).Format("2006-01-02 15:04:05.000"), e.Kind, cmp.Or(e.Node, "-"), e.Text, by)
	return err
}
