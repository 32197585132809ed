package neighbor

import (
	"net/netip"
	"testing"
	"time"
)

// nth returns the key of the nth address of a /64.
func nth(n int) Key {
	return Key{Port: 3, Addr: netip.AddrFrom16([16]byte{0: 0x20, 1: 1, 14: byte(n >> 8), 15: byte(n)})}
}

func TestScanHurtsNobodyElse(t *testing.T) {
	s := newScript(t, config{maxPerPort: 16})
	s.did(s.table.Want(s.now, nth(1)))
	s.did(s.table.Resolve(s.now, nth(2), frame("a")))
	s.did(s.table.Seen(s.now, nth(2), mac(2), answer))
	s.did(s.table.Seen(s.now, nth(3), mac(3), claim))
	elsewhere := Key{Port: 4, Addr: nth(1).Addr}
	s.did(s.table.Resolve(s.now, elsewhere, frame("e")))
	failed := 0
	s.on = func(a Action) {
		if f, ok := a.(Failed); ok {
			failed += len(f.Pending)
		}
	}
	for i := 100; i < 1100; i++ {
		s.did(s.table.Resolve(s.now, nth(i), frame("scan")))
	}
	if n := len(s.table.Entries()); n != 16+1 {
		t.Errorf("%d entries on the two ports, want 17", n)
	}
	if failed != 1000-13 {
		t.Errorf("%d packets came back, want %d", failed, 1000-13)
	}
	for k, want := range map[Key]State{nth(1): StateIncomplete, nth(2): StateReachable, nth(3): StateDelay, elsewhere: StateIncomplete, nth(1099): StateIncomplete, nth(100): ""} {
		if got := s.state(k); got != want {
			t.Errorf("%v: state %q, want %q", k.Addr, got, want)
		}
	}
}

func TestClaimsDoNotPushOutTheConfirmed(t *testing.T) {
	s := newScript(t, config{maxPerPort: 16})
	for i := range 8 {
		s.table.Resolve(s.now, nth(i), frame("a"))
		s.table.Seen(s.now, nth(i), mac(byte(i+1)), answer)
	}
	for i := 100; i < 300; i++ {
		s.table.Seen(s.now, nth(i), mac(9), claim)
	}
	for i := range 8 {
		if _, ok := s.table.Lookup(nth(i)); !ok {
			t.Errorf("neighbour %d was evicted", i)
		}
	}
	s.did(s.table.Resolve(s.now, nth(400), frame("b")))
	if s.state(nth(400)) != "" || len(s.log) != 1 {
		t.Errorf("a solicitation evicted a neighbour that is up: %v", s.log)
	}
	if n := len(s.table.Entries()); n != 16 {
		t.Errorf("%d entries", n)
	}
	for i := 500; i < 520; i++ {
		s.table.Want(s.now, nth(i))
	}
	if n := len(s.table.Entries()); n != 20 {
		t.Errorf("%d entries, want the 20 that are wanted", n)
	}
}

func TestOldestQuestionGoesFirst(t *testing.T) {
	s := newScript(t, config{maxPerPort: 2})
	s.table.Resolve(s.now, nth(1), frame("a"))
	s.table.Resolve(s.now, nth(2), frame("b"))
	s.table.Resolve(s.now, nth(1), frame("c"))
	s.did(s.table.Resolve(s.now, nth(3), frame("d")))
	s.expect(`0s failed 2001::2 "b"`, "0s probe 2001::3 all")
}

func BenchmarkScan(b *testing.B) {
	t := New()
	for i := 0; b.Loop(); i++ {
		t.Resolve(epoch, nth(i&0xffff), frame("scan"))
	}
}

// A neighbour that moves by its own claim is no longer confirmed, and one that
// answers without being asked never was.
func TestUnaskedAnswersConfirmNothing(t *testing.T) {
	s := newScript(t, config{maxPerPort: 2})
	s.table.Resolve(s.now, nth(1), frame("a"))
	s.table.Seen(s.now, nth(1), mac(1), answer)
	s.table.Seen(s.now, nth(1), mac(2), claim)
	s.table.Seen(s.now, nth(2), mac(3), answer)
	if got := s.state(nth(2)); got != StateDelay {
		t.Errorf("an unsolicited answer makes %q", got)
	}
	s.did(s.table.Seen(s.now, nth(3), mac(4), claim))
	s.did(s.table.Seen(s.now, nth(4), mac(5), claim))
	s.expect("0s down 2001::1", "0s up 2001::3 4", "0s down 2001::2", "0s up 2001::4 5")
}

// A port whose neighbours keep appearing and disappearing costs the router a bounded
// number of changes; wanted neighbours still come up, and other ports are not
// affected.
func TestChangesAreBounded(t *testing.T) {
	cfg := config{changeRate: 10, changeBurst: 5}
	changes := func(s *script) *int {
		n := 0
		s.on = func(a Action) {
			switch a.(type) {
			case Up, Moved:
				n++
			}
		}
		return &n
	}
	const flood = 1000
	for name, say := range map[string]func(s *script, i int){
		"everyone is there":      func(s *script, i int) { s.did(s.table.Seen(s.now, nth(100+i), mac(9), claim)) },
		"one moves all the time": func(s *script, i int) { s.did(s.table.Seen(s.now, nth(7), mac(byte(i)), claim)) },
		"and proves it":          func(s *script, i int) { s.did(s.table.Seen(s.now, nth(7), mac(byte(i)), answer)) },
		"everyone is asked for": func(s *script, i int) {
			s.did(s.table.Resolve(s.now, nth(100+i), frame("scan")))
			s.did(s.table.Seen(s.now, nth(100+i), mac(9), answer))
		},
	} {
		s := newScript(t, cfg)
		n := changes(s)
		for i := range flood {
			say(s, i)
		}
		if *n != cfg.changeBurst {
			t.Errorf("%s: %d changes at once, want %d", name, *n, cfg.changeBurst)
		}
		s.now = s.now.Add(time.Second)
		for i := range flood {
			say(s, flood+i)
		}
		if *n != 2*cfg.changeBurst {
			t.Errorf("%s: %d changes after a while, want %d", name, *n, 2*cfg.changeBurst)
		}
		s.did(s.table.Want(s.now, nth(1)))
		s.did(s.table.Seen(s.now, nth(1), mac(1), answer))
		elsewhere := Key{Port: 4, Addr: nth(1).Addr}
		s.did(s.table.Seen(s.now, elsewhere, mac(1), claim))
		for _, k := range []Key{nth(1), elsewhere} {
			if _, up := s.table.Lookup(k); !up {
				t.Errorf("%s: %v does not come up", name, k)
			}
		}
	}
}

// During a scan, the router asks only for a few addresses at a time, the newest ones.
func TestQuestionsAreBounded(t *testing.T) {
	s := newScript(t, config{maxUnanswered: 10})
	s.did(s.table.Want(s.now, nth(1)))
	s.did(s.table.Resolve(s.now, nth(2), frame("a")))
	s.did(s.table.Seen(s.now, nth(2), mac(2), answer))
	for i := 100; i < 1100; i++ {
		s.did(s.table.Resolve(s.now, nth(i), frame("scan")))
	}
	if n := len(s.table.Entries()); n != 10+2 {
		t.Errorf("%d entries, want 12", n)
	}
	for k, want := range map[Key]State{nth(1): StateIncomplete, nth(2): StateReachable, nth(1089): "", nth(1090): StateIncomplete} {
		if got := s.state(k); got != want {
			t.Errorf("%v: state %q, want %q", k.Addr, got, want)
		}
	}
}
