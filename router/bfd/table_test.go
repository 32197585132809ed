package bfd

import (
	"net/netip"
	"slices"
	"testing"
	"time"
)

var (
	near = netip.MustParseAddr("192.0.2.1")
	far  = netip.MustParseAddr("192.0.2.2")
)

func watching(from, to netip.Addr, every time.Duration, multiplier uint8) Config {
	return Config{Key: Key{Local: from, Peer: to}, MinTx: every, MinRx: every, Multiplier: multiplier}
}

// pair is two routers and a wire between them.
type pair struct {
	t    *testing.T
	now  time.Time
	a, b *Table
	lose func(from netip.Addr) bool // nil: nothing is lost
	sent map[netip.Addr]int
	last map[netip.Addr]Packet
	said map[netip.Addr][]Change
}

func newPair(t *testing.T) *pair {
	return &pair{
		t: t, now: time.Unix(1e9, 0), a: New(), b: New(),
		sent: map[netip.Addr]int{}, last: map[netip.Addr]Packet{}, said: map[netip.Addr][]Change{},
	}
}

// pass has d pass.
func (p *pair) pass(d time.Duration) {
	p.t.Helper()
	for end := p.now.Add(d); ; {
		p.exchange()
		next := end
		for _, x := range []*Table{p.a, p.b} {
			if at, ok := x.Next(); ok && at.Before(next) {
				next = at
			}
		}
		if p.now = next; !p.now.Before(end) {
			return
		}
		p.a.Tick(p.now)
		p.b.Tick(p.now)
	}
}

func (p *pair) exchange() {
	for {
		out := append(p.a.Out(), p.b.Out()...)
		if len(out) == 0 {
			break
		}
		for _, o := range out {
			x, err := Parse(o.Data)
			if err != nil {
				p.t.Fatal(err)
			}
			p.sent[o.Local]++
			p.last[o.Local] = x
			if p.lose != nil && p.lose(o.Local) {
				continue
			}
			to := p.b
			if o.Local == far {
				to = p.a
			}
			to.Receive(p.now, In{Key: Key{Local: o.Peer, Peer: o.Local, Multihop: o.Multihop}, TTL: 255, Data: o.Data})
		}
	}
	p.said[near] = append(p.said[near], p.a.Changes()...)
	p.said[far] = append(p.said[far], p.b.Changes()...)
}

func (p *pair) up(every time.Duration, multiplier uint8) {
	p.t.Helper()
	p.a.Configure(p.now, []Config{watching(near, far, every, multiplier)})
	p.b.Configure(p.now, []Config{watching(far, near, every, multiplier)})
	p.pass(3 * time.Second)
	for _, x := range []*Table{p.a, p.b} {
		if s := x.Sessions()[0]; s.State != Up || s.RemoteState != Up || s.Interval != every || s.Detection != time.Duration(multiplier)*every || s.Polling {
			p.t.Fatalf("after 3 s: %+v", s)
		}
	}
}

// Both come up, send with the interval of the slower one less jitter, and notice silence
// within the detection time.
func TestUpAndDown(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	before := p.sent[near]
	p.pass(10 * time.Second)
	if n := p.sent[near] - before; n < 200 || n > 267 {
		t.Errorf("%d packets in 10 s; with 50 ms less up to a quarter, 200 to 267 are due", n)
	}
	cut := p.now
	p.lose = func(netip.Addr) bool { return true }
	p.said = map[netip.Addr][]Change{}
	p.pass(200 * time.Millisecond)
	for router, changes := range p.said {
		if len(changes) != 1 || changes[0].To != Down || changes[0].Diag != Expired || changes[0].Ordered {
			t.Errorf("%s has noticed: %+v", router, changes)
		}
	}
	s := p.a.Sessions()[0]
	if took := s.Since.Sub(cut); took > 150*time.Millisecond || took < 100*time.Millisecond || s.Transitions != 2 || s.Remote != 0 {
		t.Errorf("after %s: %+v", took, s)
	}
	before = p.sent[near]
	p.pass(10 * time.Second)
	if n := p.sent[near] - before; n < 10 || n > 14 {
		t.Errorf("%d packets in 10 s to a peer that is lost; one a second less jitter is due", n)
	}
	p.lose = nil
	p.pass(3 * time.Second)
	if s := p.a.Sessions()[0]; s.State != Up || s.Diag != NoDiagnostic {
		t.Errorf("the wire is whole again: %+v", s)
	}
}

// If one direction is cut, both ends know within a detection time.
func TestOneDirection(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	p.said = map[netip.Addr][]Change{}
	p.lose = func(from netip.Addr) bool { return from == near }
	p.pass(160 * time.Millisecond)
	if c := p.said[far]; len(c) != 1 || c[0].Diag != Expired {
		t.Errorf("who hears nothing: %+v", c)
	}
	if c := p.said[near]; len(c) == 0 || c[0].To != Down || c[0].Diag != NeighborDown {
		t.Errorf("who is told: %+v", c)
	}
}

// Other parameters are told by a poll. The slower pace begins when the peer knows, the
// faster one at once (RFC 5880 section 6.8.3).
func TestPollSequence(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	deaf := true
	p.lose = func(from netip.Addr) bool { return deaf && from == far && p.last[far].Final }
	p.a.Configure(p.now, []Config{watching(near, far, 200*time.Millisecond, 5)})
	p.a.Tick(p.now)
	p.pass(100 * time.Millisecond)
	if x := p.last[near]; !x.Poll || x.MinTx != 200*time.Millisecond || x.Multiplier != 5 {
		t.Errorf("it says %+v", x)
	}
	if s := p.a.Sessions()[0]; !s.Polling || s.Interval != 50*time.Millisecond || s.State != Up {
		t.Errorf("without an answer: %+v", s)
	}
	deaf = false
	p.pass(100 * time.Millisecond)
	if s := p.a.Sessions()[0]; s.Polling || s.Interval != 200*time.Millisecond || s.Detection != 600*time.Millisecond {
		t.Errorf("with an answer: %+v", s)
	}
	p.pass(2 * time.Second)
	if s := p.b.Sessions()[0]; s.Detection != time.Second || s.State != Up || s.Transitions != 1 || s.Interval != 200*time.Millisecond {
		t.Errorf("the peer: %+v", s)
	}
}

// A session that is removed, or all by the end of the router, is no failure to the peer.
func TestTakenDownOnPurpose(t *testing.T) {
	for what, remove := range map[string]func(p *pair){
		"removed": func(p *pair) { p.a.Configure(p.now, nil) },
		"ended":   func(p *pair) { p.a.Leave(p.now) },
	} {
		p := newPair(t)
		p.up(50*time.Millisecond, 3)
		p.said = map[netip.Addr][]Change{}
		remove(p)
		p.pass(time.Second)
		if c := p.said[far]; len(c) != 1 || c[0].To != Down || !c[0].Ordered {
			t.Errorf("%s: the peer notices %+v", what, c)
		}
		if len(p.a.sessions) != 0 || len(p.a.by) != 0 || len(p.a.due) != 0 {
			t.Errorf("%s: left are %+v", what, p.a)
		}
		p.a.Configure(p.now, []Config{watching(near, far, 50*time.Millisecond, 3)})
		p.pass(3 * time.Second)
		if s := p.a.Sessions(); len(s) != 1 || s[0].State != Up {
			t.Errorf("%s: again: %+v", what, s)
		}
	}
}

// A peer that wants packets seldom is not told for longer than half a minute.
func TestGoodbyeEnds(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	s := p.a.sessions[Key{Local: near, Peer: far}]
	slow := Packet{State: Up, Multiplier: 3, My: s.remote, Your: s.local, MinTx: 50 * time.Millisecond, MinRx: time.Hour}
	p.a.Receive(p.now, In{Key: s.Key, TTL: 255, Data: slow.Append(nil)})
	p.a.Configure(p.now, nil)
	p.a.Tick(p.now.Add(longestGoodbye))
	if len(p.a.sessions) != 0 {
		t.Errorf("left are %+v", *s)
	}
}

// A peer that begins anew, as after a crash of its process, has not lost the path; one that
// says that it hears nothing has.
func TestPeerThatBeginsAnew(t *testing.T) {
	for diag, ordered := range map[Diag]bool{NoDiagnostic: true, Expired: false} {
		p := newPair(t)
		p.up(50*time.Millisecond, 3)
		fresh := Packet{State: Down, Diag: diag, Multiplier: 3, My: 7, MinTx: time.Second, MinRx: time.Second}
		p.a.Receive(p.now, In{Key: Key{Local: near, Peer: far}, TTL: 255, Data: fresh.Append(nil)})
		if c := p.a.Changes(); len(c) != 1 || c[0].To != Down || c[0].Ordered != ordered {
			t.Errorf("%q: %+v", diag, c)
		}
	}
}

// Who is not the peer, or not on the link, changes nothing.
func TestHostilePackets(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	s := p.a.sessions[Key{Local: near, Peer: far}]
	good := Packet{State: Down, Multiplier: 3, My: s.remote, Your: s.local, MinTx: time.Second, MinRx: time.Second}
	for what, in := range map[string]In{
		"from beyond the link":   {Key: s.Key, TTL: 254, Data: good.Append(nil)},
		"of somebody else":       {Key: Key{Local: near, Peer: near.Prev()}, TTL: 255, Data: good.Append(nil)},
		"over several hops":      {Key: Key{Local: near, Peer: far, Multihop: true}, TTL: 255, Data: good.Append(nil)},
		"wrong discriminator":    {Key: s.Key, TTL: 255, Data: Packet{State: Down, Multiplier: 3, My: 7, Your: s.local + 1}.Append(nil)},
		"cut off":                {Key: s.Key, TTL: 255, Data: good.Append(nil)[:23]},
		"a length that is a lie": {Key: s.Key, TTL: 255, Data: changed(good, 3, 25)},
		"version 2":              {Key: s.Key, TTL: 255, Data: changed(good, 0, 2<<5)},
		"authenticated":          {Key: s.Key, TTL: 255, Data: changed(good, 1, flagAuthentication|uint8(Down)<<6)},
		"multipoint":             {Key: s.Key, TTL: 255, Data: changed(good, 1, flagMultipoint|uint8(Down)<<6)},
		"multiplier 0":           {Key: s.Key, TTL: 255, Data: changed(good, 2, 0)},
		"nobody's":               {Key: s.Key, TTL: 255, Data: Packet{State: Down, Multiplier: 3, Your: s.local}.Append(nil)},
		"up without ours":        {Key: s.Key, TTL: 255, Data: Packet{State: Up, Multiplier: 3, My: 7}.Append(nil)},
		"poll and final":         {Key: s.Key, TTL: 255, Data: Packet{State: Down, Multiplier: 3, My: 7, Your: s.local, Poll: true, Final: true}.Append(nil)},
	} {
		before := *s
		if p.a.Receive(p.now, in) || *s != before || len(p.a.Changes()) > 0 || len(p.a.Out()) > 0 {
			t.Errorf("%s: %+v", what, *s)
		}
	}
	if !p.a.Receive(p.now, In{Key: s.Key, TTL: 255, Data: good.Append(nil)}) || s.state != Down {
		t.Errorf("the peer's own word: %+v", *s)
	}
}

func changed(p Packet, at int, to byte) []byte {
	b := p.Append(nil)
	b[at] = to
	return b
}

// A caller that has slept first takes what has come meanwhile, before anything expires.
func TestSleeper(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	p.now = p.now.Add(time.Second)
	p.a.Tick(p.now)
	if c := p.a.Changes(); len(c) > 0 {
		t.Errorf("at once: %+v", c)
	}
	if at, ok := p.a.Next(); !ok || at.Sub(p.now) > awakening {
		t.Errorf("next at %v", at)
	}
	p.a.Tick(p.now.Add(awakening))
	if c := p.a.Changes(); len(c) != 1 || c[0].Diag != Expired {
		t.Errorf("nothing has come: %+v", c)
	}
}

// A peer that wants no packets gets none, and one that says it is the only one to send
// (demand mode) gets them.
func TestPeerThatWantsNone(t *testing.T) {
	p := newPair(t)
	p.up(50*time.Millisecond, 3)
	s := p.a.sessions[Key{Local: near, Peer: far}]
	hear := func(x Packet) {
		x.State, x.Multiplier, x.My, x.Your, x.MinTx = Up, 255, s.remote, s.local, time.Second
		p.a.Receive(p.now, In{Key: s.Key, TTL: 255, Data: x.Append(nil)})
	}
	count := func() int {
		for end := p.now.Add(time.Second); ; {
			at, ok := p.a.Next()
			if !ok || at.After(end) {
				p.now = end
				return len(p.a.Out())
			}
			p.a.Tick(at)
		}
	}
	hear(Packet{})
	if n := count(); n != 0 {
		t.Errorf("%d packets to a peer that wants none", n)
	}
	hear(Packet{MinRx: 50 * time.Millisecond, Demand: true})
	if n := count(); n < 20 {
		t.Errorf("%d packets in a second to a peer in demand mode", n)
	}
}

func TestJitter(t *testing.T) {
	for _, tt := range []struct {
		multiplier  uint8
		least, most time.Duration
	}{{3, 75, 100}, {1, 75, 90}} {
		var all []time.Duration
		for range 1000 {
			all = append(all, jittered(100*time.Millisecond, tt.multiplier))
		}
		least, most := slices.Min(all), slices.Max(all)
		if least < tt.least*time.Millisecond || most > tt.most*time.Millisecond || most-least < 10*time.Millisecond {
			t.Errorf("multiplier %d: %s to %s", tt.multiplier, least, most)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(Packet{State: Up, Diag: 1, Poll: true, Multiplier: 3, My: 1, Your: 2, MinTx: time.Second, MinRx: time.Second}.Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := Parse(b)
		if err != nil {
			return
		}
		if q, err := Parse(p.Append(nil)); err != nil || q != p {
			t.Errorf("%+v becomes %+v, %v", p, q, err)
		}
	})
}

// Whatever a peer says, the table stays whole, and sends no more than it wants and one
// answer to each poll.
func FuzzTable(f *testing.F) {
	f.Add(Packet{State: Down, Multiplier: 3, My: 1, MinTx: 1, MinRx: 1}.Append(nil), uint8(1))
	f.Fuzz(func(t *testing.T, b []byte, steps uint8) {
		x, now := New(), time.Unix(1e9, 0)
		x.Configure(now, []Config{watching(near, far, 50*time.Millisecond, 3)})
		sent := 0
		for range int(steps)%16 + 1 {
			x.Receive(now, In{Key: Key{Local: near, Peer: far}, TTL: 255, Data: b})
			for range 100 {
				at, ok := x.Next()
				if !ok || at.After(now.Add(100*time.Millisecond)) {
					break
				}
				x.Tick(at)
			}
			now = now.Add(100 * time.Millisecond)
			sent += len(x.Out())
		}
		if most := (int(steps)%16 + 1) * 6; sent > most {
			t.Errorf("%d packets; at most %d are due", sent, most)
		}
		if s := x.Sessions(); len(s) != 1 || len(x.due) > 1 {
			t.Errorf("left: %+v", s)
		}
	})
}

// BenchmarkHundred is a second of a hundred sessions at 50 ms, without sockets.
func BenchmarkHundred(b *testing.B) {
	x, now := New(), time.Unix(1e9, 0)
	var list []Config
	peer := far
	for range 100 {
		list = append(list, watching(near, peer, 50*time.Millisecond, 3))
		peer = peer.Next()
	}
	x.Configure(now, list)
	for b.Loop() {
		for end := now.Add(time.Second); ; {
			at, ok := x.Next()
			if !ok || at.After(end) {
				break
			}
			now = at
			x.Tick(now)
			for _, o := range x.Out() {
				p, _ := Parse(o.Data)
				p.State, p.My, p.Your = max(p.State, Init), 7, p.My
				x.Receive(now, In{Key: o.Key, TTL: 255, Data: p.Append(nil)})
			}
		}
		now = now.Add(time.Second)
		x.Out()
		x.Changes()
	}
}

// A peer that has stopped doing BFD, and says so, is not lost: before the session expires, and
// when it has expired for something else.
func TestRefused(t *testing.T) {
	for what, before := range map[string]bool{"before it expires": true, "when it has expired": false} {
		p := newPair(t)
		p.a.Configure(p.now, []Config{watching(near, far, 50*time.Millisecond, 3)})
		p.b.Configure(p.now, []Config{watching(far, near, 50*time.Millisecond, 3)})
		p.pass(5 * time.Second)
		p.lose = func(from netip.Addr) bool { return from == far }
		key := Key{Local: near, Peer: far}
		if before {
			p.a.Refused(key)
		}
		p.said[near] = nil
		p.pass(time.Second)
		if !before {
			p.a.Refused(key)
			p.exchange()
		}
		p.a.Refused(key)
		p.exchange()
		last := p.said[near][len(p.said[near])-1]
		if last.To != Down || !last.Ordered || len(p.said[near]) > 2 {
			t.Errorf("%s: %+v", what, p.said[near])
		}
		if s := p.a.Sessions()[0]; !s.Absent {
			t.Errorf("%s: %+v", what, s)
		}
		p.lose = nil
		p.pass(5 * time.Second)
		if s := p.a.Sessions()[0]; s.Absent || s.State != Up {
			t.Errorf("%s: heard again: %+v", what, s)
		}
	}
}
