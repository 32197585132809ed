package show

import (
	"fmt"
	"io"
	"strings"

	"pseudowan/status"
)

// Endings prints how hosts' own commands have ended, with the last lines of
// their output, for which the table has no room.
func Endings(w io.Writer, rows []status.Node) error {
	var b strings.Builder
	for _, r := range sorted(rows, byNode) {
		if r.CommandState != status.CommandEnded {
			continue
		}
		how := "exit code unknown"
		if r.ExitCode != nil {
			how = "exit code " + decimal(*r.ExitCode)
		}
		fmt.Fprintf(&b, "%s of lab %s: its command has ended, %s\n", r.Node, r.Lab, how)
		for _, line := range r.LastLines {
			fmt.Fprintf(&b, "  %s\n", line)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
