package gate

import (
	"bytes"
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// editorOf is an editor of a session with a peer that has sent the given
// capabilities.
func editorOf(c EditorConfig, caps string) *Editor {
	e := NewEditor(c)
	ours, _ := parseOpen(open(openCaps))
	peer, _ := parseOpen(open(caps))
	e.Opened(ours, peer)
	return e
}

// edit has the editor take messages, and flush.
func edit(t *testing.T, e *Editor, msgs ...[]byte) []byte {
	t.Helper()
	var out []byte
	for _, m := range msgs {
		var err error
		if out, err = e.Edit(out, slices.Clone(m)); err != nil {
			t.Fatal(err)
		}
	}
	return e.Flush(out)
}

// count is how many messages there are.
func count(msgs []byte) (n int) {
	for len(msgs) > 0 {
		_, msgs = Cut(msgs)
		n++
	}
	return n
}

// 10,000 routes that the sender announces one by one are a few messages, none too
// long, and the peer knows the same of them.
func TestPacking(t *testing.T) {
	const routes, kinds = 10_000, 7
	e := editorOf(EditorConfig{External: true}, openCaps)
	var msgs [][]byte
	want := receiver{}
	for i := range routes {
		m := vpnUpdate(i, 1, base+fmt.Sprintf("c01008 0002fdea%08x", i%kinds))
		want.take(t, m)
		msgs = append(msgs, m)
	}
	out := edit(t, e, msgs...)
	got := receiver{}
	got.take(t, out)
	if n := count(out); n > 100 {
		t.Errorf("%d messages", n)
	}
	if e.Told() != routes || fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("told %d routes", e.Told())
	}
	dump := receiver{}
	dump.take(t, e.Messages())
	if fmt.Sprint(dump) != fmt.Sprint(want) {
		t.Error("the dump has other routes")
	}
	for b := out; len(b) > 0; {
		msg, refused := Next(b)
		if msg == nil {
			t.Fatalf("not a message: %v", refused)
		}
		b = b[len(msg):]
	}
	msgs = nil
	for i := range routes {
		k := key{family: VPNv4, bits: 24, rd: [8]byte(unhex("0000fdea00000001")), prefix: [16]byte{byte(30 + i>>16), byte(i >> 8), byte(i)}}
		msgs = append(msgs, appendUnreach(nil, VPNv4, []labelled{k.withdrawal()}))
	}
	out = edit(t, e, msgs...)
	got.take(t, out)
	if n := count(out); n > 60 || len(got) > 0 || e.Told() != 0 || len(e.pool) > 0 {
		t.Errorf("withdrawn in %d messages; %d are left, %d told, %d attributes", n, len(got), e.Told(), len(e.pool))
	}
}

// What comes late in a batch counts, an end of RIB stays behind the routes that
// it closes, and what the peer has never heard of is not withdrawn.
func TestBatches(t *testing.T) {
	end := updateMsg("", "800f03000180", "")
	a, b := updateMsg("", base+reach, ""), updateMsg("", base+"80040400000005"+reach, "")
	gone := updateMsg("", vpnGone, "")
	first := func(msg []byte) []byte { // as the editor encodes it
		r := receiver{}
		r.take(t, msg)
		return edit(t, editorOf(EditorConfig{}, openCaps), msg)
	}
	for name, tt := range map[string]struct{ in, want [][]byte }{
		"twice":               {[][]byte{a, a}, [][]byte{first(a)}},
		"changed":             {[][]byte{a, b}, [][]byte{first(b)}},
		"withdrawn":           {[][]byte{a, gone}, nil},
		"never told":          {[][]byte{gone}, nil},
		"withdrawn and back":  {[][]byte{gone, a}, [][]byte{first(a)}},
		"end of RIB":          {[][]byte{a, end, b}, [][]byte{first(a), end, first(b)}},
		"end of RIB, IPv4":    {[][]byte{a, updateMsg("", "", "")}, [][]byte{first(a), updateMsg("", "", "")}},
		"KEEPALIVE":           {[][]byte{a, Keepalive(), gone}, [][]byte{first(a), Keepalive(), gone}},
		"ROUTE-REFRESH":       {[][]byte{msg(5, "00010080")}, [][]byte{msg(5, "00010080")}},
		"IPv4":                {[][]byte{updateMsg("", base+hop, nlri4)}, [][]byte{updateMsg("", base+hop, nlri4)}},
		"both fields of IPv4": {[][]byte{updateMsg("180a0103", base+hop, nlri4)}, [][]byte{updateMsg("", base+hop, nlri4)}},
		"nothing to say":      {[][]byte{Keepalive()}, [][]byte{Keepalive()}},
	} {
		if got := edit(t, editorOf(EditorConfig{}, openCaps), tt.in...); !bytes.Equal(got, slices.Concat(tt.want...)) {
			t.Errorf("%s: sent\n%x, want\n%x", name, got, slices.Concat(tt.want...))
		}
	}
}

// What cannot be read is passed on, in its place, and so are withdrawals from
// then on.
func TestUnreadable(t *testing.T) {
	e := editorOf(EditorConfig{}, openCaps)
	evpn := updateMsg("", base+"800e08 001946 00 00 000000", "")
	for _, m := range [][]byte{evpn, msg(2, "00050000"), updateMsg("", "4002050201"+reach, ""), updateMsg("", base+reach+reach, "")} {
		out, err := e.Edit(nil, slices.Clone(m))
		if err == nil || !bytes.Equal(out, m) {
			t.Errorf("%x: %v, sent as %x", m, err, out)
		}
	}
	if got := edit(t, e, updateMsg("", vpnGone, "")); !bytes.Equal(got, updateMsg("", vpnGone, "")) {
		t.Errorf("a withdrawal of what may have been told: %x", got)
	}
}

// Well-known communities (RFC 1997), next hops that the peer has not asked for
// (RFC 8950) and marks of the router stay here.
func TestKeptBack(t *testing.T) {
	hop6 := "800e2c 000180 18 0000000000000000 20010db8000000000000000000000001 00 " + vpnNLRI
	extended := openCaps + "0506 000100800002"
	for name, tt := range map[string]struct {
		external bool
		caps     string
		attrs    string
		want     bool
	}{
		"no communities":                        {true, openCaps, reach, true},
		"another community":                     {true, openCaps, "c00804 ffffff04" + reach, true},
		"NO_ADVERTISE":                          {false, openCaps, "c00808 00010001ffffff02" + reach, false},
		"NO_ADVERTISE, external":                {true, openCaps, "c00804 ffffff02" + reach, false},
		"NO_EXPORT":                             {false, openCaps, "c00804 ffffff01" + reach, true},
		"NO_EXPORT, external":                   {true, openCaps, "c00804 ffffff01" + reach, false},
		"NO_EXPORT_SUBCONFED, external":         {true, openCaps, "c00804 ffffff03" + reach, false},
		"IPv6 next hop":                         {true, openCaps, hop6, false},
		"IPv6 next hop, offered":                {true, extended, hop6, true},
		"IPv6 next hop, offered for IPv4 alone": {true, openCaps + "0506 000100010002", hop6, false},
	} {
		e := editorOf(EditorConfig{External: tt.external}, tt.caps)
		out := edit(t, e, updateMsg("", base+tt.attrs, ""))
		if (len(out) > 0) != tt.want || (e.Told() == 1) != tt.want || (e.Warning() != "") != (strings.Contains(name, "next hop") && !tt.want) {
			t.Errorf("%s: sent %x, %q", name, out, e.Warning())
		}
		if again := edit(t, e, updateMsg("", base+"c00804 ffffff02"+reach, "")); tt.want && !bytes.Equal(again, updateMsg("", vpnGone, "")) || !tt.want && len(again) > 0 {
			t.Errorf("%s: NO_ADVERTISE later: %x", name, again)
		}
	}
	e := editorOf(EditorConfig{}, openCaps)
	if out := edit(t, editorOf(EditorConfig{External: true}, openCaps), updateMsg("", base+"40050400000064"+reach, "")); !bytes.Equal(out, edit(t, editorOf(EditorConfig{}, openCaps), updateMsg("", base+reach, ""))) {
		t.Errorf("LOCAL_PREF leaves the AS: %x", out)
	}
	marked := edit(t, e, updateMsg("", base+"c02018 ffffffff000010af00000007 000000010000000200000003"+reach, ""))
	if p := e.Paths(); len(p) != 1 || len(p[0].Large) != 1 || bytes.Contains(marked, unhex("ffffffff000010af")) {
		t.Errorf("the peer is shown a mark: %x", marked)
	}
}

// VPNv6 routes of the router's own have its IPv6 address as next hop where the
// session has one.
func TestLocalIPv6(t *testing.T) {
	mapped := "00000000000000000000ffffc0a80001"
	for in, want := range map[string]string{
		mapped:                             "20010db8000000000000000000000001",
		"00000000000000000000ffffc0a80002": "00000000000000000000ffffc0a80002", // another router's
		"20010db8000000000000000000000002": "20010db8000000000000000000000002",
	} {
		e := editorOf(EditorConfig{Local: netip.MustParseAddr("192.168.0.1"), LocalIPv6: netip.MustParseAddr("2001:db8::1")}, openCaps)
		nlri := " 00 " + "98 007d01 0000fdea00000001 20010db800000001"
		got := edit(t, e, updateMsg("", base+"800e31 000280 18 0000000000000000"+in+nlri, ""))
		p := e.Paths()
		if len(p) != 1 || !bytes.Contains(got, unhex(want)) || p[0].Family != vpn.VPNv6 || p[0].Prefix.String() != "2001:db8:0:1::/64" {
			t.Errorf("%s: sent %x, %+v", in, got, p)
		}
	}
}

// An export policy decides on what comes after it. What it does not accept any
// more is withdrawn; a local preference stays inside of the AS.
func TestExportPolicy(t *testing.T) {
	e := editorOf(EditorConfig{External: true}, openCaps)
	routes := vpnUpdate(0, 300, base)
	peer := receiver{}
	send := func() { peer.take(t, edit(t, e, routes)) }
	send()
	e.SetPolicy(chainOf(policy.Term{Match: policy.Match{Prefixes: prefixesOf(t, "30.0.16.0/20 le 24")}, Then: policy.Reject},
		setting(policy.Set{MED: pointer(uint32(9)), LocalPref: pointer(uint32(9)), Prepend: policy.Prepend{Times: 2}, Weight: pointer(uint32(8))})))
	send()
	if len(peer) != 284 || e.Told() != 284 {
		t.Errorf("%d routes, %d told", len(peer), e.Told())
	}
	for _, p := range e.Paths() {
		if *p.MED != 9 || p.LocalPref != nil || p.ASPath.String() != "65001 65001 65002" || len(p.Large) > 0 {
			t.Fatalf("%+v", p)
		}
	}
	e.SetPolicy(chainOf(policy.Term{Then: policy.Reject}))
	send()
	if len(peer) != 0 || e.Told() != 0 || len(e.pool) > 1 { // the last that the policy has seen
		t.Errorf("%d routes, %d told, %d attributes", len(peer), e.Told(), len(e.pool))
	}
}

func prefixesOf(t *testing.T, entry string) policy.PrefixList {
	t.Helper()
	r, err := policy.ParsePrefixRange(entry)
	if err != nil {
		t.Fatal(err)
	}
	return policy.PrefixList{r}
}

// heap is how many octets are in use.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkEditor edits 100,000 messages of a route each, 20 of each attributes.
func BenchmarkEditor(b *testing.B) {
	const paths, each = 100_000, 20
	for name, chain := range map[string]*policy.Chain{"plain": nil, "policy": chainOf(setting(policy.Set{MED: pointer(uint32(200))}))} {
		b.Run(name, func(b *testing.B) {
			msgs := make([][]byte, paths)
			for i := range msgs {
				msgs[i] = vpnUpdate(i, 1, base+fmt.Sprintf("c01008 0002fdea%08x", i/each))
			}
			for b.Loop() {
				before := heap()
				e := editorOf(EditorConfig{External: true}, openCaps)
				e.SetPolicy(chain)
				var out []byte
				for i, m := range msgs {
					out, _ = e.Edit(out, m)
					if i%4000 == 0 {
						out = e.Flush(out[:0])
					}
				}
				e.Flush(out)
				b.StopTimer()
				b.ReportMetric(float64(heap()-before)/paths, "octets/path")
				runtime.KeepAlive(e)
				b.StartTimer()
			}
		})
	}
}
