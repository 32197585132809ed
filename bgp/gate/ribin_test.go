package gate

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"testing"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// chainOf is an import or export policy of the given terms.
func chainOf(terms ...policy.Term) *policy.Chain {
	return &policy.Chain{AS: 65001, Policies: []policy.Policy{{Name: "p", Terms: terms}}}
}

func setting(s policy.Set) policy.Term { return policy.Term{Set: s} }

func pointer[T any](v T) *T { return &v }

// receiver is what the receiver of a gate knows: the routes of all messages that
// it was passed, with their attributes.
type receiver map[Path]string

func (r receiver) take(t *testing.T, msgs []byte) {
	t.Helper()
	for len(msgs) > 0 {
		msg, refused := Next(msgs)
		if refused != nil || msg == nil {
			t.Fatalf("not a message: %x", msgs)
		}
		msgs = msgs[len(msg):]
		if msg[18] != typeUpdate {
			continue
		}
		var s sent
		if err := s.split(msg, &shape{as4: true}); err != nil {
			t.Fatalf("%v: %x", err, msg)
		}
		for _, k := range s.gone {
			delete(r, k.path())
		}
		for _, l := range s.reach {
			r[l.key.path()] = fmt.Sprintf("%d %x %x", labelOf(l.label), s.raw, s.hop)
		}
	}
}

// vpnUpdate announces n VPN routes from 30.N.0.0/24 on.
func vpnUpdate(first, n int, attrs string) []byte {
	nlri := []byte{}
	for i := range n {
		nlri = append(nlri, unhex("70 007d01 0000fdea00000001")...)
		nlri = append(nlri, byte(30+(first+i)>>16), byte((first+i)>>8), byte(first+i))
	}
	head := unhex("000180 0c 0000000000000000c0a80002 00")
	return appendUpdate(nil, nil, append(unhex(attrs), appendMP(nil, attrReach, head, nlri)...), nil)
}

// What the receiver knows is what a policy makes of the paths, whether it was
// there before them or came later.
func TestImportPolicy(t *testing.T) {
	with := func(change string, terms ...policy.Term) (name string, c *policy.Chain) {
		return change, chainOf(terms...)
	}
	type test struct {
		name  string
		chain *policy.Chain
	}
	var tests []test
	add := func(name string, c *policy.Chain) { tests = append(tests, test{name, c}) }
	add("none", nil)
	add(with("reject", policy.Term{Then: policy.Reject}))
	add(with("local-pref", setting(policy.Set{LocalPref: pointer(uint32(200))})))
	add(with("weight", setting(policy.Set{Weight: pointer(uint32(7))})))
	add(with("prepend", setting(policy.Set{Prepend: policy.Prepend{Times: 300}})))
	add(with("next hop", setting(policy.Set{NextHop: netip.MustParseAddr("192.168.9.9")})))
	add(with("communities", setting(policy.Set{Communities: policy.Edit[vpn.Community, policy.CommunityPattern]{Add: []vpn.Community{65001<<16 | 7}}})))
	add(with("MED", setting(policy.Set{MED: pointer(uint32(9))})))
	updates := [][]byte{
		updateMsg("", base+hop, nlri4+" 180a0103"), updateMsg("", base+"80040400000005"+reach, ""),
		vpnUpdate(0, 200, base+"c01008 0002fdea00000001"), updateMsg("180a0103", "", ""), updateMsg("", vpnGone, ""),
		vpnUpdate(100, 200, base+"c0080400010002"),
	}
	for _, tt := range tests {
		for later := range len(updates) + 1 {
			early, late := judgeOf(t, 65001, openCaps), judgeOf(t, 65001, openCaps)
			a, b := receiver{}, receiver{}
			a.take(t, early.SetPolicy(tt.chain))
			for i, u := range updates {
				if i == later {
					b.take(t, late.SetPolicy(tt.chain))
				}
				a.take(t, early.Received(slices.Clone(u)).Pass)
				b.take(t, late.Received(slices.Clone(u)).Pass)
			}
			b.take(t, late.SetPolicy(tt.chain))
			if fmt.Sprint(a) != fmt.Sprint(b) {
				t.Errorf("%s after %d messages: the receiver knows\n%v, want\n%v", tt.name, later, b, a)
			}
			if want := map[bool]int{true: 0, false: 301}[tt.name == "reject"]; len(a) != want || early.Accepted() != want || late.Accepted() != want || early.Held() != 301 {
				t.Errorf("%s: %d paths shown, %d and %d counted, of %d; want %d of 301", tt.name, len(a), early.Accepted(), late.Accepted(), early.Held(), want)
			}
			dump := receiver{}
			dump.take(t, late.Messages(true))
			if fmt.Sprint(dump) != fmt.Sprint(b) {
				t.Errorf("%s: the dump has\n%v, the receiver\n%v", tt.name, dump, b)
			}
			late.SetPolicy(chainOf(policy.Term{Then: policy.Reject}))
			b.take(t, late.SetPolicy(nil))
			if len(b) != 301 {
				t.Errorf("%s: %d paths without a policy", tt.name, len(b))
			}
		}
	}
}

// A policy sees each path as it is, and its verdict is told.
func TestReceivedPaths(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	j.SetPolicy(chainOf(
		policy.Term{Match: policy.Match{RTs: []vpn.RouteTarget{target(t, "65002:2")}}, Then: policy.Reject},
		setting(policy.Set{Weight: pointer(uint32(30))})))
	j.Received(vpnUpdate(0, 1, base+"80040400000005 c0080400010002 c01008 0002fdea00000001 c0200c 000000010000000200000003"))
	j.Received(vpnUpdate(1, 1, base+"c01008 0002fdea00000002"))
	paths := j.Paths()
	slices.SortFunc(paths, func(a, b ReceivedPath) int { return a.Before.Prefix.Addr().Compare(b.Before.Prefix.Addr()) })
	if len(paths) != 2 {
		t.Fatalf("%+v", paths)
	}
	for text, n := range map[string]int{"30.0.0.0/24": 1, "30.0.1.0/24": 1, "30.0.0.0/25": 0, "30.0.2.0/24": 0, "1e00::/24": 0} {
		if found := j.PathsTo(netip.MustParsePrefix(text)); len(found) != n || n == 1 && found[0].Before.Prefix.String() != text {
			t.Errorf("to %s: %+v", text, found)
		}
	}
	p := paths[0]
	if p.Before.Family != vpn.VPNv4 || p.Before.RD.String() != "65002:1" || p.Before.Prefix.String() != "30.0.0.0/24" || p.Before.NextHop.String() != "192.168.0.2" ||
		p.Before.ASPath.String() != "65002" || *p.Before.MED != 5 || p.Before.LocalPref != nil || len(p.Before.Communities) != 1 || len(p.Before.Extended) != 1 ||
		p.Before.Large[0] != (vpn.LargeCommunity{1, 2, 3}) || p.Before.Weight != 0 || p.Label != 2000 {
		t.Errorf("received: %+v", p)
	}
	if p.After.Weight != 30 || len(p.After.Large) != 1 || p.Unused != "" {
		t.Errorf("accepted: %+v", p)
	}
	if paths[1].Unused != "rejected by policy p, term 1" {
		t.Errorf("rejected: %+v", paths[1])
	}
}

func target(t *testing.T, s string) vpn.RouteTarget {
	t.Helper()
	rt, err := vpn.ParseRouteTarget(s)
	if err != nil {
		t.Fatal(err)
	}
	return rt
}

// Marks are the router's own: none is taken from a peer.
func TestForgedMarks(t *testing.T) {
	for in, want := range map[string]string{
		"c0200c ffffffff000010af00000007":                          "",
		"c0200c ffffffff0000116800000006":                          "",
		"c02018 ffffffff000010af00000007 000000010000000200000003": "c0200c 000000010000000200000003",
		"c0200c ffffffff000010b000000007":                          "c0200c ffffffff000010b000000007",
	} {
		if v := judgeOf(t, 65001, openCaps).Received(updateMsg("", base+in+reach, "")); !bytes.Equal(v.Pass, updateMsg("", base+want+reach, "")) {
			t.Errorf("%s is passed on as %x", in, v.Pass)
		}
	}
}

// BenchmarkJudge has a judge see 100,000 paths, 20 of each attributes.
func BenchmarkJudge(b *testing.B) {
	const paths, each = 100_000, 20
	for name, chain := range map[string]*policy.Chain{"plain": nil, "policy": chainOf(setting(policy.Set{LocalPref: pointer(uint32(200))}))} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				before := heap()
				j := NewJudge(Config{LocalAS: 65001, PeerAS: 65002, LocalID: netip.MustParseAddr("10.0.0.9")})
				j.Sent(open(openCaps))
				j.Received(open(openCaps))
				j.Received(Keepalive())
				j.SetPolicy(chain)
				msgs := make([][]byte, 0, paths/each)
				for i := 0; i < paths; i += each {
					msgs = append(msgs, vpnUpdate(i, each, base+fmt.Sprintf("c01008 0002fdea%08x", i)))
				}
				b.StartTimer()
				for _, m := range msgs {
					j.Received(m)
				}
				b.StopTimer()
				msgs = nil
				b.ReportMetric(float64(heap()-before)/paths, "octets/path")
				runtime.KeepAlive(j)
				b.StartTimer()
			}
		})
	}
}
