package show

import (
	"fmt"
	"io"
	"strings"

	"pseudowan/status"
)

// Endings prints how hosts' own commands have ended, and which services are not up,
// with the last lines of their output, for which the table has no room.
func Endings(w io.Writer, rows []status.Node) error {
	var b strings.Builder
	for _, r := range sorted(rows, byNode) {
		for _, s := range r.Services {
			if !s.Up() {
				serviceEnding(&b, r, s)
			}
		}
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

func serviceEnding(b *strings.Builder, r status.Node, s status.Service) {
	how := string(s.State)
	if s.State == status.ServiceEnded {
		how = "ended, exit code unknown"
	}
	if s.ExitCode != nil && s.State != status.ServiceStarting {
		how = fmt.Sprintf("%s, exit code %d", s.State, *s.ExitCode)
	}
	fmt.Fprintf(b, "%s of lab %s: service %s: %s\n", r.Node, r.Lab, s.Name, how)
	for _, line := range s.LastLines {
		fmt.Fprintf(b, "  %s\n", line)
	}
}
