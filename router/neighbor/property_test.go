package neighbor

import (
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strings"
	"testing"
	"time"
)

// model is the state of the neighbours that results from the actions. A router that
// follows them has exactly this in its forwarding plane.
type model struct {
	t       *testing.T
	cfg     config
	macs    map[Key]net.HardwareAddr
	pending map[Key][]string
	down    map[uint32]bool
	wanted  map[Key]bool
	probed  map[Key]time.Time
	now     func() time.Time
}

func (m *model) apply(a Action) {
	switch a := a.(type) {
	case Probe:
		m.check(!m.down[a.Key.Port], "probe on a port that is down: %s", describe(a))
		m.check(a.MAC == nil || a.MAC.String() == m.macs[a.Key].String(), "probe of a MAC it has not: %s", describe(a))
		m.probed[a.Key] = m.now()
	case Up:
		m.check(m.macs[a.Key] == nil, "up twice: %s", describe(a))
		m.macs[a.Key] = a.MAC
		m.back(a.Key, a.Pending)
	case Moved:
		m.check(m.macs[a.Key].String() == a.Old.String() && a.Old.String() != a.New.String(), "moved from nowhere: %s", describe(a))
		m.macs[a.Key] = a.New
	case Down:
		m.check(m.macs[a.Key] != nil, "down twice: %s", describe(a))
		delete(m.macs, a.Key)
	case Deliver:
		m.check(m.macs[a.Key].String() == a.MAC.String(), "delivered to another MAC: %s", describe(a))
		m.back(a.Key, a.Pending)
	case Failed:
		m.back(a.Key, a.Pending)
	}
}

// back checks returned packets: all of the neighbour's, in order.
func (m *model) back(k Key, ws []Waiting) {
	var got []string
	for _, w := range ws {
		got = append(got, string(w.Frame))
	}
	m.check(slices.Equal(got, m.pending[k]), "gave back %v of %v", got, m.pending[k])
	delete(m.pending, k)
}

func (m *model) wait(k Key, f string) {
	if p := m.pending[k]; len(p) == m.cfg.maxPending {
		m.pending[k] = p[1:]
	}
	m.pending[k] = append(m.pending[k], f)
}

func (m *model) check(ok bool, format string, args ...any) {
	m.t.Helper()
	if !ok {
		m.t.Fatalf(format, args...)
	}
}

// compare compares the table with the model.
func (m *model) compare(s *script) {
	up, onPort := 0, map[uint32]int{}
	for _, e := range s.table.Entries() {
		onPort[e.Key.Port]++
		m.check(e.MAC.String() == m.macs[e.Key].String(), "%v: MAC %v, actions say %v", e.Key, e.MAC, m.macs[e.Key])
		m.check(e.Wanted == m.wanted[e.Key], "%v: wanted %v", e.Key, e.Wanted)
		m.check((e.MAC == nil) == (e.State == StateIncomplete || e.State == StateFailed), "%v: %v with MAC %v", e.Key, e.State, e.MAC)
		if e.MAC != nil {
			up++
		}
		if e.Wanted && e.MAC == nil && !m.down[e.Key.Port] {
			silent := m.now().Sub(m.probed[e.Key])
			m.check(silent <= m.cfg.maxRetrans, "%v: not asked for %v", e.Key, silent)
		}
	}
	m.check(up == len(m.macs), "%d up, actions say %d", up, len(m.macs))
	for port, n := range onPort {
		m.check(n <= m.cfg.maxPerPort, "port %d has %d entries", port, n)
	}
}

func TestRandomEvents(t *testing.T) {
	for seed := range uint64(150) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { randomEvents(t, seed) })
	}
}

func randomEvents(t *testing.T, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 1))
	cfg := config{maxPerPort: 6, maxPending: 3}.withDefaults()
	s := newScript(t, cfg)
	m := &model{t: t, cfg: cfg, macs: map[Key]net.HardwareAddr{}, pending: map[Key][]string{}, down: map[uint32]bool{},
		wanted: map[Key]bool{}, probed: map[Key]time.Time{}, now: func() time.Time { return s.now }}
	s.on = m.apply
	at := time.Duration(0)
	for i := range 400 {
		at += time.Duration(rng.ExpFloat64() * float64(time.Second))
		s.until(at)
		k := nth(rng.IntN(10))
		k.Port = uint32(1 + rng.IntN(2))
		event(s, m, rng, k, i)
		m.compare(s)
	}
	for port := range uint32(3) {
		m.down[port] = false
		s.did(s.table.PortUp(s.now, port))
	}
	for k := range m.wanted {
		delete(m.wanted, k)
		s.did(s.table.Unwant(s.now, k))
	}
	s.until(at + time.Minute)
	m.compare(s)
	if left := s.table.Entries(); len(left) > 0 || len(m.pending) > 0 {
		t.Fatalf("after a minute's silence: entries %+v, packets %v", left, m.pending)
	}
	if _, ok := s.table.Next(); ok {
		t.Fatal("an empty table has a timer")
	}
}

// event makes one random thing happen to k.
func event(s *script, m *model, rng *rand.Rand, k Key, i int) {
	switch n := rng.IntN(100); {
	case n < 40:
		f := fmt.Sprint(i)
		m.wait(k, f)
		s.did(s.table.Resolve(s.now, k, frame(f)))
	case n < 80:
		var addr net.HardwareAddr
		if rng.IntN(5) > 0 {
			addr = mac(byte(1 + rng.IntN(3)))
		}
		ev := Evidence{Solicited: rng.IntN(2) == 0, Override: rng.IntN(3) > 0}
		known := s.state(k) != ""
		s.did(s.table.Seen(s.now, k, addr, ev))
		if known && addr != nil && ev.Override && !m.down[k.Port] {
			m.check(m.macs[k].String() == addr.String(), "override to %v left %v", addr, m.macs[k])
		}
	case n < 86 && len(m.wanted) < 5:
		m.wanted[k] = true
		m.probedIfNew(k, s.now)
		s.did(s.table.Want(s.now, k))
	case n < 92:
		delete(m.wanted, k)
		s.did(s.table.Unwant(s.now, k))
	case n < 96:
		m.down[k.Port] = true
		s.did(s.table.PortDown(s.now, k.Port))
		for other := range m.macs {
			m.check(other.Port != k.Port, "%v outlived its port", other)
		}
	default:
		m.down[k.Port] = false
		s.did(s.table.PortUp(s.now, k.Port))
	}
}

// probedIfNew starts the clock of a neighbour that has not been probed yet.
func (m *model) probedIfNew(k Key, now time.Time) {
	if m.probed[k].IsZero() {
		m.probed[k] = now
	}
}

// TestOrderDoesNotMatter starts ten next hops in random order; each probe is
// answered after 0 to 3 s. The result is always the same, and no neighbour fails
// meanwhile.
func TestOrderDoesNotMatter(t *testing.T) {
	var first string
	for seed := range uint64(20) {
		got := startLab(t, seed)
		if seed == 0 {
			first = got
		}
		if got != first || strings.Count(got, " up") != 10 {
			t.Fatalf("order %d ends in\n%s\nthe first one in\n%s", seed, got, first)
		}
	}
}

func startLab(t *testing.T, seed uint64) string {
	rng := rand.New(rand.NewPCG(seed, 2))
	s := newScript(t, config{})
	type reply struct {
		at time.Duration
		k  Key
	}
	var replies []reply
	s.on = func(a Action) {
		switch a := a.(type) {
		case Probe:
			delay := time.Duration(rng.Int64N(int64(3*time.Second - 20*time.Millisecond)))
			replies = append(replies, reply{s.now.Sub(epoch) + delay, a.Key})
		case Down:
			t.Fatalf("%s in order %d", describe(a), seed)
		}
	}
	order := rng.Perm(10)
	for at := time.Duration(0); at < 60*time.Second; at += 10 * time.Millisecond {
		s.until(at)
		if i := int(at / (50 * time.Millisecond)); at%(50*time.Millisecond) == 0 && i < 10 {
			s.did(s.table.Want(s.now, nth(order[i])))
		}
		replies = slices.DeleteFunc(replies, func(r reply) bool {
			if r.at > at {
				return false
			}
			ms := mac(r.k.Addr.As16()[15] + 1)
			s.did(s.table.Seen(s.now, r.k, ms, answer))
			return true
		})
	}
	var b strings.Builder
	for _, e := range s.table.Entries() {
		word := "down"
		if e.MAC != nil {
			word = "up"
		}
		fmt.Fprintln(&b, e.Key.Addr, e.MAC, word)
	}
	return b.String()
}
