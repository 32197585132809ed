package gate

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

const (
	rtcCap  = " 010400010084"
	rtcEnd  = "800f03000184"
	rtNLRI  = "60 0000fdea 0002fde900000065" // AS 65002 asks for 65001:101
	rtNLRI2 = "60 0000fdea 0002fde900000066"
)

// rtcReach is MP_REACH_NLRI of memberships.
func rtcReach(nlri string) string {
	return fmt.Sprintf("800e%02x 000184 04 c0a80002 00 ", 9+len(unhex(nlri))) + nlri
}

func rtcUnreach(nlri string) string {
	return fmt.Sprintf("800f%02x 000184 ", 3+len(unhex(nlri))) + nlri
}

func constrainedJudge(t *testing.T, localAS uint32) *Judge {
	t.Helper()
	j := NewJudge(Config{LocalAS: localAS, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9"), Constrain: true})
	said := j.Sent(open(openCaps))
	if !bytes.Contains(said, unhex(rtcCap)) {
		t.Fatalf("%x does not offer it", said)
	}
	v := j.Received(open(enhanced + rtcCap))
	if v.Refuse != nil || bytes.Contains(v.Pass, unhex(rtcCap)) || !j.Constrains() {
		t.Fatalf("%+v", v)
	}
	j.Received(Keepalive())
	return j
}

// What a peer says of memberships is followed, and nothing of it passed on.
func TestMemberships(t *testing.T) {
	mp := func(attrs string) []byte { return updateMsg("", attrs, "") }
	for _, tt := range []struct {
		name    string
		says    [][]byte
		want    string
		changed bool
		end     bool
	}{
		{"one", [][]byte{mp(base + rtcReach(rtNLRI))}, "65001:101", true, false},
		{"again", [][]byte{mp(base + rtcReach(rtNLRI)), mp(base + rtcReach(rtNLRI))}, "65001:101", false, false},
		{"two, and an end of RIB", [][]byte{mp(base + rtcReach(rtNLRI+rtNLRI2)), mp(rtcEnd)}, "65001:101 65001:102", true, true},
		{"one is withdrawn", [][]byte{mp(base + rtcReach(rtNLRI+rtNLRI2)), mp(rtcUnreach(rtNLRI))}, "65001:102", true, false},
		{"all", [][]byte{mp(base + rtcReach("00"))}, "all", true, false},
		{"all of an AS", [][]byte{mp(base + rtcReach("20 0000fdea"))}, "all", true, false},
		{"those of an administrator", [][]byte{mp(base + rtcReach("40 0000fdea 0002fde9"))}, "65001:0/32", true, false},
		{"of 67 bits", [][]byte{mp(base + rtcReach("43 0000fdea 0002fde9ff"))}, "65001:3758096384/35", true, false},
		{"the AS path is malformed", [][]byte{mp(base + rtcReach(rtNLRI)), mp("40010100 4002060201 00000000" + rtcReach(rtNLRI))}, "", true, false},
		{"it has been here", [][]byte{mp(base + rtcReach(rtNLRI)), mp("40010100 40020a0202 0000fdea 0000fde9" + rtcReach(rtNLRI))}, "", true, false},
		{"withdrawn and announced", [][]byte{mp(base + rtcUnreach(rtNLRI) + rtcReach(rtNLRI))}, "65001:101", true, false},
		{"not repeated after BoRR", [][]byte{mp(base + rtcReach(rtNLRI+rtNLRI2)), mp(rtcEnd), msg(5, "00010184"), mp(base + rtcReach(rtNLRI2)), msg(5, "00010284")}, "65001:102", true, true},
	} {
		j := constrainedJudge(t, 65001)
		var v Verdict
		for _, m := range tt.says {
			if v = j.Received(slices.Clone(m)); v.Refuse != nil || len(v.Pass) > 0 && !bytes.Equal(v.Pass, Keepalive()) || len(v.Strange) > 0 {
				t.Errorf("%s: %+v", tt.name, v)
			}
		}
		list, end := j.Memberships()
		var words []string
		for m := range list {
			words = append(words, m.String())
		}
		slices.Sort(words)
		if got := strings.Join(words, " "); got != tt.want || v.Members != tt.changed || end != tt.end || j.Held() != 0 {
			t.Errorf("%s: %q, changed %t, end %t; want %q, %t, %t", tt.name, got, v.Members, end, tt.want, tt.changed, tt.end)
		}
	}
}

// Memberships beside VPN routes in one message leave the routes alone.
func TestMembershipsAmongRoutes(t *testing.T) {
	j := constrainedJudge(t, 65001)
	want := updateMsg("", base+hop, nlri4)
	v := j.Received(updateMsg("", base+hop+rtcReach(rtNLRI), nlri4))
	if !bytes.Equal(v.Pass, want) || !v.Members || j.Held() != 1 {
		t.Errorf("passed on as\n%x, want\n%x", v.Pass, want)
	}
}

// Without the capability at both ends, memberships are routes of an unknown family.
func TestMembershipsNotNegotiated(t *testing.T) {
	j := judgeOf(t, 65001, openCaps+rtcCap)
	if v := j.Received(updateMsg("", base+rtcReach(rtNLRI), "")); v.Members || len(v.Faults) != 1 || v.Faults[0].Kind != FaultFamily {
		t.Errorf("%+v", v)
	}
}

// A peer cannot make the router remember any number of memberships.
func TestMembershipsAreBounded(t *testing.T) {
	j := constrainedJudge(t, 65001)
	for i := 0; i <= maxMemberships; {
		var nlri []byte
		for range 200 {
			nlri = append(append(nlri, unhex("60 0000fdea 0002fde9")...), byte(i>>24), byte(i>>16), byte(i>>8), byte(i))
			i++
		}
		head := unhex("000184 04 c0a80002 00")
		v := j.Received(appendUpdate(nil, nil, append(unhex(base), appendMP(nil, attrReach, head, nlri)...), nil))
		if v.Refuse == nil {
			continue
		}
		if i <= maxMemberships || !v.Limit || v.Refuse.Code != CodeCease || v.Refuse.Subcode != ceaseResources || !strings.Contains(j.Excess(), "memberships") {
			t.Errorf("after %d: %+v, %s", i, v, j.Excess())
		}
		return
	}
	t.Error("never refused")
}

// constrained is an editor of a session with route target constraint, established.
func constrained(c EditorConfig) *Editor {
	e := NewEditor(c)
	ours, _ := parseOpen(open(enhanced + rtcCap + " 40020078"))
	e.Opened(ours, ours)
	e.Established()
	if out, _ := e.Edit(nil, Keepalive()); !bytes.Equal(out, Keepalive()) {
		panic("the KEEPALIVE has not passed")
	}
	return e
}

// targetUpdate is an UPDATE of 30.1.N.0/24 with route target 65001:RT.
func targetUpdate(n byte, targets ...int) []byte {
	var v []byte
	for _, t := range targets {
		v = append(v, 0, 2, 0xfd, 0xe9, 0, 0, 0, byte(t))
	}
	attrs := unhex(base)
	if len(v) > 0 {
		attrs = append(attrs, newAttribute(transitive, attrExtCommunities, v).raw...)
	}
	return appendUpdate(nil, nil, append(attrs, unhex(strings.Replace(reach, "1e0100", "1e01"+hex.EncodeToString([]byte{n}), 1))...), nil)
}

func asks(texts ...string) map[Membership]Reflection {
	list := make(map[Membership]Reflection)
	for _, text := range texts {
		if text == "all" {
			list[Membership{}] = Reflection{}
			continue
		}
		text, bits, _ := strings.Cut(text, "/")
		rt, err := vpn.ParseRouteTarget(text)
		if err != nil {
			panic(err)
		}
		m := TargetMembership(65002, rt)
		if bits != "" {
			fmt.Sscan(bits, &m.Bits)
			m.Bits += asBits
		}
		list[m] = Reflection{}
	}
	return list
}

// thirds lists the third octets of the prefixes that a peer knows.
func (r receiver) thirds() string {
	var list []string
	for p := range r {
		list = append(list, fmt.Sprint(p.Prefix.Addr().As4()[2]))
	}
	slices.Sort(list)
	return strings.Join(list, " ")
}

// A peer is told what it asks for, whatever changes: what it asks for, the routes, or
// their targets.
func TestConstraint(t *testing.T) {
	e := constrained(EditorConfig{External: true})
	peer := receiver{}
	want := func(what, thirds string) {
		t.Helper()
		if got := peer.thirds(); got != thirds || e.Told() != len(peer) || len(e.Paths()) != len(peer) {
			t.Errorf("%s: the peer knows %q, %d are counted, %d listed; want %q", what, got, e.Told(), len(e.Paths()), thirds)
		}
	}
	hears := func(msgs ...[]byte) {
		t.Helper()
		peer.take(t, e.Speak(edit(t, e, msgs...)))
	}
	ask := func(texts ...string) {
		t.Helper()
		e.SetInterest(asks(texts...), true)
		hears()
	}
	hears(targetUpdate(1, 101), targetUpdate(2, 102), targetUpdate(3, 101, 102), targetUpdate(4))
	want("nothing is asked for", "")
	ask("65001:101")
	want("101", "1 3")
	ask("65001:102", "65001:101")
	want("101 and 102", "1 2 3")
	ask("65001:102")
	want("102", "2 3")
	hears(targetUpdate(2, 101), targetUpdate(1, 102))
	want("targets change places", "1 3")
	ask("65001:0/32")
	want("all of 65001", "1 2 3")
	ask("65001:96/59")
	want("96 to 127", "1 2 3")
	ask("65001:102/63")
	want("102 and 103", "1 3")
	ask("all")
	want("all", "1 2 3 4")
	hears(appendUnreach(nil, VPNv4, []labelled{vpnKey(3).withdrawal()}))
	want("one is withdrawn", "1 2 4")
	ask()
	want("nothing", "")
	if out := edit(t, e, appendUnreach(nil, VPNv4, []labelled{vpnKey(1).withdrawal()})); len(out) > 0 {
		t.Errorf("what the peer does not know is withdrawn: %x", out)
	}
	ask("all")
	want("all again", "2 4")
	dump := receiver{}
	dump.take(t, e.Messages())
	if dump.thirds() != "2 4" {
		t.Errorf("the dump has %s", dump.thirds())
	}
	e.SetPolicy(&policy.Chain{Policies: []policy.Policy{{Terms: []policy.Term{{Set: policy.Set{RTs: policy.Edit[vpn.RouteTarget, vpn.RouteTarget]{Replace: []vpn.RouteTarget{must(vpn.ParseRouteTarget("65001:9"))}}}}}}}})
	hears(targetUpdate(2, 101))
	ask("65001:9")
	want("the target that the export policy gives", "2")
	ask()
	hears(appendUnreach(nil, VPNv4, []labelled{vpnKey(2).withdrawal(), vpnKey(4).withdrawal()}))
	if e.Size() != 0 {
		t.Errorf("%d are left", e.Size())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func vpnKey(n byte) key {
	return key{family: VPNv4, bits: 24, rd: [8]byte(unhex("0000fdea00000001")), prefix: [16]byte{30, 1, n}}
}

// The end of RIB of VPN routes waits until the peer has asked for them.
func TestEndOfRIBWaits(t *testing.T) {
	e := constrained(EditorConfig{External: true})
	end := updateMsg("", "800f03000180", "")
	if out := edit(t, e, targetUpdate(1, 101), end); len(out) > 0 {
		t.Errorf("at once: %x", out)
	}
	e.SetInterest(asks("65001:101"), false)
	if out := e.Speak(nil); bytes.Contains(out, end) || len(out) == 0 {
		t.Errorf("before the peer's: %x", out)
	}
	e.Ask(VPNv4)
	if e.Replaying() {
		t.Error("a BoRR before the end of RIB")
	}
	e.SetInterest(asks("65001:101"), true)
	if out := e.Speak(nil); !bytes.HasSuffix(out, end) {
		t.Errorf("after it: %x", out)
	}
	if !e.Replaying() {
		t.Error("no answer after the end of RIB")
	}
	if out := edit(t, e, end); !bytes.Equal(out, end) {
		t.Errorf("a later one: %x", out)
	}
}

// The router asks once its KEEPALIVE has left, and says when it has asked for all.
// A membership that has come by way of too many clusters is not told on.
func TestAskingByWayOfMany(t *testing.T) {
	m := TargetMembership(65001, must(vpn.ParseRouteTarget("65001:101")))
	e := NewEditor(EditorConfig{LocalAS: 65001, Local: netip.MustParseAddr("192.168.0.1")})
	ours, _ := parseOpen(open(openCaps + rtcCap))
	e.Opened(ours, ours)
	e.Established()
	_, _ = e.Edit(nil, Keepalive())
	e.SetMemberships(map[Membership]Reflection{m: {}})
	e.Speak(nil)
	e.SetMemberships(map[Membership]Reflection{m: {Clusters: strings.Repeat("\x0a\x00\x00\x09", 1010)}})
	if out := e.Speak(nil); !bytes.Equal(out, updateMsg("", rtcUnreach("60 0000fde9 0002fde900000065"), "")) || len(e.Asked()) != 0 {
		t.Errorf("%d octets are said: %x", len(out), out)
	}
}

func TestAsking(t *testing.T) {
	reflected := Reflection{Clusters: "\x0a\x00\x00\x09\x0a\x00\x00\x08", Originator: netip.MustParseAddr("10.0.0.9")}
	m := TargetMembership(65001, must(vpn.ParseRouteTarget("65001:101")))
	for _, tt := range []struct {
		cfg  EditorConfig
		by   Reflection
		want string
	}{
		{EditorConfig{External: true, LocalAS: 65001}, Reflection{}, "800e16 000184 04 c0a80001 00 60 0000fde9 0002fde900000065 40010100 4002060201 0000fde9"},
		{EditorConfig{External: true, LocalAS: 65001, AS: ASRules{Local: 65050}}, Reflection{}, "800e16 000184 04 c0a80001 00 60 0000fde9 0002fde900000065 40010100 4002060201 0000fe1a"},
		{EditorConfig{LocalAS: 65001}, Reflection{}, "800e16 000184 04 c0a80001 00 60 0000fde9 0002fde900000065 40010100 400200 40050400000064"},
		{EditorConfig{LocalAS: 65001}, reflected, "800e16 000184 04 c0a80001 00 60 0000fde9 0002fde900000065 40010100 400200 40050400000064 8009040a000009 800a080a0000090a000008"},
	} {
		tt.cfg.Local = netip.MustParseAddr("192.168.0.1")
		e := NewEditor(tt.cfg)
		ours, _ := parseOpen(open(openCaps + rtcCap))
		e.Opened(ours, ours)
		e.SetMemberships(map[Membership]Reflection{m: tt.by})
		e.Established()
		if out := e.Speak(nil); len(out) > 0 {
			t.Errorf("before the KEEPALIVE: %x", out)
		}
		_, _ = e.Edit(nil, Keepalive())
		want := append(updateMsg("", tt.want, ""), updateMsg("", rtcEnd, "")...)
		if out := e.Speak(nil); !bytes.Equal(out, want) {
			t.Errorf("%+v: said\n%x, want\n%x", tt.cfg, out, want)
		}
		if e.SetMemberships(map[Membership]Reflection{m: tt.by}); len(e.Speak(nil)) > 0 || e.Told() != 0 || len(e.Asked()) != 1 {
			t.Errorf("%d told, asked %v", e.Told(), e.Asked())
		}
		e.Ask(RTC)
		if out := e.Replay(nil); !bytes.Equal(out, updateMsg("", tt.want, "")) {
			t.Errorf("again: %x", out)
		}
		e.SetMemberships(nil)
		if out := e.Speak(nil); !bytes.Equal(out, updateMsg("", rtcUnreach("60 0000fde9 0002fde900000065"), "")) {
			t.Errorf("withdrawn by %x", out)
		}
	}
}
