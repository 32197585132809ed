package bgp

import (
	"encoding/binary"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestRealRandomHostility lets random messages loose on established sessions, again
// and again: PSEUDOWAN_MUTATIONS says how many. The process lives and does not grow,
// another session stands and keeps its routes, and when the hostile peer is gone
// nothing is left of it.
func TestRealRandomHostility(t *testing.T) {
	const perSession = 400
	sessions := 8
	if os.Getenv("PSEUDOWAN_MUTATIONS") != "" {
		sessions = mutations(t) / perSession
	}
	a := startNode(t, 65001, "", "10.0.0.1")
	friend := startNode(t, 65003, "", "10.0.0.3")
	a.set(a.to(friend), neighborAt(a, "10.0.0.2", 65002))
	friend.set(friend.to(a))
	a.waitEstablished(friend)
	var theirs []Key
	for i := range 20 {
		r := vpnRoute("65003:1", fmt.Sprintf("10.%d.0.0/16", i), "65001:1", 2000)
		friend.announce(r)
		theirs = append(theirs, r.from(friend))
	}
	for _, k := range theirs {
		a.waitRoute(k, anyRoute)
	}
	m := mutator{rand.New(rand.NewPCG(1, 2)), seeds(), nil}
	var before int
	for i := range sessions {
		m.attack(t, a, friend, perSession)
		if i == 0 {
			before = residentSet(t)
		}
	}
	if grown := residentSet(t) - before; grown > 64<<20 {
		t.Errorf("%d sessions of a hostile peer have cost %d MB", sessions, grown>>20)
	}
	quiet(t, a, friend)
	a.set(a.to(friend))
	a.wait("the end of the hostile peer", func() bool { return len(a.routes) == len(theirs) })
	for _, k := range theirs {
		a.waitRoute(k, func(r Route) bool { return !r.Stale && r.Unusable == "" })
	}
}

// attack sends messages to a on a new session.
func (m mutator) attack(t *testing.T, a, friend *node, messages int) {
	a.set(a.to(friend)) // without the memory of the last offence
	a.set(a.to(friend), neighborAt(a, "10.0.0.2", 65002))
	h := attack(t, "10.0.0.2")
	h.establish(a)
	go func() { _, _ = io.Copy(io.Discard, h.conn) }()
	for range messages {
		b := m.composed()
		if m.IntN(20) == 0 {
			b = m.message()
			binary.BigEndian.PutUint16(b[16:], uint16(len(b)))
			b[18] = 2
		}
		_ = h.conn.SetWriteDeadline(time.Now().Add(time.Second))
		if _, err := h.conn.Write(b); err != nil {
			break
		}
	}
	_ = h.conn.Close()
}

// residentSet is the memory of the process, in octets, without what it could give
// back.
func residentSet(t *testing.T) int {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var size, resident int
	if _, err := fmt.Sscan(string(text), &size, &resident); err != nil {
		t.Fatal(err)
	}
	return resident * os.Getpagesize()
}

// TestRealMalformedMessagesAreCounted has each kind of them counted for its peer,
// and for no other.
func TestRealMalformedMessagesAreCounted(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	addr, quiet := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	a.set(neighborAt(a, "10.0.0.2", 65002), neighborAt(a, "10.0.0.3", 65003))
	u := func(attrs string) []byte { return updateOf(nil, octetsOf(attrs), nil) }
	state := func(of netip.Addr) PeerState {
		peers := a.mustPeers()
		return peers[slices.IndexFunc(peers, func(p PeerState) bool { return p.Address == of })]
	}
	h := attack(t, "10.0.0.2")
	h.establish(a)
	h.say(slices.Concat(
		u(attrsBase+"c00803010203"+reachVPN4), u(attrsBase+"c00803010203"+reachVPN4),
		u(attrsBase+"40060100"+reachVPN4),
		u(attrsBase+"800e08"+"000119"+"00"+"00"+"000000"),
		u(attrsBase+reachVPN4))...)
	a.waitRoute(Key{RD: mustRD("65002:1"), Prefix: netip.MustParsePrefix("30.1.0.0/24"), Peer: addr}, anyRoute)
	got := state(addr).Malformed
	for deadline := time.Now().Add(10 * time.Second); got.Families == 0 && time.Now().Before(deadline); got = state(addr).Malformed {
		time.Sleep(10 * time.Millisecond) // the third message has a route, too
	}
	if got.Withdrawn != 2 || got.Discarded != 1 || got.Families != 1 || !strings.Contains(got.Last, "AFI 1, SAFI 25") || got.LastAt.IsZero() {
		t.Errorf("%+v", got)
	}
	for i, says := range [][]byte{message(9), message(1, 1), u(attrsBase + "800e00"), seeds()[0]} {
		if i > 0 {
			h = attack(t, "10.0.0.2")
			h.establish(a)
		}
		h.say(says...)
		for kind := byte(1); kind != 0; {
			kind, _ = h.next()
		}
	}
	got = state(addr).Malformed
	if got.Headers != 2 || got.Updates != 1 || got.Unexpected != 1 || got.Opens != 0 {
		t.Errorf("%+v", got)
	}
	if other := state(quiet).Malformed; other != (Malformed{}) {
		t.Errorf("the other peer: %+v", other)
	}
}
