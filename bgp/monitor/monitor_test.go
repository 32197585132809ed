package monitor

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"pseudowan/bgp/bmp"
	"pseudowan/bgp/gate"
	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// table is a session's or a VRF's table, as a set of prefixes.
type table struct {
	mu     sync.Mutex
	routes map[netip.Prefix]bool
}

func pathOf(p netip.Prefix) policy.Path {
	return policy.Path{Family: vpn.FamilyOf(p).Plain(), Prefix: p, NextHop: netip.MustParseAddr("10.0.0.9")}
}

func (s *table) Messages(Views) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c gate.Composer
	for p := range s.routes {
		c.Announce(pathOf(p), nil)
	}
	return append(c.Messages(), gate.EndOfRIB(gate.IPv4)...)
}

func (s *table) Counts() []bmp.Stat {
	return []bmp.Stat{{Type: bmp.StatIn, Value: uint64(len(s.routes))}}
}
func (s *table) Routes() []gate.RIBEntry { return nil }

// set changes the table, and returns the message that says so.
func (s *table) set(p netip.Prefix, there bool) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	var c gate.Composer
	if there {
		s.routes[p] = true
		c.Announce(pathOf(p), nil)
	} else {
		delete(s.routes, p)
		c.Withdraw(pathOf(p))
	}
	return c.Messages()
}

func prefixAt(i int) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)
}

// collector is a station that notes what it is told of each peer and view.
type collector struct {
	net.Listener
	mu    sync.Mutex
	kinds []byte // of the messages since the last connection
	known map[string]map[string]bool
	slow  chan struct{} // not nil: it reads nothing before it is closed
	done  int           // connections that have ended
}

func newCollector(t *testing.T) *collector {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &collector{Listener: l}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.read(conn)
		}
	}()
	return c
}

func (c *collector) read(conn net.Conn) {
	defer conn.Close()
	c.mu.Lock()
	c.kinds, c.known = nil, map[string]map[string]bool{}
	slow := c.slow
	c.mu.Unlock()
	if slow != nil {
		<-slow
	}
	for {
		head := make([]byte, 6)
		if _, err := io.ReadFull(conn, head); err != nil {
			break
		}
		body := make([]byte, binary.BigEndian.Uint32(head[1:])-6)
		if _, err := io.ReadFull(conn, body); err != nil {
			break
		}
		c.note(head[5], body)
	}
	c.mu.Lock()
	c.done++
	c.mu.Unlock()
}

func (c *collector) note(kind byte, body []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds = append(c.kinds, kind)
	if kind >= bmp.TypeInitiation {
		return
	}
	peer := fmt.Sprintf("%d %x %v", body[0], body[2:10], netip.AddrFrom4([4]byte(body[22:26])))
	switch kind {
	case bmp.TypePeerUp:
		c.known[peer] = map[string]bool{}
	case bmp.TypePeerDown:
		delete(c.known, peer)
	case bmp.TypeRouteMonitoring:
		routes, update := c.known[peer], body[42:]
		withdrawn := int(binary.BigEndian.Uint16(update[19:]))
		attrs := int(binary.BigEndian.Uint16(update[21+withdrawn:]))
		for b := update[21 : 21+withdrawn]; len(b) > 0; b = b[4:] {
			delete(routes, fmt.Sprintf("%x %x", body[1], b[:4]))
		}
		for b := update[23+withdrawn+attrs:]; len(b) > 0; b = b[4:] {
			routes[fmt.Sprintf("%x %x", body[1], b[:4])] = true // panics if the peer is not up
		}
	}
}

// knows waits until the collector knows so many routes of each peer, by type and
// address.
func (c *collector) knows(t *testing.T, want map[string]int) {
	t.Helper()
	wait(t, fmt.Sprintf("the collector to know %v", want), func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.known) != len(want) {
			return false
		}
		for peer, n := range want {
			if routes, up := c.known[peer]; !up || len(routes) != n {
				return false
			}
		}
		return true
	})
}

func wait(t *testing.T, what string, check func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !check(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited for %s", what)
		}
	}
}

func (c *collector) station(v Views) Station {
	return Station{
		Key: Key{Address: c.Addr().(*net.TCPAddr).AddrPort()}, Views: v,
		Dial: func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", c.Addr().String())
		},
	}
}

func newHub(t *testing.T) *Hub {
	h := New(Router{Name: "pe1", Description: "test", AS: 65000, ID: netip.MustParseAddr("10.0.0.1")}, slog.New(slog.DiscardHandler))
	t.Cleanup(h.Close)
	return h
}

func sessionOf(address string, vrf string, s *table) Session {
	open := gate.OpenFor(65000, netip.MustParseAddr("10.0.0.1"), gate.IPv4)
	return Session{
		VRF: vrf, Local: netip.MustParseAddrPort("10.0.0.1:179"), Remote: netip.AddrPortFrom(netip.MustParseAddr(address), 40000),
		AS: 65001, ID: netip.MustParseAddr("1.1.1.1"), Sent: open, Received: open, Tables: s,
	}
}

const (
	between   = "0 0000000000000000 10.0.0.2"
	inRed     = "1 0000000000000007 10.1.0.2"
	redItself = "3 0000000000000007 0.0.0.0"
)

// A station that is there from the beginning, and one that comes later, know the same
// of sessions and tables, while those change all the time.
func TestStations(t *testing.T) {
	h := newHub(t)
	early, late := newCollector(t), newCollector(t)
	var local = &table{routes: map[netip.Prefix]bool{prefixAt(1): true}}
	h.SetLocal(func(string) []byte { return local.Messages(Local) })
	h.SetTables([]Table{{VRF: "red", RD: [8]byte{7: 7}}})
	h.Configure([]Station{early.station(InBefore | InAfter | Local)})
	early.knows(t, map[string]int{redItself: 1})

	one, two := &table{routes: map[netip.Prefix]bool{}}, &table{routes: map[netip.Prefix]bool{}}
	p, q := h.Up(sessionOf("10.0.0.2", "", one)), h.Up(sessionOf("10.1.0.2", "red", two))
	const routes = 3000
	for i := range routes {
		p.Received(InBefore, one.set(prefixAt(i), true))
		q.Received(InAfter, two.set(prefixAt(i), true))
		h.Changed("red", local.set(prefixAt(i), true))
		if i == routes/2 {
			h.Configure([]Station{early.station(InBefore | InAfter | Local), late.station(InBefore | Local)})
		}
		if i%3 == 0 {
			p.Received(InBefore, one.set(prefixAt(i), false))
		}
	}
	early.knows(t, map[string]int{between: routes * 2 / 3, inRed: routes, redItself: routes})
	// The fake tables are the same in all views, and the late station gets the one of q
	// with the dump alone.
	wait(t, "the late station to be up", func() bool {
		return slices.ContainsFunc(h.Stations(), func(s StationState) bool { return s.Views == InBefore|Local && s.State == StateUp })
	})
	late.mu.Lock()
	q2 := len(late.known[inRed])
	late.mu.Unlock()
	late.knows(t, map[string]int{between: routes * 2 / 3, inRed: q2, redItself: routes})
	if late.kinds[0] != bmp.TypeInitiation {
		t.Errorf("the first message is of type %d", late.kinds[0])
	}

	q.Down(bmp.DownRemote, nil)
	q.Down(bmp.DownLocal, nil)
	q.Received(InAfter, two.set(prefixAt(1), true)) // too late
	early.knows(t, map[string]int{between: routes * 2 / 3, redItself: routes})
	h.SetTables(nil)
	early.knows(t, map[string]int{between: routes * 2 / 3})

	h.Configure(nil)
	wait(t, "a Termination", func() bool {
		early.mu.Lock()
		defer early.mu.Unlock()
		return early.done == 1 && early.kinds[len(early.kinds)-1] == bmp.TypeTermination
	})
	if h.Wants(InBefore) {
		t.Error("somebody still wants to know")
	}
}

// A station that does not read costs nobody else anything: what waits for it is
// bounded, its connection is given up, and the next one begins anew.
func TestSlowStation(t *testing.T) {
	h := newHub(t)
	slow, other := newCollector(t), newCollector(t)
	slow.mu.Lock()
	slow.slow = make(chan struct{})
	slow.mu.Unlock()
	h.Configure([]Station{slow.station(InBefore), other.station(InBefore)})
	s := &table{routes: map[netip.Prefix]bool{}}
	p := h.Up(sessionOf("10.0.0.2", "", s))
	other.knows(t, map[string]int{between: 0})
	state := func() (of StationState) {
		for _, st := range h.Stations() {
			if st.Address == slow.Addr().(*net.TCPAddr).AddrPort() {
				of = st
			}
		}
		return of
	}
	wait(t, "the slow station", func() bool { return state().Sessions == 1 })
	msgs := s.set(prefixAt(1), true)
	for range 200 {
		msgs = append(msgs, s.set(prefixAt(2), true)...)
	}
	for n := 0; state().Overruns == 0; n++ {
		if n > 100_000 {
			t.Fatal("no end")
		}
		p.Received(InBefore, msgs)
		if q := state().Queued; q > queueLimit {
			t.Fatalf("%d octets wait", q)
		}
		for _, st := range h.Stations() { // the other one reads; it is not to be overrun
			for st.Address != state().Address && st.Queued > queueLimit/2 {
				time.Sleep(time.Millisecond)
				st = h.Stations()[slices.IndexFunc(h.Stations(), func(x StationState) bool { return x.Address == st.Address })]
			}
		}
	}
	if st := state(); st.Dropped == 0 {
		t.Errorf("%+v", st)
	}
	other.knows(t, map[string]int{between: 2})
	slow.mu.Lock()
	close(slow.slow)
	slow.slow = nil // the next connection is read at once
	slow.mu.Unlock()
	wait(t, "another connection", func() bool { return state().Sessions > 1 })
	slow.knows(t, map[string]int{between: 2})
	if st := state(); st.LastError != errTooSlow.Error() {
		t.Errorf("%+v", st)
	}
}

// A station that talks, or is nobody, says so.
func TestOddStations(t *testing.T) {
	h := newHub(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone := l.Addr().(*net.TCPAddr).AddrPort()
	l.Close()
	talker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer talker.Close()
	go func() {
		for {
			c, err := talker.Accept()
			if err != nil {
				return
			}
			go func() { _, _ = c.Write(make([]byte, 2*chatter)); _, _ = io.Copy(io.Discard, c); c.Close() }()
		}
	}()
	dial := func(to string) func(context.Context) (net.Conn, error) {
		return func(ctx context.Context) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", to)
		}
	}
	a := talker.Addr().(*net.TCPAddr).AddrPort()
	h.Configure([]Station{
		{Key: Key{Address: gone}, Views: InBefore, Dial: dial(gone.String())},
		{Key: Key{Address: a}, Views: InBefore, Dial: dial(a.String())},
	})
	for addr, want := range map[netip.AddrPort]string{gone: "connection refused", a: errChatter.Error()} {
		wait(t, want, func() bool {
			i := slices.IndexFunc(h.Stations(), func(s StationState) bool { return s.Address == addr })
			return h.Stations()[i].LastError == want
		})
	}
}

// A VRF whose RD is another has stations begin anew.
func TestOtherRD(t *testing.T) {
	h := newHub(t)
	c := newCollector(t)
	h.SetLocal(func(string) []byte { return nil })
	h.SetTables([]Table{{VRF: "red", RD: [8]byte{7: 1}}})
	h.Configure([]Station{c.station(InBefore)})
	s := &table{routes: map[netip.Prefix]bool{}}
	p := h.Up(sessionOf("10.1.0.2", "red", s))
	c.knows(t, map[string]int{"1 0000000000000001 10.1.0.2": 0})
	p.Received(InBefore, s.set(prefixAt(1), true))
	c.knows(t, map[string]int{"1 0000000000000001 10.1.0.2": 1})
	h.SetTables([]Table{{VRF: "red", RD: [8]byte{7: 7}}})
	c.knows(t, map[string]int{inRed: 1})
}
