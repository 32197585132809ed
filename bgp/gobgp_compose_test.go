package bgp

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/policy"
	bgpvpn "pseudowan/bgp/vpn"
)

// What composed messages consist of: few routes, so that what is said of one is
// said again, and attributes as they should be, or not.
var (
	someRDs    = []string{"0000fdea00000001", "00010a0000020002", "0000010000000001", "0005fdea00000001"}
	someLabels = []string{"007d01", "007d00", "800000", "000000", "000031", "00bb8000fa01"}
	somePaths  = []string{"400206020100" + "00fdea", "40020a0202" + "0000fdea" + "0000fde9", "40020a0202" + "0000fdea" + "00000000", "400200"}
	someExtras = []string{
		"80040400000005", "400600", "c007080000fdea0a000001", "c0080800010002ffffff01", "c010100002fde90000006501020a0000010007",
		"c0200c000000010000000200000003", "40050400000064", "80090401020304", "800a040a000009", "c0c80401020304", "80c80101", prefixSID,
		"c0170e0008000a0408030b000000000064", "c01106020100000001", "c00803010203", "40060100", "801a0b01000b0000000000000064", "40030400000000",
	}
)

func (m mutator) pick(from []string) string { return from[m.IntN(len(from))] }

// prefix is one of few prefixes, with its length in front.
func (m mutator) prefix(six bool) (bits int, octets []byte) {
	if six {
		return 32 + 16*m.IntN(2), []byte{0x20, 1, 0x0d, 0xb8, 0, byte(m.IntN(3))}
	}
	return 16 + 8*m.IntN(2), []byte{30, byte(1 + m.IntN(3)), byte(m.IntN(2))}
}

// nlri is the routes of a family.
func (m mutator) nlri(six, vpn, withdrawn bool) (b []byte) {
	for range 1 + m.IntN(3) {
		if len(m.numbered) > 0 {
			b = append(b, 0, 0, 0, byte(m.IntN(3)))
		}
		bits, octets := m.prefix(six)
		octets = octets[:bits/8]
		if !vpn {
			b = append(append(b, byte(bits)), octets...)
			continue
		}
		label := octetsOf("800000")
		if !withdrawn || m.IntN(8) == 0 {
			label = octetsOf(m.pick(someLabels))
		}
		b = append(append(b, byte(8*len(label)+64+bits)), label...)
		b = append(append(b, octetsOf(m.pick(someRDs))...), octets...)
	}
	return b
}

// mp is MP_REACH_NLRI or MP_UNREACH_NLRI.
func (m mutator) mp(kind byte) []byte {
	six, vpn := m.IntN(2) == 0, m.IntN(3) > 0
	v := []byte{0, 1, 1}
	hop := octetsOf("c0a80002")
	if six {
		v[1], hop = 2, octetsOf("fd000000000000000000000000000002")
	}
	if vpn {
		v[2], hop = 128, append(make([]byte, 8), hop...)
	}
	if kind == 14 {
		v = append(append(append(v, byte(len(hop))), hop...), 0)
	}
	v = append(v, m.nlri(six, vpn, kind == 15)...)
	return append([]byte{0x80, kind, byte(len(v))}, v...)
}

// composed is an UPDATE that means something, most of the time.
func (m mutator) composed() []byte {
	var parts [][]byte
	var withdrawn, routes []byte
	path := somePaths[0]
	if m.IntN(6) == 0 {
		path = m.pick(somePaths)
	}
	parts = append(parts, octetsOf("40010100"), octetsOf(path))
	if m.IntN(3) == 0 {
		parts = append(parts, octetsOf(nextHop4))
		routes = m.nlri(false, false, false)
	}
	if m.IntN(4) == 0 {
		withdrawn = m.nlri(false, false, true)
	}
	if m.IntN(3) > 0 {
		parts = append(parts, m.mp(14))
	}
	if m.IntN(3) == 0 {
		parts = append(parts, m.mp(15))
	}
	for range m.IntN(4) {
		parts = append(parts, octetsOf(m.pick(someExtras)))
	}
	m.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	if m.IntN(12) == 0 {
		parts = parts[1:]
	}
	b := updateOf(withdrawn, slices.Concat(parts...), routes)
	if at := 23 + m.IntN(max(1, len(b)-23)); m.IntN(6) == 0 && at < len(b) {
		b[at] ^= 1 << m.IntN(8)
	}
	return b
}

// chain is an import or export policy that rejects some routes and changes others;
// sometimes there is none.
func (m mutator) chain() *policy.Chain {
	if m.IntN(3) == 0 {
		return nil
	}
	med := uint32(m.IntN(9))
	only4 := policy.Match{Families: []bgpvpn.Family{bgpvpn.VPNv4, bgpvpn.IPv4}}
	some := policy.Match{Prefixes: policy.PrefixList{{Prefix: netip.MustParsePrefix("30.1.0.0/16"), Ge: 16, Le: 32}}}
	terms := []policy.Term{
		{Match: some, Then: policy.Reject},
		{Match: only4, Set: policy.Set{MED: &med, Prepend: policy.Prepend{Times: m.IntN(3)}}, Then: policy.Next},
		{Set: policy.Set{Weight: &med, Communities: policy.Edit[bgpvpn.Community, policy.CommunityPattern]{Add: []bgpvpn.Community{7}}}},
	}
	m.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
	return &policy.Chain{AS: 65001, Policies: []policy.Policy{{Name: "p", Terms: terms[:1+m.IntN(3)]}}}
}

// numbering is the families with path identifiers: none or all.
func (m mutator) numbering() []gate.Family {
	if m.IntN(3) > 0 {
		return nil
	}
	return []gate.Family{gate.IPv4, gate.IPv6, gate.VPNv4, gate.VPNv6}
}

// caps are the capabilities of both ends.
func (m mutator) caps() string {
	if len(m.numbered) > 0 {
		return capsAddPath
	}
	return capsAll
}

// interest is what a peer asks for: nothing, the target of someExtras, or all.
func (m mutator) interest() map[gate.Membership]gate.Reflection {
	list := make(map[gate.Membership]gate.Reflection)
	if rt, err := bgpvpn.ParseRouteTarget("65001:101"); err == nil && m.IntN(2) == 0 {
		list[gate.TargetMembership(65002, rt)] = gate.Reflection{}
	}
	if m.IntN(4) == 0 {
		list[gate.Membership{}] = gate.Reflection{}
	}
	return list
}

// What the engine sends reaches the peer as the editor says that it does, whatever
// it is, and whatever the export policy makes of it.
func TestMutationsOut(t *testing.T) {
	m := mutator{rand.New(rand.NewPCG(9, 99)), seeds(), nil}
	for range mutations(t) / 100 {
		m.numbered = m.numbering()
		m.sendThrough(t)
	}
}

// sendThrough has an editor send what a judge lets pass.
func (m mutator) sendThrough(t *testing.T) {
	open := newTestJudgeOf(true, m.caps()).Peer()
	e := gate.NewEditor(gate.EditorConfig{External: m.IntN(2) == 0, Local: netip.MustParseAddr("192.168.0.2")})
	constrained := m.IntN(2) == 0
	if !constrained {
		open.Families = slices.DeleteFunc(open.Families, func(f gate.Family) bool { return f == gate.RTC })
	}
	e.Opened(open, open)
	e.Established()
	_, _ = e.Edit(nil, message(4))
	e.SetPolicy(m.chain())
	j, known := newTestJudgeOf(true, m.caps()), newTable()
	for range 100 {
		v := j.Received(m.composed())
		if v.Refuse != nil {
			return
		}
		var out []byte
		for pass := v.Pass; len(pass) > 0; {
			msg, _ := gate.Next(pass)
			pass = pass[len(msg):]
			var err error
			if out, err = e.Edit(out, msg); err != nil {
				return // routes in two fields, as the engine never sends them
			}
		}
		if constrained && m.IntN(4) == 0 {
			e.SetInterest(m.interest(), true)
			out = e.Speak(out)
		}
		if m.IntN(8) == 0 {
			e.Ask(gate.VPNv4)
			for e.Replaying() {
				out = e.Replay(out)
			}
		}
		if m.IntN(8) == 0 {
			e.SetPaths(m.IntN(3))
			out = e.Speak(out)
		}
		if m.IntN(2) == 0 {
			out = e.Flush(out)
		}
		for rest := out; len(rest) > 0; {
			msg, refused := gate.Next(rest)
			if msg == nil || refused != nil {
				t.Fatalf("%x is no message: %v", rest, refused)
			}
			if err := perform(msg, m.numbered); err != nil {
				t.Fatalf("%x: %v", msg, err)
			}
			rest = rest[len(msg):]
		}
		known.takeAll(out, m.numbered)
		if e.Pending() == 0 && len(known.told) != e.Told() {
			t.Fatalf("the peer knows %d routes, and has been told %d", len(known.told), e.Told())
		}
	}
}
