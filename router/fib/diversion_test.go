package fib

import (
	"net/netip"
	"slices"
	"testing"

	"pseudowan/ovs/pipeline"
)

// protected returns a table with routes over one port that have a backup over another.
func protected(t *testing.T, routes int) (f *Table, first, second NextHop) {
	t.Helper()
	f = New()
	first = NextHop{Port: 1, Addr: netip.MustParseAddr("192.0.2.1"), Push: true}
	second = NextHop{Port: 2, Addr: netip.MustParseAddr("192.0.2.2"), Push: true}
	to := pipeline.Forward{
		Adjacency: f.Adjacency(first, testMAC(1), testMAC(2)), Label: 16,
		Backup: f.Adjacency(second, testMAC(1), testMAC(3)), BackupLabel: 17,
	}
	addr := netip.MustParseAddr("10.0.0.0")
	for range routes {
		f.SetRoute(Key{1, netip.PrefixFrom(addr, 32)}, to)
		addr = addr.Next()
	}
	f.commitTo(t, &recorder{})
	if flows := f.Urgent(); len(flows) > 0 {
		t.Errorf("urgent before anything happens: %v", flows)
	}
	return f, first, second
}

// However many routes lead to a next hop, one flow moves them to their backups, at
// once, and no route changes.
func TestOneFlowDivertsAllRoutes(t *testing.T) {
	for what, cut := range map[string]func(*Table, NextHop){
		"its port is cut":      func(f *Table, _ NextHop) { f.Cut(map[uint32]bool{1: true}, nil) },
		"it no longer answers": func(f *Table, hop NextHop) { f.Resolve(hop, testMAC(1), nil) },
		"both, one by one":     func(f *Table, hop NextHop) { f.Resolve(hop, testMAC(1), nil); f.Cut(map[uint32]bool{1: true}, nil) },
		"another port, as well": func(f *Table, _ NextHop) {
			f.Cut(map[uint32]bool{7: true}, nil)
			f.Cut(map[uint32]bool{7: true, 1: true}, nil)
		},
	} {
		f, first, _ := protected(t, 1000)
		cut(f, first)
		want := pipeline.Diversion{Adjacency: f.adjacencies[first]}.Flows()
		if got := f.Urgent(); !slices.Equal(got, want) {
			t.Errorf("%s: urgent %v; want %v", what, got, want)
		}
		if got := f.Urgent(); len(got) > 0 {
			t.Errorf("%s: urgent again: %v", what, got)
		}
		b, _ := f.Take()
		for _, flow := range b.add {
			if flow.Cookie.Kind() == pipeline.KindRoute {
				t.Fatalf("%s: a route changes: %v", what, flow)
			}
		}
		if !slices.Contains(b.add, want[0]) {
			t.Errorf("%s: the next batch, which an audit may precede, lacks the diversion", what)
		}
	}
}

// A diversion ends with its reason, and an adjacency that is made while its port is cut
// has one.
func TestDiversionEnds(t *testing.T) {
	f, first, second := protected(t, 1)
	diverted := func(hop NextHop) bool {
		_, ok := f.flows[diversion(f.adjacencies[hop])]
		return ok
	}
	f.Cut(map[uint32]bool{1: true}, nil)
	f.Resolve(first, testMAC(1), nil)
	f.Cut(map[uint32]bool{}, nil)
	if !diverted(first) {
		t.Error("the port is back, the next hop is not, and packets go there")
	}
	f.Resolve(first, testMAC(1), testMAC(2))
	if diverted(first) || diverted(second) {
		t.Error("still diverted")
	}
	f.Cut(map[uint32]bool{1: true}, nil)
	third := NextHop{Port: 1, Addr: netip.MustParseAddr("192.0.2.3"), Push: true}
	f.Adjacency(third, testMAC(1), testMAC(4))
	if !diverted(third) || diverted(second) {
		t.Error("an adjacency that is made on a port without carrier is not diverted, or others are")
	}
	f.Discard(f.adjacencies[third])
	f.Discard(f.adjacencies[first])
	if _, there := f.adjacencies[third]; there || f.adjacencies[first] == 0 {
		t.Errorf("adjacencies %v; want all that something leads to", f.adjacencies)
	}
	f.UnsetRoute(Key{1, netip.MustParsePrefix("10.0.0.0/32")})
	if len(f.flows)+len(f.adjacencies)+len(f.unresolved)+len(f.users)+len(f.protected) > 0 {
		t.Errorf("left: %v, %v, %v, %v", f.flows, f.adjacencies, f.unresolved, f.users)
	}
}

// A next hop that nothing backs up is not urgent: a thousand hosts that vanish one by one
// do not hold up the router.
func TestNothingUrgentWithoutBackup(t *testing.T) {
	f := New()
	hop := NextHop{Port: 3, Addr: netip.MustParseAddr("10.0.0.1")}
	f.SetRoute(Key{1, netip.MustParsePrefix("10.0.0.1/32")}, pipeline.Forward{Adjacency: f.Adjacency(hop, testMAC(1), testMAC(2))})
	f.Resolve(hop, testMAC(1), nil)
	if flows := f.Urgent(); len(flows) > 0 {
		t.Errorf("urgent: %v", flows)
	}
}

// Nothing reaches the switch before Release.
func TestHeldDiversions(t *testing.T) {
	f, _, _ := protected(t, 1)
	f.Hold()
	f.Cut(map[uint32]bool{1: true}, nil)
	if flows := f.Urgent(); len(flows) > 0 {
		t.Errorf("urgent while changes are held: %v", flows)
	}
	f.Release(func(int) {})
	if flows := f.Urgent(); len(flows) != 1 {
		t.Errorf("urgent after that: %v; want the diversion", flows)
	}
}

// A label-switched path takes another neighbour at once; when it has none, one flow moves
// what leads to it to its backups, as when the router at its end is lost.
func TestLSPIsUrgent(t *testing.T) {
	far, via := netip.MustParseAddr("10.255.0.4"), func(port uint32) pipeline.LSP {
		return pipeline.LSP{Up: true, Port: port, SrcMAC: testMAC(1), DstMAC: testMAC(2), Out: 16}
	}
	f, _, second := protected(t, 0)
	number := f.LSP(far, via(1))
	f.SetRoute(Key{1, netip.MustParsePrefix("10.0.0.0/8")}, pipeline.Forward{Adjacency: number, Label: 20, Backup: f.adjacencies[second], BackupLabel: 21})
	f.commitTo(t, &recorder{})
	moved := via(2)
	moved.ID = number
	f.MoveLSPNow(far, via(2))
	if got := f.Urgent(); !slices.Equal(got, moved.Flows()) {
		t.Errorf("moved: %v; want %v", got, moved.Flows())
	}
	diversion := pipeline.Diversion{Adjacency: number}.Flows()
	f.MoveLSPNow(far, pipeline.LSP{})
	if got := f.Urgent(); !slices.Contains(got, diversion[0]) {
		t.Errorf("down: %v; want %v among them", got, diversion)
	}
	f.MoveLSP(far, via(2))
	f.commitTo(t, &recorder{})
	if _, ok := f.flows[diversion[0].Cookie]; ok {
		t.Error("a path that is up again is diverted")
	}
	f.Cut(nil, map[NextHop]bool{LSPHop(far): true})
	if got := f.Urgent(); !slices.Equal(got, diversion) {
		t.Errorf("the router is lost: %v; want %v", got, diversion)
	}
}

// A diversion that is removed before anybody has asked what is urgent is not: it would come
// into the switch after its removal, and stay.
func TestNothingUrgentThatIsGone(t *testing.T) {
	far := netip.MustParseAddr("10.255.0.4")
	f, first, second := protected(t, 1)
	number := f.LSP(far, pipeline.LSP{Up: true, Port: 1, SrcMAC: testMAC(1), DstMAC: testMAC(2), Out: 16})
	key := Key{1, netip.MustParsePrefix("10.0.0.0/8")}
	f.SetRoute(key, pipeline.Forward{Adjacency: number, Label: 20, Backup: f.adjacencies[second], BackupLabel: 21})
	f.commitTo(t, &recorder{})
	f.MoveLSPNow(far, pipeline.LSP{})
	f.Resolve(first, testMAC(1), nil)
	f.Resolve(first, testMAC(1), testMAC(2))
	f.UnsetRoute(key)
	if flows := f.Urgent(); len(flows) > 0 {
		t.Errorf("urgent: %v", flows)
	}
}
