package bgp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// openOf is the seeds' OPEN with another hold time and more capabilities.
func openOf(hold uint16, more string) []byte {
	caps := octetsOf(capsAll + more)
	m := message(1, slices.Concat(octetsOf(openBody), []byte{byte(len(caps) + 2), 2, byte(len(caps))}, caps)...)
	m[22], m[23] = byte(hold>>8), byte(hold)
	return m
}

// establishAs brings the session up with an OPEN of its own.
func (h *hostile) establishAs(to *node, open []byte) {
	h.t.Helper()
	h.connect(to)
	h.say(append(slices.Clone(open), message(4)...)...)
	to.wait("session with "+h.addr, func() bool { return to.peers[netip.MustParseAddr(h.addr)].State == StateEstablished })
}

// A session without hold time stands though nobody says anything, and neither
// end sends KEEPALIVEs but the first (RFC 4271 sections 4.2 and 4.4), whichever end
// asks for it. The engine, which has a hold time of three seconds here, would end
// it, and would send one every second.
func TestRealNoHoldTime(t *testing.T) {
	a := startNodeOf(t, Config{AS: 65001, Name: "pe1"}, "10.0.0.1")
	n := neighborAt(a, "10.0.0.2", 65002)
	n.HoldTime, n.Keepalive = 3*time.Second, time.Second
	none := neighborAt(a, "10.0.0.3", 65002)
	none.HoldTime, none.Keepalive = 0, 0
	a.set(n, none)
	theirs, ours := attack(t, "10.0.0.2"), attack(t, "10.0.0.3")
	theirs.establishAs(a, openOf(0, ""))
	ours.establishAs(a, openOf(90, ""))
	if hold := ours.open[3:5]; !slices.Equal(hold, []byte{0, 0}) {
		t.Errorf("the hold time in our OPEN is %x", hold)
	}
	if hold := theirs.open[3:5]; !slices.Equal(hold, []byte{0, 3}) {
		t.Errorf("the hold time in our OPEN is %x", hold)
	}
	for _, h := range []*hostile{theirs, ours} {
		if !strings.Contains(string(h.open), "\x49\x05\x03pe1\x00") {
			t.Errorf("the OPEN %x does not name the router", h.open)
		}
		keepalives := 0
		for deadline := time.Now().Add(5 * time.Second); ; {
			kind, body := h.nextBefore(deadline)
			if kind == 0 {
				break
			}
			if kind == 3 {
				t.Fatalf("NOTIFICATION %x", body)
			}
			if kind == 4 {
				keepalives++
			}
		}
		if keepalives != 1 {
			t.Errorf("%s: %d KEEPALIVEs", h.addr, keepalives)
		}
		h.say(updateOf(nil, octetsOf(attrsBase+reachVPN4), nil)...)
		a.waitRoute(Key{RD: mustRD("65002:1"), Prefix: netip.MustParsePrefix("30.1.0.0/24"), Peer: netip.MustParseAddr(h.addr)}, anyRoute)
	}
	// Two speakers without hold time find each other, too.
	b := startNode(t, 65004, "", "10.0.0.4")
	nb, na := a.to(b), b.to(a)
	nb.HoldTime, nb.Keepalive, na.HoldTime, na.Keepalive = 0, 0, 0, 0
	a.set(n, none, nb)
	b.set(na)
	a.waitEstablished(b)
}

// Stale routes of a peer go as soon as it is back without having forwarded their
// packets: without graceful restart, or with the F bit of the family clear (RFC
// 4724 section 4.2).
func TestRealStaleRoutesGo(t *testing.T) {
	const (
		preserved = "400a" + "0078" + "00018080" + "00028080"
		without   = "400a" + "8078" + "00018000" + "00028000"
	)
	a := startNode(t, 65001, "", "10.0.0.1")
	a.set(neighborAt(a, "10.0.0.2", 65002))
	four := Key{RD: mustRD("65002:1"), Prefix: netip.MustParsePrefix("30.1.0.0/24"), Peer: netip.MustParseAddr("10.0.0.2")}
	six := Key{RD: four.RD, Prefix: netip.MustParsePrefix("2001:db8::/32"), Peer: four.Peer}
	ends := slices.Concat(updateOf(nil, octetsOf("800f03000180"), nil), updateOf(nil, octetsOf("800f03000280"), nil))
	stale := func(r Route) bool { return r.Stale }
	fresh := func(r Route) bool { return !r.Stale }
	for _, tt := range []struct {
		name, again string
		kept        []Key
		gone        []Key
	}{
		{"no graceful restart", "", nil, []Key{four, six}},
		{"the F bit clear", without, nil, []Key{four, six}},
		{"no family any more", "40020078", nil, []Key{four, six}},
		{"the F bit clear for IPv6", "400a" + "8078" + "00018080" + "00028000", []Key{four}, []Key{six}},
		{"all preserved", preserved, []Key{four, six}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a.set()
			a.set(neighborAt(a, "10.0.0.2", 65002))
			h := attack(t, "10.0.0.2")
			h.establishAs(a, openOf(90, preserved))
			h.say(updateOf(nil, octetsOf(attrsBase+reachVPN4), nil)...)
			h.say(updateOf(nil, octetsOf(attrsBase+reachVPN6), nil)...)
			h.say(ends...)
			a.waitRoute(four, fresh)
			a.waitRoute(six, fresh)
			_ = h.conn.SetLinger(0)
			_ = h.conn.Close()
			a.waitRoute(four, stale)
			a.waitRoute(six, stale)
			h = attack(t, "10.0.0.2")
			h.establishAs(a, openOf(90, tt.again))
			for _, k := range tt.gone {
				a.waitGone(k)
			}
			for _, k := range tt.kept {
				a.waitRoute(k, stale)
			}
			if p := a.peers[four.Peer]; p.SendsEnd != (tt.again != "") {
				t.Errorf("the peer sends an end of RIB: %t", p.SendsEnd)
			}
			h.say(updateOf(nil, octetsOf(attrsBase+reachVPN4), nil)...)
			a.waitRoute(four, fresh)
			h.say(ends...)
			a.waitGone(six)
			// What the last OPEN said of restarts counts, not an earlier one.
			_ = h.conn.SetLinger(0)
			_ = h.conn.Close()
			if len(tt.kept) == 2 {
				a.waitRoute(four, stale)
			} else if tt.again == "" {
				a.waitGone(four)
			}
		})
	}
	// A family that has gone takes a second attempt: what was kept of it is
	// forgotten first.
	a.set()
	n := neighborAt(a, "10.0.0.2", 65002)
	a.set(n)
	h := attack(t, "10.0.0.2")
	h.establishAs(a, openOf(90, preserved))
	h.say(updateOf(nil, octetsOf(attrsBase+reachVPN6), nil)...)
	a.waitRoute(six, fresh)
	_ = h.conn.SetLinger(0)
	_ = h.conn.Close()
	a.waitRoute(six, stale)
	caps := octetsOf("010400010080" + "41040000fdea")
	only4 := message(1, slices.Concat(octetsOf(openBody), []byte{byte(len(caps) + 2), 2, byte(len(caps))}, caps)...)
	h = attack(t, "10.0.0.2")
	h.connect(a)
	h.say(only4...)
	h.wantNotification(6, 6)
	a.waitGone(six)
	h = attack(t, "10.0.0.2")
	h.establishAs(a, only4)
	if p := a.peers[four.Peer]; !slices.Equal(p.Families, []string{string(vpn.VPNv4)}) {
		t.Errorf("families %v", p.Families)
	}
}
