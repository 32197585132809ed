package neighbor

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"
)

var epoch = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)

// script drives a table through time and records its actions.
type script struct {
	t     *testing.T
	table *Table
	now   time.Time
	log   []string
	// on, if set, gets every action.
	on func(Action)
}

func newScript(t *testing.T, cfg config) *script {
	return &script{t: t, table: newTable(cfg), now: epoch}
}

// until lets time pass, with a Tick whenever one is due.
func (s *script) until(d time.Duration) {
	end := epoch.Add(d)
	for {
		due, ok := s.table.Next()
		if !ok || due.After(end) {
			break
		}
		s.now = due
		s.did(s.table.Tick(s.now))
		if next, ok := s.table.Next(); ok && !next.After(s.now) {
			s.t.Fatalf("at %v: Tick left work that is due at %v", s.now.Sub(epoch), next.Sub(epoch))
		}
	}
	s.now = end
}

func (s *script) did(actions []Action) {
	for _, a := range actions {
		s.log = append(s.log, fmt.Sprintf("%v %s", s.now.Sub(epoch), describe(a)))
		if s.on != nil {
			s.on(a)
		}
	}
}

// expect compares the actions since the last expect.
func (s *script) expect(want ...string) {
	s.t.Helper()
	got := strings.Join(s.log, "\n")
	if got != strings.Join(want, "\n") {
		s.t.Fatalf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
	s.log = nil
}

func (s *script) state(k Key) State {
	for _, e := range s.table.Entries() {
		if e.Key == k {
			return e.State
		}
	}
	return ""
}

func describe(a Action) string {
	switch a := a.(type) {
	case Probe:
		if a.MAC == nil {
			return fmt.Sprintf("probe %s all", a.Key.Addr)
		}
		return fmt.Sprintf("probe %s %d", a.Key.Addr, a.MAC[5])
	case Up:
		return fmt.Sprintf("up %s %d%s", a.Key.Addr, a.MAC[5], frames(a.Pending))
	case Moved:
		return fmt.Sprintf("moved %s %d %d", a.Key.Addr, a.Old[5], a.New[5])
	case Down:
		return fmt.Sprintf("down %s", a.Key.Addr)
	case Deliver:
		return fmt.Sprintf("deliver %s %d%s", a.Key.Addr, a.MAC[5], frames(a.Pending))
	case Failed:
		return fmt.Sprintf("failed %s%s", a.Key.Addr, frames(a.Pending))
	}
	return fmt.Sprintf("%#v", a)
}

func frames(ws []Waiting) string {
	var b strings.Builder
	for _, w := range ws {
		fmt.Fprintf(&b, " %q", w.Frame)
	}
	return b.String()
}

func mac(n byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, n} }

func key(s string) Key { return Key{Port: 3, Addr: netip.MustParseAddr(s)} }

func frame(s string) Waiting { return Waiting{Port: 9, VRF: 1, Frame: []byte(s)} }

var (
	answer = Evidence{Solicited: true, Override: true}
	claim  = Evidence{Override: true}
)
