package bgp

import (
	"bytes"
	"net/netip"
	"slices"
	"testing"
	"time"

	"pseudowan/bgp/gate"
)

// What was kept of a peer is given up when its ends of RIB do not come, and only
// then (RFC 4724 section 4.2).
func TestStalePathTime(t *testing.T) {
	four, six := updateOf(nil, octetsOf("800f03000180"), nil), updateOf(nil, octetsOf("800f03000280"), nil)
	now := time.Now()
	for _, tt := range []struct {
		name  string
		waits bool
		caps  string
		says  []byte
		want  []byte
	}{
		{"no end", true, "400a" + "8078" + "00018080" + "00028080", nil, slices.Concat(updateOf(nil, nil, nil), updateOf(nil, octetsOf("800f03000201"), nil), four, six)},
		{"all but one", true, "40020078", slices.Concat(updateOf(nil, nil, nil), updateOf(nil, octetsOf("800f03000201"), nil), six), four},
		{"all", true, "40020078", slices.Concat(updateOf(nil, nil, nil), updateOf(nil, octetsOf("800f03000201"), nil), four, six), nil},
		{"nothing kept", false, "40020078", nil, nil},
		{"no graceful restart", true, "", nil, nil},
	} {
		j := gate.NewJudge(gate.Config{LocalAS: 65001, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9"),
			Retained: func() gate.Retained { return gate.Retained{Waits: tt.waits} }})
		j.Sent(openOf(90, ""))
		const stalePathTime = time.Minute
		var s stalePaths
		s.setTime(stalePathTime)
		for b := slices.Concat(openOf(90, tt.caps), message(4), tt.says); len(b) > 0; {
			msg, refused := gate.Next(b)
			if refused != nil {
				t.Fatal(refused)
			}
			j.Received(msg)
			b = b[len(msg):]
			if out := s.due(nil, now, j); out != nil {
				t.Fatalf("%s: %x at once", tt.name, out)
			}
		}
		if soon := now.Add(time.Second); s.wake(soon, j.Awaits()) != soon || s.wake(time.Time{}, j.Awaits()).IsZero() == j.Awaits() {
			t.Errorf("%s: looks again at %v", tt.name, s.wake(time.Time{}, j.Awaits()))
		}
		if out := s.due(nil, now.Add(stalePathTime-time.Second), j); out != nil {
			t.Errorf("%s: %x too early", tt.name, out)
		}
		if out := s.due(nil, now.Add(stalePathTime), j); !bytes.Equal(out, tt.want) {
			t.Errorf("%s: %x, want %x", tt.name, out, tt.want)
		}
		if out := s.due(nil, now.Add(2*stalePathTime), j); out != nil || j.Awaits() {
			t.Errorf("%s: %x again", tt.name, out)
		}
	}
}
