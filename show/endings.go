package show

import (
	"fmt"
	"io"
	"strings"

	"pseudowan/status"
)

// Endings tells how hosts' own commands have ended, with their last words. It is
// apart from the table, whose lines are one for each node.
func Endings(w io.Writer, rows []status.Node) error {
	var b strings.Builder
	for _, r := range sorted(rows, byNode) {
		if r.CommandState != status.CommandEnded {
			continue
		}
		what, how := "its command", "nobody knows how"
		if r.Runtime == "docker" {
			what = "its container"
		}
		if r.ExitCode != nil {
			how = "exit code " + decimal(*r.ExitCode)
		}
		fmt.Fprintf(&b, "%s of lab %s: %s has ended, %s\n", r.Node, r.Lab, what, how)
		for _, line := range r.LastLines {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
