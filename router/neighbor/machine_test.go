package neighbor

import (
	"net"
	"testing"
	"time"
)

const sec = time.Second

func TestOnDemandResolves(t *testing.T) {
	for _, a := range []string{"10.0.0.2", "2001:db8::2"} {
		s, k := newScript(t, config{}), key(a)
		s.did(s.table.Resolve(s.now, k, frame("a")))
		s.did(s.table.Resolve(s.now, k, frame("b")))
		s.until(sec)
		s.expect("0s probe "+a+" all", "1s probe "+a+" all")
		s.did(s.table.Seen(s.now, k, mac(7), answer))
		s.did(s.table.Resolve(s.now, k, frame("c")))
		s.expect("1s up "+a+` 7 "a" "b"`, "1s deliver "+a+` 7 "c"`)
		s.until(31 * sec)
		s.expect("31s probe " + a + " 7")
		s.did(s.table.Seen(s.now, k, nil, Evidence{Solicited: true}))
		s.until(60 * sec)
		s.expect()
		if m, ok := s.table.Lookup(k); !ok || m.String() != mac(7).String() {
			t.Fatalf("Lookup = %v, %v", m, ok)
		}
	}
}

func TestOnDemandFails(t *testing.T) {
	s, k := newScript(t, config{maxPending: 2}), key("10.0.0.2")
	for _, f := range []string{"a", "b", "c"} {
		s.did(s.table.Resolve(s.now, k, frame(f)))
	}
	s.until(10 * sec)
	s.expect("0s probe 10.0.0.2 all", "1s probe 10.0.0.2 all", "2s probe 10.0.0.2 all", `3s failed 10.0.0.2 "b" "c"`)
	if n := len(s.table.Entries()); n != 0 {
		t.Fatalf("%d entries left", n)
	}
	if _, ok := s.table.Next(); ok {
		t.Fatal("a timer is left")
	}
}

func TestSilentNeighbourDies(t *testing.T) {
	s, k := newScript(t, config{}), key("10.0.0.2")
	s.did(s.table.Seen(s.now, k, mac(7), claim))
	s.until(10 * sec)
	s.expect("0s up 10.0.0.2 7", "5s probe 10.0.0.2 7", "6s probe 10.0.0.2 all", "7s probe 10.0.0.2 all", "8s down 10.0.0.2")
	if s.state(k) != "" {
		t.Fatal("a dead neighbour remains")
	}
}

func TestWantedIsAskedForEver(t *testing.T) {
	s, k := newScript(t, config{}), key("10.0.0.2")
	s.did(s.table.Want(s.now, k))
	s.did(s.table.Want(s.now, k))
	s.did(s.table.Resolve(s.now, k, frame("a")))
	s.until(20 * sec)
	s.expect("0s probe 10.0.0.2 all", "100ms probe 10.0.0.2 all", "300ms probe 10.0.0.2 all",
		"700ms probe 10.0.0.2 all", "1.5s probe 10.0.0.2 all", `3.1s failed 10.0.0.2 "a"`,
		"3.1s probe 10.0.0.2 all", "6.3s probe 10.0.0.2 all", "11.3s probe 10.0.0.2 all", "16.3s probe 10.0.0.2 all")
	if got := s.state(k); got != StateFailed {
		t.Fatalf("state %q", got)
	}
	s.did(s.table.Resolve(s.now, k, frame("b")))
	s.expect("20s probe 10.0.0.2 all")
	s.did(s.table.Seen(s.now, k, mac(7), answer))
	s.expect(`20s up 10.0.0.2 7 "b"`)
}

func TestWantedIsRevalidated(t *testing.T) {
	s, k := newScript(t, config{}), key("10.0.0.2")
	s.did(s.table.Want(s.now, k))
	s.did(s.table.Seen(s.now, k, mac(7), answer))
	s.until(6 * sec)
	s.expect("0s probe 10.0.0.2 all", "0s up 10.0.0.2 7", "5s probe 10.0.0.2 7", "6s probe 10.0.0.2 all")
	s.did(s.table.Seen(s.now, k, mac(8), answer))
	s.expect("6s moved 10.0.0.2 7 8")
	s.until(14*sec + sec/2)
	s.expect("11s probe 10.0.0.2 8", "12s probe 10.0.0.2 all", "13s probe 10.0.0.2 all",
		"14s down 10.0.0.2", "14s probe 10.0.0.2 all", "14.1s probe 10.0.0.2 all", "14.3s probe 10.0.0.2 all")
}

func TestUnwant(t *testing.T) {
	s, up, silent := newScript(t, config{}), key("10.0.0.2"), key("10.0.0.3")
	s.did(s.table.Want(s.now, up))
	s.did(s.table.Want(s.now, silent))
	s.did(s.table.Seen(s.now, up, mac(7), answer))
	s.log = nil
	s.did(s.table.Unwant(s.now, up))
	s.did(s.table.Unwant(s.now, silent))
	s.did(s.table.Unwant(s.now, key("10.0.0.9")))
	s.until(9 * sec)
	s.expect("5s probe 10.0.0.2 7", "6s probe 10.0.0.2 all", "7s probe 10.0.0.2 all", "8s down 10.0.0.2")
}

func TestWantHurriesWhatIsThere(t *testing.T) {
	s, known, doubted := newScript(t, config{}), key("10.0.0.2"), key("10.0.0.3")
	s.did(s.table.Resolve(s.now, known, frame("a")))
	s.did(s.table.Seen(s.now, known, mac(7), answer))
	s.did(s.table.Seen(s.now, doubted, mac(8), claim))
	s.log = nil
	s.did(s.table.Want(s.now, known))
	s.did(s.table.Want(s.now, doubted))
	s.did(s.table.Seen(s.now, doubted, mac(8), answer))
	s.until(5 * sec)
	s.expect("0s probe 10.0.0.3 8", "5s probe 10.0.0.2 7", "5s probe 10.0.0.3 8")
}

// TestAdvertisement is the table of RFC 4861 section 7.2.5 and appendix C:
// what a message does to an entry in each state.
func TestAdvertisement(t *testing.T) {
	none, same, other := net.HardwareAddr(nil), mac(7), mac(8)
	cases := []struct {
		name   string
		from   State
		mac    net.HardwareAddr
		ev     Evidence
		to     State
		action string
	}{
		{"incomplete, no MAC", StateIncomplete, none, answer, StateIncomplete, ""},
		{"incomplete, solicited", StateIncomplete, same, Evidence{Solicited: true}, StateReachable, "up 10.0.0.2 7"},
		{"incomplete, unsolicited", StateIncomplete, same, Evidence{}, StateDelay, "up 10.0.0.2 7"},
		{"reachable, other without override", StateReachable, other, Evidence{Solicited: true}, StateDelay, ""},
		{"reachable, other with override", StateReachable, other, claim, StateDelay, "moved 10.0.0.2 7 8"},
		{"reachable, other solicited with override", StateReachable, other, answer, StateReachable, "moved 10.0.0.2 7 8"},
		{"reachable, same unsolicited", StateReachable, same, claim, StateReachable, ""},
		{"delay, other without override", StateDelay, other, Evidence{Solicited: true}, StateDelay, ""},
		{"delay, other with override", StateDelay, other, claim, StateDelay, "moved 10.0.0.2 7 8"},
		{"delay, same solicited", StateDelay, same, Evidence{Solicited: true}, StateReachable, ""},
		{"delay, same unsolicited", StateDelay, same, claim, StateDelay, ""},
		{"delay, no MAC solicited", StateDelay, none, Evidence{Solicited: true}, StateReachable, ""},
		{"probe, other without override", StateProbe, other, Evidence{Solicited: true}, StateProbe, ""},
		{"probe, other with override", StateProbe, other, claim, StateDelay, "moved 10.0.0.2 7 8"},
		{"probe, same solicited", StateProbe, same, answer, StateReachable, ""},
		{"probe, same unsolicited", StateProbe, same, claim, StateProbe, ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			s, k := newScript(t, config{}), key("10.0.0.2")
			bring(s, k, c.from)
			actions := s.table.Seen(s.now, k, c.mac, c.ev)
			got := ""
			if len(actions) > 0 {
				got = describe(actions[0])
			}
			if len(actions) > 1 || got != c.action || s.state(k) != c.to {
				t.Fatalf("%q (%d actions), state %q; want %q, state %q", got, len(actions), s.state(k), c.action, c.to)
			}
		})
	}
}

// bring makes k an entry in the given state, with MAC 7 if the state has one.
func bring(s *script, k Key, to State) {
	s.t.Helper()
	switch to {
	case StateIncomplete:
		s.table.Resolve(s.now, k, frame("a"))
		s.table.ports[k.Port].entries[k.Addr].pending = nil
	case StateReachable:
		s.table.Resolve(s.now, k, frame("a"))
		s.table.Seen(s.now, k, mac(7), answer)
	case StateDelay, StateProbe:
		s.table.Seen(s.now, k, mac(7), claim)
		if to == StateProbe {
			s.until(5 * sec)
		}
	}
	if got := s.state(k); got != to {
		s.t.Fatalf("prepared %q, want %q", got, to)
	}
}

func TestCarrier(t *testing.T) {
	s, w, d, p := newScript(t, config{}), key("10.0.0.2"), key("10.0.0.3"), key("10.0.0.4")
	s.did(s.table.Want(s.now, w))
	s.did(s.table.Seen(s.now, w, mac(7), answer))
	s.did(s.table.Seen(s.now, d, mac(8), claim))
	s.did(s.table.Resolve(s.now, p, frame("a")))
	s.log = nil
	s.did(s.table.PortDown(s.now, 3))
	s.expect("0s down 10.0.0.2", "0s down 10.0.0.3", `0s failed 10.0.0.4 "a"`)
	s.did(s.table.Seen(s.now, w, mac(7), answer))
	s.did(s.table.Resolve(s.now, d, frame("b")))
	s.did(s.table.Want(s.now, d))
	s.until(20 * sec)
	s.expect(`0s failed 10.0.0.3 "b"`)
	if s.state(w) != StateFailed || s.state(d) != StateFailed || s.state(p) != "" {
		t.Fatalf("%+v", s.table.Entries())
	}
	s.did(s.table.PortUp(s.now, 3))
	s.expect("20s probe 10.0.0.2 all", "20s probe 10.0.0.3 all")
	s.did(s.table.RemovePort(s.now, 3))
	s.until(60 * sec)
	s.expect()
	if len(s.table.Entries()) != 0 {
		t.Fatalf("%+v", s.table.Entries())
	}
}

// The carrier may return during the longest pause of a wanted neighbour.
func TestCarrierEndsPause(t *testing.T) {
	s, k := newScript(t, config{}), key("10.0.0.2")
	s.did(s.table.Want(s.now, k))
	s.until(12 * sec)
	s.log = nil
	s.did(s.table.PortUp(s.now, 3))
	s.until(12*sec + sec/10)
	s.expect("12s probe 10.0.0.2 all", "12.1s probe 10.0.0.2 all")
}

// A delayed caller has not sent as many probes as it should: no neighbour may fail
// because of that.
func TestLateTick(t *testing.T) {
	s, k := newScript(t, config{}), key("10.0.0.2")
	s.did(s.table.Resolve(s.now, k, frame("a")))
	for range 3 {
		s.now = s.now.Add(time.Minute)
		s.did(s.table.Tick(s.now))
	}
	s.expect("0s probe 10.0.0.2 all", "1m0s probe 10.0.0.2 all", "2m0s probe 10.0.0.2 all", `3m0s failed 10.0.0.2 "a"`)
}
