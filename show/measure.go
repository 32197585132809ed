package show

import (
	"fmt"
	"strings"
	"time"

	"pseudowan/status"
)

// Measurement prints what echo requests have seen.
func Measurement(o Output, m status.Measurement) error {
	m.Outages, m.Errors = present(m.Outages), present(m.Errors)
	return emitOne(o, m, func() string {
		var b strings.Builder
		fmt.Fprintf(&b, "from %s to %s (%s), every %s\n", m.From, m.To, address(m.Address), span(m.Every))
		if m.Command != "" {
			fmt.Fprintf(&b, "while %s (%s)\n", m.Command, span(m.Took))
		}
		fmt.Fprintf(&b, "%d sent, %d answered, %d lost\n", m.Sent, m.Answered, m.Lost)
		if len(m.Outages) == 0 {
			b.WriteString("no outage\n")
		}
		const few = 10
		for i, x := range m.Outages {
			if i == few {
				fmt.Fprintf(&b, "and %d more\n", len(m.Outages)-few)
				break
			}
			fmt.Fprintf(&b, "outage of %s after %s: %d lost\n", span(x.Length), span(x.At), x.Lost)
		}
		for _, e := range m.Errors {
			fmt.Fprintf(&b, "%s (%d times)\n", e.What, e.Count)
		}
		if !m.Back {
			b.WriteString("no answers at the end\n")
		}
		return b.String()
	})
}

// span prints milliseconds.
func span(ms float64) string {
	d := time.Duration(ms * float64(time.Millisecond))
	if d >= time.Second {
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return fmt.Sprintf("%.0f ms", ms)
}
