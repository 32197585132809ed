package gate

import (
	"bytes"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// ourOpenMsg is an OPEN as GoBGP sends it: with the server's name.
func ourOpenMsg() []byte { return open("0200 4908 06736572766572 00" + openCaps) }

// What the peer is told names the router, not the server, and has hold time 0
// where the session is to have none (RFC 4271 section 4.2).
func TestOurOpen(t *testing.T) {
	for _, tt := range []struct {
		name   string
		noHold bool
		called string
		hold   uint16
		fqdn   string
	}{
		{"named", false, "pe1", 90, "490503 706531 00"},
		{"without name", false, "", 90, ""},
		{"too long a name", false, strings.Repeat("x", 65), 90, ""},
		{"no hold time", true, "", 0, ""},
	} {
		j := NewJudge(Config{LocalAS: 65002, PeerAS: 65001, NoHoldTime: tt.noHold, Name: tt.called})
		said := j.Sent(append(ourOpenMsg(), Keepalive()...))
		m, refused := Next(said)
		if refused != nil || !bytes.Equal(said[len(m):], Keepalive()) {
			t.Fatalf("%s: %x, %v", tt.name, said, refused)
		}
		o, refused := parseOpen(m)
		if refused != nil || o.HoldTime != tt.hold || o.AS != 65002 || len(o.Families) != 4 {
			t.Errorf("%s: %+v, %v", tt.name, o, refused)
		}
		if bytes.Contains(m, []byte("server")) || !bytes.Contains(m, unhex(tt.fqdn)) {
			t.Errorf("%s: capabilities %x", tt.name, m[31:])
		}
	}
	strange := msg(typeOpen, "04fdea005a0a000001 ff ff 0009 02 0006 41040000fdea")
	if said := NewJudge(Config{Name: "pe1"}).Sent(bytes.Clone(strange)); !bytes.Equal(said, strange) {
		t.Errorf("an OPEN of another form became %x", said)
	}
}

// Without hold time the receiver is shown the longest one, and its KEEPALIVEs stay
// here but for the first.
func TestNoHoldTime(t *testing.T) {
	for name, tt := range map[string]struct {
		ours, theirs string
		want         int
	}{
		"ours": {"0000", "005a", 0}, "theirs": {"005a", "0000", 0}, "none": {"005a", "0028", 40},
	} {
		j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002})
		with := func(hold string) []byte {
			m := open(openCaps)
			copy(m[22:], unhex(hold))
			return m
		}
		j.Sent(with(tt.ours))
		v := j.Received(with(tt.theirs))
		if j.HoldTime() != tt.want || v.Refuse != nil {
			t.Fatalf("%s: hold time %d, %v", name, j.HoldTime(), v.Refuse)
		}
		shown, _ := parseOpen(v.Pass)
		if tt.want == 0 && shown.HoldTime != noHold || tt.want != 0 && shown.HoldTime != 40 {
			t.Errorf("%s: shown as %d", name, shown.HoldTime)
		}
	}
	greeted := false
	u := updateMsg(nlri4, "", "")
	if got := Silence(slices.Concat(Keepalive(), u, Keepalive()), &greeted); !bytes.Equal(got, append(Keepalive(), u...)) {
		t.Errorf("%x", got)
	}
	if got := Silence(slices.Concat(Keepalive(), Keepalive()), &greeted); len(got) != 0 {
		t.Errorf("%x", got)
	}
}

// Routes that the receiver has kept over a restart go at once unless the peer has
// forwarded their packets (RFC 4724 section 4.2).
func TestRestart(t *testing.T) {
	four := Path{Family: VPNv4, RD: [8]byte(unhex("0000fdea00000001")), Prefix: netip.MustParsePrefix("30.1.0.0/24")}
	six := Path{Family: VPNv6, RD: four.RD, Prefix: netip.MustParsePrefix("2001:db8::/32")}
	plain4 := Path{Family: IPv4, Prefix: netip.MustParsePrefix("10.1.2.0/24")}
	plain6 := Path{Family: IPv6, Prefix: netip.MustParsePrefix("2001:db8::/31")}
	gone6 := appendUpdate(nil, nil, appendMP(nil, attrUnreach, VPNv6.header(), unhex("78 800000 0000fdea00000001 20010db8")), nil)
	for _, tt := range []struct {
		name string
		caps string
		kept []Path
		want []byte
	}{
		{"no graceful restart", "", []Path{four, six}, slices.Concat(updateMsg("", vpnGone, ""), gone6)},
		{"neither family preserved", "40020078", []Path{four, six}, slices.Concat(updateMsg("", vpnGone, ""), gone6)},
		{"the F bit is clear for IPv6", "400a 8078 00018080 00028000", []Path{four, six}, gone6},
		{"all preserved", "400a 8078 00018080 00028080", []Path{four, six}, nil},
		{"plain families", "", []Path{plain4, plain6}, slices.Concat(updateMsg("180a0102", "", ""), updateMsg("", "800f08 000201 1f 20010db8", ""))},
	} {
		j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, Retained: func() Retained { return Retained{Waits: true, Paths: tt.kept} }})
		j.Sent(open(openCaps))
		v := j.Received(open(openCaps + tt.caps))
		if v.Refuse != nil || !bytes.Contains(v.Pass, []byte{capGracefulRestart}) {
			t.Fatalf("%s: %+v", tt.name, v)
		}
		if v = j.Received(Keepalive()); !bytes.Equal(v.Pass, append(Keepalive(), tt.want...)) {
			t.Errorf("%s: passed on as\n%x, want\n%x", tt.name, v.Pass, tt.want)
		}
	}
	// A family that is gone cannot be withdrawn.
	j := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, Retained: func() Retained { return Retained{Waits: true, Paths: []Path{six}} }})
	j.Sent(open(openCaps))
	if v := j.Received(open("010400010080 41040000fdea")); v.Refuse == nil || v.Refuse.Code != CodeCease || v.Refuse.Subcode != ceaseOtherChange {
		t.Errorf("%+v", v)
	}
}

// However many routes are withdrawn, the messages are no longer than allowed.
func TestManyLostRoutes(t *testing.T) {
	var paths []Path
	for i := range 10_000 {
		paths = append(paths, Path{Family: VPNv4, Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), 0}), 24)})
	}
	n := 0
	for b := withdrawLost(paths); len(b) > 0; n++ {
		m, refused := Next(b)
		if m == nil || refused != nil {
			t.Fatalf("%v at %d octets", refused, len(b))
		}
		b = b[len(m):]
	}
	if n < 30 || n > 60 {
		t.Errorf("%d messages", n)
	}
}
