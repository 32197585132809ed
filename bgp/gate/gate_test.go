package gate

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func unhex(text string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

func msg(kind uint8, body string) []byte {
	b := unhex(body)
	return append(appendHeader(nil, kind, len(b)), b...)
}

const openCaps = "010400010001 010400020001 010400010080 010400020080 0200 41040000fdea"

func open(caps string) []byte {
	b := unhex(caps)
	m := unhex("04 fdea 005a 0a000001")
	m = append(m, byte(len(b)+2), 2, byte(len(b)))
	return append(appendHeader(nil, typeOpen, len(m)+len(b)), append(m, b...)...)
}

// judgeOf returns a judge whose session is established.
func judgeOf(t *testing.T, localAS uint32, caps string) *Judge {
	t.Helper()
	j := NewJudge(Config{LocalAS: localAS, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9")})
	j.Sent(open(openCaps))
	if v := j.Received(open(caps)); v.Refuse != nil || !v.Opened {
		t.Fatalf("%+v", v)
	}
	if v := j.Received(Keepalive()); v.Refuse != nil || !j.Established() {
		t.Fatalf("%+v", v)
	}
	return j
}

func TestNext(t *testing.T) {
	for _, tt := range []struct {
		name          string
		b             []byte
		whole         int
		code, subcode uint8
	}{
		{"nothing", nil, 0, 0, 0},
		{"a part of the marker", unhex("ffffff"), 0, 0, 0},
		{"a wrong octet early", unhex("fffe"), 0, 1, 1},
		{"KEEPALIVE and more", append(Keepalive(), 0xff), 19, 0, 0},
		{"a part of an UPDATE", msg(2, "00000000")[:21], 0, 0, 0},
		{"KEEPALIVE of 20", msg(4, "00"), 0, 1, 2},
		{"OPEN of 28", msg(1, "000000000000000000"), 0, 1, 2},
		{"NOTIFICATION of 20", msg(3, "00"), 0, 1, 2},
		{"ROUTE-REFRESH of 21", msg(5, "0001"), 0, 1, 2},
		{"ROUTE-REFRESH of 24, which has to be read", msg(5, "0001000100"), 24, 0, 0},
		{"UPDATE of 4097", append(appendHeader(nil, 2, maxLength-18), make([]byte, maxLength)...), 0, 1, 2},
		{"unknown type, length 18", append(slices.Repeat([]byte{0xff}, 16), 0, 18, 77), 0, 1, 2},
		{"unknown type", msg(77, ""), 0, 1, 3},
	} {
		got, refused := Next(tt.b)
		if len(got) != tt.whole || (refused != nil) != (tt.code != 0) || refused != nil && (refused.Code != tt.code || refused.Subcode != tt.subcode) {
			t.Errorf("%s: %d octets, %v", tt.name, len(got), refused)
		}
	}
}

func TestOpen(t *testing.T) {
	for _, tt := range []struct {
		name    string
		change  func(m []byte) []byte
		subcode int // -1: accepted
	}{
		{"as it should be", func(m []byte) []byte { return m }, -1},
		{"version 3", func(m []byte) []byte { m[19] = 3; return m }, 1},
		{"another AS", func(m []byte) []byte { return open("41040000fdeb") }, 2},
		{"identifier 0", func(m []byte) []byte { copy(m[24:], []byte{0, 0, 0, 0}); return m }, 3},
		{"hold time 2", func(m []byte) []byte { m[23] = 2; return m }, 6},
		{"hold time 0", func(m []byte) []byte { m[23] = 0; return m }, -1},
		{"unknown parameter", func(m []byte) []byte { m[29] = 1; return m }, 4},
		{"parameters longer than the message", func(m []byte) []byte { m[28]++; return m }, 0},
		{"capability longer than its parameter", func(m []byte) []byte { m[32] = 99; return m }, 0},
		{"a capability that nobody knows, and one of a wrong length", func([]byte) []byte { return open(openCaps + "c801ff 010100 4001ff") }, -1},
		{"the long form of RFC 9072", func([]byte) []byte { return msg(1, "04fdea005a0a000001 ff ff 0009 02 0006 41040000fdea") }, -1},
	} {
		j := NewJudge(Config{LocalAS: 65001, PeerAS: 65002})
		v := j.Received(tt.change(open(openCaps)))
		switch {
		case tt.subcode < 0 && (v.Refuse != nil || !v.Opened || j.Peer().AS != 65002):
			t.Errorf("%s: refused: %v", tt.name, v.Refuse)
		case tt.subcode >= 0 && (v.Refuse == nil || v.Refuse.Code != CodeOpen || int(v.Refuse.Subcode) != tt.subcode):
			t.Errorf("%s: %+v, want 2/%d", tt.name, v.Refuse, tt.subcode)
		}
		if bytes.Contains(v.Pass, []byte{0xc8}) {
			t.Errorf("%s: an unknown capability is passed on", tt.name)
		}
	}
	same := NewJudge(Config{LocalAS: 65002, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.1")})
	if v := same.Received(open(openCaps)); v.Refuse == nil || v.Refuse.Subcode != 3 {
		t.Errorf("our own identifier in our AS: %+v", v)
	}
}

const (
	base    = "40010100 4002060201 0000fdea "
	hop     = "400304c0a80002 "
	nlri4   = "180a0102"
	vpnNLRI = "70 007d01 0000fdea00000001 1e0100"
	reach   = "800e20 000180 0c 0000000000000000c0a80002 00 " + vpnNLRI
	vpnGone = "800f12 000180 70 800000 0000fdea00000001 1e0100"
)

func updateMsg(withdrawn, attrs, routes string) []byte {
	return appendUpdate(nil, unhex(withdrawn), unhex(attrs), unhex(routes))
}

// The outcomes of RFC 7606: unchanged, an attribute discarded, the routes
// withdrawn, or the end of the session.
func TestUpdates(t *testing.T) {
	same, end := []byte("same"), []byte("end")
	gone4 := updateMsg(nlri4, "", "")
	goneVPN := updateMsg("", vpnGone, "")
	for _, tt := range []struct {
		name string
		in   []byte
		want []byte
	}{
		{"IPv4", updateMsg("", base+hop, nlri4), same},
		{"VPN", updateMsg("", base+reach, ""), same},
		{"withdrawals", updateMsg(nlri4, vpnGone, ""), same},
		{"end of RIB", updateMsg("", "", ""), same},
		{"end of RIB, VPN", updateMsg("", "800f03000180", ""), same},

		{"ORIGIN of two octets", updateMsg("", "4001020000 4002060201 0000fdea "+hop, nlri4), gone4},
		{"ORIGIN with the flags of a MED", updateMsg("", "80010100 4002060201 0000fdea "+hop, nlri4), gone4},
		{"an empty segment", updateMsg("", "40010100 4002020200 "+hop, nlri4), gone4},
		{"a confederation", updateMsg("", "40010100 40020603010000fdea "+hop, nlri4), gone4},
		{"NEXT_HOP of class D", updateMsg("", base+"400304e0000001", nlri4), gone4},
		{"no NEXT_HOP", updateMsg("", base, nlri4), gone4},
		{"no AS_PATH", updateMsg("", "40010100"+reach, ""), goneVPN},
		{"MED of three octets", updateMsg("", base+"800403000000"+reach, ""), goneVPN},
		{"no communities in COMMUNITIES", updateMsg("", base+"c00800"+reach, ""), goneVPN},
		{"extended communities of nine octets", updateMsg("", base+"c01009000000000000000000"+reach, ""), goneVPN},
		{"large communities of four octets", updateMsg("", base+"c0200400000000"+reach, ""), goneVPN},
		{"an attribute over the end", updateMsg("", base+reach+"c0100f00", ""), goneVPN},
		{"both families", updateMsg("", "40010109 40020602010000fdea"+hop+reach, nlri4), append(slices.Clone(gone4), goneVPN...)},

		{"LOCAL_PREF from outside", updateMsg("", base+"40050400000064"+reach, ""), updateMsg("", base+reach, "")},
		{"ORIGINATOR_ID and CLUSTER_LIST from outside", updateMsg("", base+"80090401020304 800a0401020304"+reach, ""), updateMsg("", base+reach, "")},
		{"ATOMIC_AGGREGATE of an octet", updateMsg("", base+"40060100"+reach, ""), updateMsg("", base+reach, "")},
		{"AGGREGATOR of six octets", updateMsg("", base+"c007060102030405ff"+reach, ""), updateMsg("", base+reach, "")},
		{"prefix SID over its end", updateMsg("", base+"c0280705000400010000"+reach, ""), updateMsg("", base+reach, "")},
		{"AIGP of two octets", updateMsg("", base+"801a020100"+reach, ""), updateMsg("", base+reach, "")},
		{"NEXT_HOP beside VPN routes", updateMsg("", base+hop+reach, ""), updateMsg("", base+reach, "")},
		{"MED twice", updateMsg("", base+"80040400000001 80040400000002"+reach, ""), updateMsg("", base+"80040400000001"+reach, "")},
		{"an unknown attribute, transitive", updateMsg("", base+"e0c80100"+reach, ""), same},
		{"an unknown attribute, not transitive", updateMsg("", base+"80c80100"+reach, ""), updateMsg("", base+reach, "")},
		{"unused flags", updateMsg("", base+"8f0404 00000001"+reach, ""), updateMsg("", base+"800404 00000001"+reach, "")},
		{"flags that are ignored", updateMsg("", base+"c908040000fdea"+reach, ""), updateMsg("", base+"c008040000fdea"+reach, "")},
		{"a family that is not negotiated", updateMsg("", base+"800e08 000119 00 00 000000", ""), Keepalive()},
		{"no bottom", updateMsg("", base+strings.Replace(reach, "007d01", "007d00", 1), ""), updateMsg("", base+reach, "")},

		{"MP_REACH_NLRI twice", updateMsg("", base+reach+reach, ""), end},
		{"unknown and well-known", updateMsg("", base+"40c80100"+reach, ""), end},
		{"next hop of five octets", updateMsg("", base+"800e19 000180 05 c0a8000201 00 "+vpnNLRI, ""), end},
		{"prefix of 33 bits", updateMsg("", base+hop, "210a01020304"), end},
		{"prefix over the end", updateMsg("", base+hop, "180a01"), end},
		{"VPN prefix without RD", updateMsg("", base+"800e16 000180 0c 0000000000000000c0a80002 00 18007d01", ""), end},
		{"withdrawn routes over the end", msg(2, "00050000"), end},
		{"attributes over the end", msg(2, "00000005"), end},
		{"nothing but a part of an attribute", msg(2, "000000024001"), end},
	} {
		j := judgeOf(t, 65001, openCaps)
		in := slices.Clone(tt.in)
		if m, refused := Next(in); m == nil {
			t.Fatalf("%s: no message: %v", tt.name, refused)
		}
		v := j.Received(in)
		switch {
		case bytes.Equal(tt.want, end):
			if v.Refuse == nil || v.Refuse.Code != CodeUpdate {
				t.Errorf("%s: passed on as %x, refused %v", tt.name, v.Pass, v.Refuse)
			}
		case v.Refuse != nil:
			t.Errorf("%s: refused: %v", tt.name, v.Refuse)
		case bytes.Equal(tt.want, same):
			if !bytes.Equal(v.Pass, tt.in) || len(v.Faults) > 0 {
				t.Errorf("%s: changed to %x: %v", tt.name, v.Pass, v.Faults)
			}
		case !bytes.Equal(v.Pass, tt.want):
			t.Errorf("%s: passed on as\n%x, want\n%x", tt.name, v.Pass, tt.want)
		}
	}
}

// From an internal peer, attributes that have a meaning only there are kept.
func TestUpdatesInside(t *testing.T) {
	j := judgeOf(t, 65002, openCaps)
	in := updateMsg("", "40010100 400200 40050400000064 80090401020304 800a0401020304"+reach, "")
	if v := j.Received(slices.Clone(in)); !bytes.Equal(v.Pass, in) {
		t.Errorf("%+v", v)
	}
}

// A peer without 4-octet AS numbers sends shorter paths, and AS4_PATH comes after
// AS_PATH.
func TestTwoOctetAS(t *testing.T) {
	const as2, as4, agg2, agg4 = "4002040201fdea", "c011060201 0000fdea", "c00706 fdea01020304", "c01208 0000fdea01020304"
	shuffled := judgeOf(t, 65001, "010400010080").Received(updateMsg("", as4+agg4+agg2+as2+"40010100"+reach, ""))
	if want := updateMsg("", "40010100"+as2+agg2+as4+agg4+reach, ""); !bytes.Equal(shuffled.Pass, want) {
		t.Errorf("passed on as\n%x, want\n%x", shuffled.Pass, want)
	}
	alone := judgeOf(t, 65001, "010400010080").Received(updateMsg("", "40010100"+as2+agg4+reach, ""))
	if want := updateMsg("", "40010100"+as2+reach, ""); !bytes.Equal(alone.Pass, want) {
		t.Errorf("passed on as\n%x, want\n%x", alone.Pass, want)
	}
	j := judgeOf(t, 65001, "010400010001 010400010080")
	in := updateMsg("", "40010100 4002040201fdea"+reach, "")
	if v := j.Received(slices.Clone(in)); !bytes.Equal(v.Pass, in) {
		t.Errorf("%+v", v)
	}
	if v := j.Received(updateMsg("", base+reach, "")); len(v.Faults) == 0 {
		t.Errorf("4-octet AS numbers pass: %+v", v)
	}
}

func TestStrangeRDs(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	strange := strings.Replace(reach, "0000fdea", "0007fdea", 1)
	v := j.Received(updateMsg("", base+strange, ""))
	want := Path{Family: VPNv4, RD: [8]byte(unhex("0007fdea00000001")), Prefix: netip.MustParsePrefix("30.1.0.0/24")}
	if !bytes.Equal(v.Pass, Keepalive()) || len(v.Strange) != 1 || v.Strange[0].Path != want || v.Strange[0].Withdrawn || j.Held() != 1 {
		t.Errorf("%+v", v)
	}
	v = j.Received(updateMsg("", strings.Replace(vpnGone, "0000fdea", "0007fdea", 1), ""))
	if !bytes.Equal(v.Pass, Keepalive()) || len(v.Strange) != 1 || !v.Strange[0].Withdrawn || j.Held() != 0 {
		t.Errorf("%+v", v)
	}
}

// Routes with several labels are not shown either: an earlier route to the prefix
// is withdrawn, and a later one replaces them.
func TestSeveralLabels(t *testing.T) {
	two := "800e23 000180 0c 0000000000000000c0a80002 00 88 00bb80 00fa01 0000fdea00000001 1e0100"
	j := judgeOf(t, 65001, openCaps)
	one := updateMsg("", base+reach, "")
	gone := updateMsg("", vpnGone, "")
	j.Received(slices.Clone(one))
	if v := j.Received(updateMsg("", base+two, "")); !bytes.Equal(v.Pass, gone) || len(v.Strange) != 1 || !strings.Contains(v.Strange[0].Why, "2 labels") || v.Strange[0].Withdrawn || j.Held() != 1 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
	if v := j.Received(slices.Clone(one)); !bytes.Equal(v.Pass, one) || len(v.Strange) != 1 || !v.Strange[0].Withdrawn {
		t.Errorf("%+v", v)
	}
	j.Received(updateMsg("", base+two, ""))
	if v := j.Received(slices.Clone(gone)); !bytes.Equal(v.Pass, gone) || len(v.Strange) != 1 || !v.Strange[0].Withdrawn || j.Held() != 0 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
}

// The limit counts what the peer has announced and not withdrawn, however often it
// has announced it.
func TestLimit(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	announce := func(third string) Verdict { return j.Received(updateMsg("", base+hop, "180a01"+third)) }
	j.SetLimit(Limit{Paths: 2})
	for range 3 {
		if v := announce("01"); v.Refuse != nil {
			t.Fatal(v.Refuse)
		}
	}
	announce("02")
	j.Received(updateMsg("180a0101", "", ""))
	if v := announce("03"); v.Refuse != nil || v.Warning == "" || j.Held() != 2 {
		t.Errorf("%+v, %d held", v, j.Held())
	}
	// A route that is withdrawn because of an error does not count either.
	j.Received(updateMsg("", "40010109"+hop, "180a0103"))
	if j.Held() != 1 {
		t.Errorf("%d held", j.Held())
	}
	announce("04")
	if v := announce("05"); v.Refuse == nil || v.Refuse.Code != CodeCease || v.Refuse.Subcode != ceaseMaxPrefixes || !v.Limit || v.Pass != nil {
		t.Errorf("%+v", v)
	}
	if j.Excess() != "more than 2 prefixes" {
		t.Error(j.Excess())
	}
}

func TestPhases(t *testing.T) {
	refresh := msg(5, "00010080")
	j := NewJudge(Config{LocalAS: 65001, PeerAS: 65002})
	if v := j.Received(refresh); v.Refuse == nil || v.Refuse.Code != CodeFSM || v.Refuse.Subcode != 1 {
		t.Errorf("%+v", v)
	}
	j = judgeOf(t, 65001, "010400010080")
	if v := j.Received(refresh); v.Refresh == nil || v.Refresh.Family != VPNv4 {
		t.Errorf("%+v", v)
	}
	if v := j.Received(msg(5, "00020080")); v.Refresh != nil || v.Pass != nil || v.Refuse != nil {
		t.Errorf("a family that is not negotiated: %+v", v)
	}
	v := j.Received(msg(3, "0602 05 68656c6c6f"))
	if v.Ended == nil || !bytes.Equal(v.Pass, msg(3, "0602")) || v.Ended.String() != `cease, administrative shutdown: "hello"` {
		t.Errorf("%+v: %v", v, v.Ended)
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		n    Notification
		want string
	}{
		{Notification{1, 3, []byte{9}}, "message header error, bad message type: type 9"},
		{Notification{4, 0, nil}, "hold timer expired"},
		{Notification{6, 2, append([]byte{4}, "a\x00\x1bb"...)}, `cease, administrative shutdown: "a  b"`},
		{Notification{6, 2, []byte{9, 'a'}}, "cease, administrative shutdown"},
		{Notification{6, 4, []byte{1, 0xff}}, "cease, administrative reset"},
		{Notification{2, 2, []byte{0xfd, 0xea}}, "OPEN message error, bad peer AS: AS 65002"},
		{Notification{6, 77, nil}, "cease, subcode 77"},
		{Notification{99, 1, nil}, "error 99/1"},
	} {
		if got := tt.n.String(); got != tt.want {
			t.Errorf("%q, want %q", got, tt.want)
		}
	}
}
