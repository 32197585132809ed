package gate

import (
	"bytes"
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// What is said of routes before the import policy is, at any time, what has been
// received: looped paths, too, and what the policy rejects.
func TestBefore(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	j.SetPolicy(chainOf(policy.Term{Then: policy.Reject}))
	said := receiver{}
	for _, u := range [][]byte{
		vpnUpdate(0, 200, base+"c01008 0002fdea00000001"), vpnUpdate(100, 150, base+"c0080400010002"),
		updateMsg("", base+hop, nlri4+" 180a0103"), updateMsg("180a0103", "", ""), updateMsg("", vpnGone, ""),
	} {
		v := j.Received(slices.Clone(u))
		said.take(t, v.Before)
	}
	dump := receiver{}
	dump.take(t, j.Messages(false))
	if len(said) == 0 || fmt.Sprint(said) != fmt.Sprint(dump) {
		t.Errorf("said\n%v\ndumped\n%v", said, dump)
	}
	if len(said) != j.Held() || j.Accepted() != 0 || j.Counts().Rejected == 0 || len(j.Counts().In) == 0 {
		t.Errorf("%d said, %d held, %+v", len(said), j.Held(), j.Counts())
	}
}

// Before the export policy, a dump is what has been said, too, and nothing is kept
// where nobody wants to know.
func TestKeepBefore(t *testing.T) {
	e := editorOf(EditorConfig{External: true}, openCaps)
	e.SetPolicy(chainOf(policy.Term{Match: policy.Match{RTs: []vpn.RouteTarget{target(t, "65002:2")}}, Then: policy.Reject}))
	edit(t, e, vpnUpdate(0, 10, base))
	if e.Before() != 0 || e.BeforeNews() != nil || !e.KeepBefore(true) || e.KeepBefore(true) {
		t.Fatal("kept although nobody has asked")
	}
	said, sent := receiver{}, receiver{}
	for i, m := range [][]byte{
		vpnUpdate(0, 300, base+"c01008 0002fdea00000001"), vpnUpdate(100, 150, base+"c01008 0002fdea00000002"),
		vpnUpdate(5, 1, base+"c0080400010002"), updateMsg("", vpnGone, ""), updateMsg("", vpnGone, ""), vpnUpdate(250, 20, base),
	} {
		if i%2 == 0 { // some share a flush
			out, err := e.Edit(nil, slices.Clone(m))
			if err != nil {
				t.Fatal(err)
			}
			sent.take(t, out)
			continue
		}
		sent.take(t, edit(t, e, m))
		said.take(t, e.BeforeNews())
	}
	dump, told := receiver{}, receiver{}
	dump.take(t, e.BeforeMessages([]Family{VPNv4}))
	told.take(t, e.Messages(VPNv4))
	if fmt.Sprint(said) != fmt.Sprint(dump) || fmt.Sprint(sent) != fmt.Sprint(told) {
		t.Errorf("before: said %d, dumped %d; sent %d, told %d", len(said), len(dump), len(sent), len(told))
	}
	if len(dump) <= len(told) || len(dump) != e.Before() || len(told) != e.Told() {
		t.Errorf("%d before the policy, %d after it", len(dump), len(told))
	}
	inTold, inBefore := e.FamilyCounts()
	if inTold[VPNv4] != uint64(len(told)) || inBefore[VPNv4] != uint64(len(dump)) {
		t.Errorf("counts %v, %v", inTold, inBefore)
	}
	if !e.KeepBefore(false) || e.Before() != 0 || len(e.pool) > e.Told() {
		t.Errorf("%d kept, %d attributes", e.Before(), len(e.pool))
	}
}

// Nobody is shown this router's marks, and messages without one stay as they are.
func TestWithoutMarks(t *testing.T) {
	plain := vpnUpdate(0, 2, base+"c0200c 0000000100000002 00000003")
	marked := vpnUpdate(0, 2, base+"c0200c ffffffff000010af0000001e")
	both := vpnUpdate(0, 2, base+"c02018 ffffffff000010af0000001e 000000010000000200000003")
	for i, tt := range []struct{ in, want []byte }{
		{plain, plain}, {marked, vpnUpdate(0, 2, base)}, {both, plain},
		{updateMsg("", "", ""), updateMsg("", "", "")},
	} {
		var got []byte
		Updates(append(Keepalive(), tt.in...), func(u []byte) { got = append(got, u...) })
		if !bytes.Equal(got, tt.want) {
			t.Errorf("%d: %x, want %x", i, got, tt.want)
		}
	}
}

// What is composed is what a peer of the same kind would have sent.
func TestComposer(t *testing.T) {
	var c Composer
	path := policy.Path{
		Family: vpn.IPv4, Prefix: netip.MustParsePrefix("10.1.0.0/24"), NextHop: netip.MustParseAddr("10.0.0.1"),
		Origin: vpn.OriginIncomplete, ASPath: vpn.ASPath{{Kind: vpn.ASSequence, AS: []uint32{4200000001}}}, MED: pointer(uint32(5)),
		Communities: []vpn.Community{65001<<16 | 7},
	}
	c.Announce(path, nil)
	path.Prefix = netip.MustParsePrefix("10.2.0.0/24")
	c.Announce(path, nil)
	c.Withdraw(policy.Path{Family: vpn.IPv6, Prefix: netip.MustParsePrefix("2001:db8::/32")})
	path.NextHop = netip.MustParseAddr("2001:db8::1")
	c.Announce(path, nil)
	want := slices.Concat(
		updateMsg("", "800f08 0002 01 20 20010db8", ""),
		updateMsg("", "40010102 400206 0201fa56ea01 400304 0a000001 800404 00000005 c00804 fde90007", "180a0100 180a0200"),
		updateMsg("", "800e19 0001 01 10 20010db8000000000000000000000001 00 180a0200 40010102 400206 0201fa56ea01 800404 00000005 c00804 fde90007", ""),
	)
	got := c.Messages()
	if !bytes.Equal(got, want) {
		t.Errorf("\n%x, want\n%x", got, want)
	}
	if n := CountRoutes(got); n[IPv4] != 3 || len(n) != 1 {
		t.Errorf("counted %v", n)
	}
	if again := c.Messages(); len(again) > 0 {
		t.Errorf("said twice: %x", again)
	}
	open := OpenFor(4200000001, netip.MustParseAddr("10.0.0.1"), IPv4, VPNv6)
	if o, refused := parseOpen(open); refused != nil || o.AS != 4200000001 || !slices.Equal(o.Families, []Family{IPv4, VPNv6}) {
		t.Errorf("%+v, %v", o, refused)
	}
}

// Entries have AS numbers of four octets, whatever the session has, and the next hop
// alone in MP_REACH_NLRI (RFC 6396 section 4.3.4).
func TestEntries(t *testing.T) {
	j := judgeOf(t, 65001, openCaps)
	j.Received(vpnUpdate(0, 2, base))
	list := j.Entries()
	if len(list) != 2 || list[0].Family != VPNv4 || list[0].NLRI[0] != 112 {
		t.Fatalf("%+v", list)
	}
	a, rest, ok := cutAttribute(list[0].Attributes)
	for ok && a.kind != attrReach {
		a, rest, ok = cutAttribute(rest)
	}
	if !ok || int(a.value[0]) != len(a.value)-1 {
		t.Errorf("attributes %x", list[0].Attributes)
	}
}
