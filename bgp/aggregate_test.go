package bgp

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func TestAggregate(t *testing.T) {
	set := func(as ...uint32) ASSegment { return ASSegment{Kind: ASSet, AS: as} }
	atomic := Attribute{Type: attributeAtomicAggregate, Flags: transitive}
	part := func(origin Origin, path ASPath, communities ...Community) Route {
		return Route{Origin: origin, ASPath: path, Communities: communities}
	}
	prefix := netip.MustParsePrefix("172.16.0.0/12")
	for name, tt := range map[string]struct {
		asSet  bool
		parts  []Route
		path   string
		origin Origin
		atomic bool
		others string
	}{
		"own routes":           {false, []Route{part(OriginIncomplete, nil), part(OriginIncomplete, nil)}, "", OriginIncomplete, false, ""},
		"without their path":   {false, []Route{part(OriginIGP, Sequence(1)), part(OriginEGP, nil, 7)}, "", OriginEGP, true, ""},
		"the same path":        {true, []Route{part(OriginIGP, Sequence(1, 2), 7), part(OriginIGP, Sequence(1, 2), 8)}, "1 2", OriginIGP, false, "0:7 0:8"},
		"a common head":        {true, []Route{part(OriginIGP, Sequence(1, 2)), part(OriginIGP, Sequence(1, 3, 4))}, "1 {2,3,4}", OriginIGP, false, ""},
		"nothing in common":    {true, []Route{part(OriginIGP, Sequence(1)), part(OriginIGP, Sequence(2))}, "{1,2}", OriginIGP, false, ""},
		"one without a path":   {true, []Route{part(OriginIGP, nil), part(OriginIGP, Sequence(2))}, "{2}", OriginIGP, false, ""},
		"repeated":             {true, []Route{part(OriginIGP, Sequence(1, 2, 1)), part(OriginIGP, Sequence(1, 3))}, "1 {2,3}", OriginIGP, false, ""},
		"sets":                 {true, []Route{part(OriginIGP, append(Sequence(1), set(5, 4))), part(OriginIGP, Sequence(1))}, "1 {4,5}", OriginIGP, false, ""},
		"three":                {true, []Route{part(OriginIGP, Sequence(1, 2, 3)), part(OriginIGP, Sequence(1, 2, 4)), part(OriginIGP, Sequence(1, 5))}, "1 {2,3,4,5}", OriginIGP, false, ""},
		"less detail already":  {true, []Route{{Passed: []Attribute{atomic}}, {}}, "", OriginIGP, true, ""},
		"less detail, dropped": {false, []Route{{Passed: []Attribute{atomic}}, {}}, "", OriginIGP, true, ""},
	} {
		for range 2 {
			slices.Reverse(tt.parts)
			a := Aggregator{AS: 65000, ID: netip.MustParseAddr("10.0.0.1"), ASSet: tt.asSet}
			r := a.Aggregate(prefix, tt.parts)
			var communities []string
			for _, c := range r.Communities {
				communities = append(communities, c.String())
			}
			if r.Prefix != prefix || r.ASPath.String() != tt.path || r.Origin != tt.origin || strings.Join(communities, " ") != tt.others {
				t.Errorf("%s: %+v", name, r)
			}
			if got := slices.Contains(r.Passed, atomic); got != tt.atomic {
				t.Errorf("%s: ATOMIC_AGGREGATE %t", name, got)
			}
			if last := r.Passed[len(r.Passed)-1]; last.Type != attributeAggregator || last.Value != "\x00\x00\xfd\xe8\x0a\x00\x00\x01" {
				t.Errorf("%s: AGGREGATOR %+v", name, last)
			}
		}
	}
}

// What would not fit into a message is not said.
func TestAggregateOfMany(t *testing.T) {
	var ases, communities []Route
	for i := range uint32(1000) {
		ases = append(ases, Route{ASPath: Sequence(i + 1)})
		communities = append(communities, Route{ASPath: Sequence(7), Communities: []Community{Community(i)}})
	}
	a := Aggregator{AS: 65000, ID: netip.MustParseAddr("10.0.0.1"), ASSet: true}
	for _, parts := range [][]Route{ases, communities} {
		r := a.Aggregate(netip.MustParsePrefix("172.16.0.0/12"), parts)
		if len(r.ASPath) > 0 || len(r.Communities) > 0 || r.Passed[0].Type != attributeAtomicAggregate {
			t.Errorf("%+v", r)
		}
	}
	if r := a.Aggregate(netip.MustParsePrefix("172.16.0.0/12"), ases[:300]); len(r.ASPath) != 2 || len(r.ASPath[0].AS)+len(r.ASPath[1].AS) != 300 {
		t.Errorf("%+v", r.ASPath)
	}
}

// An aggregate gives way to a customer's route, and stands before those of other routers,
// so that two routers with the same one do not withdraw theirs in turn.
func TestAggregateAmongOthers(t *testing.T) {
	red := testVRF(1, "red", []string{"65001:1"}, []string{"65001:1"})
	tables := NewTables([]VRF{red})
	tables.SetNextHop(hopA, true, 0)
	remote := received(1, "65001:9", "10.0.0.0/8", "65001:1")
	best := func(what string, want Source, remote bool) {
		t.Helper()
		p := bestPath(tables, "red", netip.MustParsePrefix("10.0.0.0/8"))
		if p == nil || p.Source != want || p.Remote() != remote {
			t.Errorf("%s: %+v", what, p)
		}
	}
	tables.SetAggregate("red", Route{Prefix: remote.Prefix, Label: 1000})
	best("alone", Aggregate, false)
	if changes := tables.Update(remote); len(changes) > 0 {
		t.Errorf("another router's route changes %+v", changes)
	}
	best("beside another router's", Aggregate, false)
	peer := netip.MustParseAddr("10.1.0.2")
	tables.SetCustomer("red", CustomerRoute{Reachable: true, Route: Route{Prefix: remote.Prefix, NextHop: peer, Peer: peer, Label: 1001}})
	best("beside a customer's", BGP, false)
	tables.RemoveCustomer("red", remote.Prefix, peer)
	best("again", Aggregate, false)
	tables.RemoveAggregate("red", remote.Prefix)
	best("removed", BGP, true)
}

// With summary-only, other VRFs of the router get the aggregate alone.
func TestSummaryLeavesAlone(t *testing.T) {
	red := testVRF(1, "red", nil, []string{"65001:1"})
	blue := testVRF(2, "blue", []string{"65001:1"}, nil)
	tables := NewTables([]VRF{red, blue})
	static := LocalRoute{Prefix: netip.MustParsePrefix("10.1.0.0/16"), Source: Static, NextHop: netip.MustParseAddr("10.9.9.9"), Label: 1001}
	tables.SetLocal("red", static)
	tables.SetAggregate("red", Route{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Label: 1000})
	tables.SetAggregate("blue", Route{Prefix: netip.MustParsePrefix("10.0.0.0/8"), Label: 1000})
	if best := bestPath(tables, "blue", netip.MustParsePrefix("10.0.0.0/8")); best.VRF != "blue" {
		t.Errorf("the VRF's own aggregate loses to %+v", best)
	}
	tables.RemoveAggregate("blue", netip.MustParsePrefix("10.0.0.0/8"))
	for _, summary := range []bool{false, true, false} {
		red.Summaries = nil
		if summary {
			red.Summaries = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		}
		tables.SetVRFs([]VRF{red, blue})
		if bestPath(tables, "red", static.Prefix) == nil || (bestPath(tables, "blue", static.Prefix) != nil) == summary || bestPath(tables, "blue", netip.MustParsePrefix("10.0.0.0/8")) == nil {
			t.Errorf("summary-only %t: red has %v, blue has %v", summary, tables.Routes("red"), tables.Routes("blue"))
		}
	}
}
