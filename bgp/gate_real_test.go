package bgp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// hostile is a peer that sends given messages.
type hostile struct {
	t    *testing.T
	addr string
	conn *net.TCPConn
	open []byte // of the speaker, without header

	update []byte // the last one of it that was read, without header
}

func attack(t *testing.T, addr string) *hostile { return &hostile{t: t, addr: addr} }

// connect opens a connection. The speaker may still refuse the peer for a while.
func (h *hostile) connect(to *node) {
	h.t.Helper()
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(h.addr)}, Timeout: tooLong}
	for deadline := time.Now().Add(tooLong); ; {
		conn, err := d.Dial("tcp", net.JoinHostPort(to.addr.String(), "179"))
		if err == nil {
			h.conn = conn.(*net.TCPConn)
			h.t.Cleanup(func() { _ = conn.Close() })
			if kind, body := h.next(); kind == 1 {
				h.open = body
				return
			}
		}
		if time.Now().After(deadline) {
			h.t.Fatalf("%s is refused: %v", h.addr, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (h *hostile) say(b ...byte) {
	h.t.Helper()
	if _, err := h.conn.Write(b); err != nil && !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
		h.t.Fatal(err)
	}
}

// next returns the type and the body of the next message; 0 at the end.
func (h *hostile) next() (kind byte, body []byte) {
	h.t.Helper()
	return h.nextBefore(time.Now().Add(tooLong))
}

func (h *hostile) nextBefore(deadline time.Time) (kind byte, body []byte) {
	_ = h.conn.SetReadDeadline(deadline)
	head := make([]byte, 19)
	if _, err := io.ReadFull(h.conn, head); err != nil {
		return 0, nil
	}
	body = make([]byte, int(binary.BigEndian.Uint16(head[16:]))-19)
	if _, err := io.ReadFull(h.conn, body); err != nil {
		return 0, nil
	}
	return head[18], body
}

// establish brings the session up.
func (h *hostile) establish(to *node) {
	h.t.Helper()
	h.connect(to)
	h.say(append(slices.Clone(seeds()[0]), message(4)...)...)
	to.wait("session with "+h.addr, func() bool { return to.peers[netip.MustParseAddr(h.addr)].State == StateEstablished })
}

// wantNotification reads until the speaker ends the session.
func (h *hostile) wantNotification(code, subcode byte, data ...byte) {
	h.t.Helper()
	for {
		switch kind, body := h.next(); kind {
		case 0:
			h.t.Errorf("the connection ended without NOTIFICATION %d/%d", code, subcode)
			return
		case 3:
			if body[0] != code || body[1] != subcode || data != nil && !bytes.Equal(body[2:], data) {
				h.t.Errorf("NOTIFICATION %d/%d %x, want %d/%d %x", body[0], body[1], body[2:], code, subcode, data)
			}
			if kind, _ := h.next(); kind != 0 {
				h.t.Errorf("message %d after the NOTIFICATION", kind)
			}
			return
		}
	}
}

// openOfAS is the OPEN of a peer with another 4-octet AS number.
func openOfAS(as string) []byte {
	return bytes.Replace(seeds()[0], octetsOf("4104"+"0000fdea"), octetsOf("4104"+as), 1)
}

// TestRealHostilePeers sends a speaker what must not be sent, in every state. It
// answers as the RFCs specify, and another session is not affected.
func TestRealHostilePeers(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	friend := startNode(t, 65003, "", "10.0.0.3")
	u := func(attrs string) []byte { return updateOf(nil, octetsOf(attrs), nil) }
	header := func(kind, length byte) []byte {
		m := message(kind)
		m[17] = length
		return m
	}
	type answer struct {
		code, subcode byte
		data          []byte
	}
	cases := []struct {
		name  string
		phase string // opensent, openconfirm, established
		says  []byte
		want  answer
	}{
		{"no marker", "opensent", make([]byte, 19), answer{1, 1, nil}},
		{"type 9", "opensent", message(9), answer{1, 3, []byte{9}}},
		{"type 0", "openconfirm", message(0), answer{1, 3, []byte{0}}},
		{"type 6", "established", message(6), answer{1, 3, []byte{6}}},
		{"type 255", "established", message(255), answer{1, 3, []byte{255}}},
		{"length 18", "established", header(4, 18), answer{1, 2, []byte{0, 18}}},
		{"length of an empty UPDATE", "established", header(2, 19), answer{1, 2, []byte{0, 19}}},
		{"KEEPALIVE of 20 octets", "established", message(4, 0), answer{1, 2, []byte{0, 20}}},
		{"UPDATE of 4500 octets", "established", message(2, make([]byte, 4481)...), answer{1, 2, []byte{0x11, 0x94}}},
		{"UPDATE first", "opensent", u(""), answer{5, 1, []byte{2}}},
		{"KEEPALIVE first", "opensent", message(4), answer{5, 1, []byte{4}}},
		{"UPDATE before KEEPALIVE", "openconfirm", u(""), answer{5, 2, []byte{2}}},
		{"OPEN twice", "established", seeds()[0], answer{5, 3, []byte{1}}},
		{"version 5", "opensent", slices.Concat(seeds()[0][:19], []byte{5}, seeds()[0][20:]), answer{2, 1, []byte{0, 4}}},
		{"hold time 1", "opensent", slices.Concat(seeds()[0][:22], []byte{0, 1}, seeds()[0][24:]), answer{2, 6, nil}},
		{"identifier 0", "opensent", slices.Concat(seeds()[0][:24], []byte{0, 0, 0, 0}, seeds()[0][28:]), answer{2, 3, nil}},
		{"another AS", "opensent", openOfAS("0000fdeb"), answer{2, 2, octetsOf("fdeb")}},
		{"AS 0", "opensent", openOfAS("00000000"), answer{2, 2, octetsOf("0000")}},
		{"an unknown optional parameter", "opensent", slices.Concat(seeds()[0][:29], []byte{3}, seeds()[0][30:]), answer{2, 4, nil}},
		{"capability over the end", "opensent", slices.Concat(seeds()[0][:32], []byte{200}, seeds()[0][33:]), answer{2, 0, nil}},
		{"MP_REACH of three octets (case 01)", "established", u(attrsBase + "800e03000180"), answer{3, 9, octetsOf("800e03000180")}},
		{"NLRI cut after its label (case 02)", "established", u(attrsBase + "800e15" + "000180" + "0c" + "0000000000000000c0a80002" + "00" + "58003e81"), answer{3, 9, nil}},
		{"prefix too long", "established", u(attrsBase + "800e22" + "000180" + "0c" + "0000000000000000c0a80002" + "00" + "80" + "007d01" + "0000fdea00000001" + "1e01000000"), answer{3, 9, nil}},
		{"attributes over the end", "established", message(2, 0, 0, 0, 9, 0), answer{3, 1, nil}},
	}
	a.set(a.to(friend), neighborAt(a, "10.0.0.2", 65002))
	friend.set(friend.to(a))
	a.waitEstablished(friend)
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) {
			h := attack(t, "10.0.0.2")
			a.set(a.to(friend)) // removes the penalty of the last offence
			a.set(a.to(friend), neighborAt(a, "10.0.0.2", 65002))
			switch tt.phase {
			case "opensent":
				h.connect(a)
			case "openconfirm":
				h.connect(a)
				h.say(seeds()[0]...)
			default:
				h.establish(a)
			}
			h.say(tt.says...)
			h.wantNotification(tt.want.code, tt.want.subcode, tt.want.data...)
			want := "this router ended the session: " + gate.Notification{Code: tt.want.code, Subcode: tt.want.subcode}.String()
			a.wait("reason "+want, func() bool {
				p := a.peers[netip.MustParseAddr("10.0.0.2")]
				return p.State != StateEstablished && strings.HasPrefix(p.Down(), want)
			})
		})
	}
	quiet(t, a, friend)
}

// quiet checks that a session was established only once and has not ended.
func quiet(t *testing.T, a, friend *node) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	ups := 0
	for _, p := range a.history {
		if p.Address == friend.addr && p.State == StateEstablished {
			ups++
		}
	}
	if ups != 1 || a.peers[friend.addr].State != StateEstablished {
		t.Errorf("the session with %s came up %d times, and is %s", friend.addr, ups, a.peers[friend.addr].State)
	}
}

func neighborAt(n *node, addr string, as uint32, families ...vpn.Family) Neighbor {
	if families == nil {
		families = []vpn.Family{vpn.VPNv4, vpn.VPNv6}
	}
	return Neighbor{Address: netip.MustParseAddr(addr), LocalAddress: n.addr, AS: as, Settings: passive(settings(families...))}
}

// TestRealRepairedUpdates sends errors that RFC 7606 handles by treat-as-withdraw
// or attribute discard: the session survives.
func TestRealRepairedUpdates(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	a.set(neighborAt(a, "10.0.0.2", 65002))
	h := attack(t, "10.0.0.2")
	h.establish(a)
	peer := netip.MustParseAddr("10.0.0.2")
	key := Key{RD: mustRD("65002:1"), Prefix: netip.MustParsePrefix("30.1.0.0/24"), Peer: peer}
	u := func(attrs string) []byte { return updateOf(nil, octetsOf(attrs), nil) }
	vpn4 := strings.Replace(reachVPN4, "1e0100", "1e0100", 1)
	good := u(attrsBase + vpn4)
	for _, tt := range []struct {
		name string
		says []byte
		gone bool
		ok   func(Route) bool
	}{
		{"a good one", good, false, anyRoute},
		{"ORIGIN 9", u("40010109" + "40020602010000fdea" + vpn4), true, nil},
		{"AS_PATH over its end", u("40010100" + "40020602020000fdea" + vpn4), true, nil},
		{"no ORIGIN", u("40020602010000fdea" + vpn4), true, nil},
		{"truncated prefix SID (case 04)", u(attrsBase + "c0280705000400010000" + vpn4), false, func(r Route) bool { return r.Unusable == "" }},
		{"no bottom of the stack (case 03)", u(attrsBase + strings.Replace(vpn4, "007d01", "007d00", 1)), false, func(r Route) bool { return r.Unusable == "" && r.Label == 2000 }},
		{"LOCAL_PREF of an external peer", u(attrsBase + "40050400000064" + vpn4), false, func(r Route) bool { return r.LocalPref == nil }},
		{"two labels (case 05)", u(attrsBase + twoLabels), false, func(r Route) bool { return strings.Contains(r.Unusable, "2 labels") }},
		{"damaged communities", u(attrsBase + "c00803010203" + vpn4), true, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h.say(good...)
			a.waitRoute(key, func(r Route) bool { return r.Unusable == "" && r.Label == 2000 })
			h.say(tt.says...)
			if tt.gone {
				a.waitGone(key)
				return
			}
			a.waitRoute(key, tt.ok)
		})
	}
	h.say(slices.Concat(good, u(attrsBase+twoLabels))...)
	a.waitRoute(key, func(r Route) bool { return strings.Contains(r.Unusable, "2 labels") })
	h.say(u(unreachVPN)...)
	a.waitGone(key)
	// An RD of an unknown type is shown, and disappears with its withdrawal.
	h.say(u(attrsBase + attrsMore + strangeRD)...)
	rd := vpn.UnknownRD([8]byte(octetsOf("0007fdea00000001")))
	r := a.waitRoute(Key{RD: rd, Prefix: key.Prefix, Peer: peer}, anyRoute)
	if !strings.Contains(r.Unusable, "unknown type") || len(r.Targets) == 0 || r.NextHop.String() != "192.168.0.2" || rd.String() != "type7:fdea00000001" {
		t.Errorf("%s is %+v", rd, r)
	}
	rib, err := a.RIB(t.Context(), vpn.VPNv4)
	if err != nil || !slices.ContainsFunc(rib, func(p RIBPath) bool { return p.RD == rd }) {
		t.Errorf("RIB %+v, %v", rib, err)
	}
	h.say(u("800f12" + "000180" + "70" + "800000" + "0007fdea00000001" + "1e0100")...)
	a.waitGone(r.Key())
	if p := a.peers[peer]; p.State != StateEstablished {
		t.Errorf("the session is %s: %s", p.State, p.Down())
	}
}

// TestRealTwoOctetPeer sends AS_PATH after AS4_PATH, from a peer without 4-octet AS
// numbers: GoBGP alone writes beyond the end of the attributes then.
func TestRealTwoOctetPeer(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	a.set(neighborAt(a, "10.0.0.2", 65002))
	h := attack(t, "10.0.0.2")
	h.connect(a)
	caps := octetsOf("010400010080")
	h.say(message(1, slices.Concat(octetsOf(openBody), []byte{byte(len(caps) + 2), 2, byte(len(caps))}, caps)...)...)
	h.say(message(4)...)
	h.say(updateOf(nil, octetsOf(reachVPN4+"40010100"+"c011060201"+"0000fdea"+"4002040201fdea"), nil)...)
	r := a.waitRoute(Key{RD: mustRD("65002:1"), Prefix: netip.MustParsePrefix("30.1.0.0/24"), Peer: netip.MustParseAddr("10.0.0.2")}, anyRoute)
	if r.ASPath.String() != "65002" {
		t.Errorf("AS path %s", r.ASPath)
	}
}

// TestRealWordsOfThePeer checks that the reason for which a peer ends the session
// is reported.
func TestRealWordsOfThePeer(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	a.set(neighborAt(a, "10.0.0.2", 65002))
	peer := netip.MustParseAddr("10.0.0.2")
	for want, says := range map[string][]byte{
		`the peer ended the session: cease, administrative shutdown: "back at noon"`: message(3, append([]byte{6, 2, 12}, "back at noon"...)...),
		`the peer ended the session: cease, administrative reset`:                    message(3, 6, 4, 200, 'x'),
		`the peer ended the session: hold timer expired`:                             message(3, 4, 0),
	} {
		h := attack(t, "10.0.0.2")
		h.establish(a)
		h.say(says...)
		a.wait(want, func() bool { return a.peers[peer].Down() == want })
	}
	h := attack(t, "10.0.0.2")
	h.establish(a)
	if id := a.peers[peer].PeerID; id.String() != "10.0.0.1" {
		t.Errorf("the peer's identifier is %s", id)
	}
	_ = h.conn.CloseWrite()
	a.wait("the end of the connection", func() bool { return a.peers[peer].Down() == "the peer closed the connection" })
}

// What a peer says after a NOTIFICATION is of no session.
func TestRealNothingFollowsANotification(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	a.set(neighborAt(a, "10.0.0.2", 65002))
	h := attack(t, "10.0.0.2")
	h.connect(a)
	h.say(slices.Concat(seeds()[0], message(3, 6, 2), message(4))...)
	for kind := byte(1); kind != 0; {
		kind, _ = h.next()
	}
	m := a.transport.members
	m.mu.Lock()
	defer m.mu.Unlock()
	if p := m.peers[netip.MustParseAddr("10.0.0.2")]; p != nil && p.relay != nil {
		t.Error("the session has come up after its end")
	}
}

// A NOTIFICATION is not answered, whatever it says (RFC 4271 section 6.4).
func TestRealNotificationsAreNotAnswered(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	for _, says := range [][]byte{message(3, 6, 2), message(3, 1, 3, 9), message(3, 200, 200, 1, 2, 3), message(3, 0, 0)} {
		a.set()
		a.set(neighborAt(a, "10.0.0.2", 65002))
		h := attack(t, "10.0.0.2")
		h.establish(a)
		h.say(says...)
		for {
			kind, body := h.next()
			if kind == 3 {
				t.Errorf("%x is answered by NOTIFICATION %x", says[19:], body)
			}
			if kind == 0 {
				break
			}
		}
	}
}

// TestRealReasonsNotToConnect has absent peers.
func TestRealReasonsNotToConnect(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	n := neighborAt(a, "10.0.0.2", 65002)
	n.Passive = false
	a.set(n)
	peer := netip.MustParseAddr("10.0.0.2")
	a.wait("refusal", func() bool { return a.peers[peer].Down() == "cannot connect: connection refused" })
	n = neighborAt(a, "192.0.2.1", 65002)
	n.Passive = false
	a.set(n)
	a.wait("no way there", func() bool { return strings.Contains(a.peers[n.Address].Down(), "unreachable") })

	b := startNode(t, 65002, "", "10.0.0.2")
	secret := func(n Neighbor, s string) Neighbor { n.Password.Text = s; return n }
	b.set(secret(b.to(a), "one"))
	a.set(secret(a.to(b), "other"))
	a.wait("the suspicion", func() bool { return strings.Contains(a.peers[b.addr].Down(), "TCP-MD5 password") })
}

// TestRealOffendersWait checks that a peer that breaks the protocol is refused for
// longer each time.
func TestRealOffendersWait(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	a.set(neighborAt(a, "10.0.0.2", 65002))
	h := attack(t, "10.0.0.2")
	var waits []time.Duration
	for range 3 {
		began := time.Now()
		h.connect(a)
		waits = append(waits, time.Since(began))
		h.say(message(9)...)
		h.wantNotification(1, 3, 9)
	}
	if waits[1] < 800*time.Millisecond || waits[2] < 1800*time.Millisecond {
		t.Errorf("connected after %v; want a second, then two, after an offence", waits)
	}
}

// TestRealLimits covers a peer's limits: the number of prefixes, with a warning
// before it is reached, and the length of attributes.
func TestRealLimits(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	peer := netip.MustParseAddr("10.0.0.2")
	n := neighborAt(a, "10.0.0.2", 65002)
	n.MaxPrefixes = 10
	route := func(i byte, more string) []byte {
		vpn4 := octetsOf(reachVPN4)
		vpn4[len(vpn4)-2] = i
		return updateOf(nil, append(octetsOf(attrsBase+more), vpn4...), nil)
	}
	a.set(n)
	h := attack(t, "10.0.0.2")
	h.establish(a)
	for i := range byte(8) {
		h.say(route(i, "")...)
	}
	a.wait("warning", func() bool { return a.peers[peer].Warning == "8 prefixes received, of at most 10" })
	h.say(slices.Concat(route(8, ""), route(9, ""), route(10, ""), route(11, ""))...)
	h.wantNotification(6, 1)
	a.wait("end", func() bool { return a.peers[peer].Reason == "more than 10 prefixes" && len(a.routes) == 0 })
	if got := fmt.Sprint(a.peers[peer].Warning); got != "" {
		t.Errorf("the warning %q stays", got)
	}
	a.set()
	a.set(n)
	h.establish(a)
	giant := fmt.Sprintf("d0f1%04x", 3000) + strings.Repeat("00", 3000)
	h.say(slices.Concat(route(1, giant), route(2, giant))...)
	h.wantNotification(6, 8)
	a.wait("end", func() bool { return strings.Contains(a.peers[peer].Reason, "attributes of more than 5120 octets") })
}
