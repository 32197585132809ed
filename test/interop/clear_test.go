package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// clears resets the session from the router: softly, so that routes come again in either
// direction, and then hard, so that the session is another one.
func (s *scene) clears(t *testing.T, c terms) {
	t.Helper()
	before := s.session(t, c.local)
	told := s.updates()
	out := mustRun(t, program, "neighbor", "clear", c.local, "soft", "--lab", s.lab.name)
	for _, want := range []string{"asked for its routes again", "told all routes again"} {
		if !strings.Contains(out, want) {
			t.Errorf("neighbor clear soft does not say %q: %s", want, out)
		}
	}
	eventually(t, 15*time.Second, func() error {
		if n := s.updates(); n <= told {
			return fmt.Errorf("after a soft reset %d updates have come, before %d", n, told)
		}
		return nil
	})
	s.stood(t, before)
	mustRun(t, program, "neighbor", "clear", c.local, "--lab", s.lab.name)
	eventually(t, 30*time.Second, func() error {
		now := s.session(t, c.local)
		if now.State != status.SessionEstablished || !now.Since.After(before.Since) || !strings.Contains(now.LastEnd, "administrative reset") {
			return fmt.Errorf("%s since %s, ended by %q", now.State, now.Since, now.LastEnd)
		}
		return nil
	})
}
