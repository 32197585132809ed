package trace

import (
	"net/netip"
	"strings"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
)

// A path that is missing because BFD has lost the link to it names the session.
func TestBFDOfMissingPath(t *testing.T) {
	hop := netip.MustParseAddr("10.255.0.4")
	s := &Snapshot{
		Topology: &topology.Topology{},
		LSPs:     []status.LSP{{Router: "p1", FEC: netip.PrefixFrom(hop, 32)}},
		BFD: []status.BFD{
			{Router: "pe1", Neighbor: "p1", Interface: "eth1", Failed: true, Diagnostic: "control detection time expired"},
			{Router: "pe1", Neighbor: "p2", Interface: "eth2", Failed: true},               // which has no path, either
			{Router: "p1", Neighbor: "p1", Interface: "eth3", Failed: true},                // who has one
			{Router: "pe1", Neighbor: "p1", Interface: "lo", Failed: true, Multihop: true}, // over no link
			{Router: "pe1", Neighbor: "p1", Interface: "eth4", State: status.BFDUp},
		},
	}
	if why, want := s.noPath("pe1", hop), "no label-switched path to next hop 10.255.0.4; BFD of pe1 has lost p1 on eth1: control detection time expired"; why != want {
		t.Errorf("%q, want %q", why, want)
	}
}

// Sessions of BFD that keep a route from being used are named, and those that are not up
// although they are configured.
func TestBFDInExplanations(t *testing.T) {
	hop := netip.MustParseAddr("10.255.0.4")
	for name, c := range map[string]struct {
		bfd       status.BFD
		lost      bool
		unwatched string
	}{
		"up":               {bfd: status.BFD{State: status.BFDUp}},
		"lost":             {bfd: status.BFD{State: status.BFDDown, Failed: true, Diagnostic: "control detection time expired"}, lost: true, unwatched: "is down"},
		"never been up":    {bfd: status.BFD{State: status.BFDDown}, unwatched: "the session with 10.255.0.4 is down"},
		"nobody there":     {bfd: status.BFD{State: status.BFDDown, Absent: true}, unwatched: "nobody does BFD at 10.255.0.4"},
		"of another":       {bfd: status.BFD{Router: "pe2", State: status.BFDDown, Failed: true}},
		"with another one": {bfd: status.BFD{RemoteAddress: netip.MustParseAddr("10.255.0.5"), State: status.BFDDown, Failed: true}},
	} {
		if c.bfd.Router == "" {
			c.bfd.Router = "pe1"
		}
		if !c.bfd.RemoteAddress.IsValid() {
			c.bfd.RemoteAddress = hop
		}
		s := &Snapshot{BFD: []status.BFD{c.bfd}}
		if b := s.lostByBFD("pe1", hop); (b != nil) != c.lost {
			t.Errorf("%s: lost because of %+v", name, b)
		}
		if why := s.unwatched("pe1", hop); (why == "") != (c.unwatched == "") || !strings.Contains(why, c.unwatched) {
			t.Errorf("%s: %q, want %q", name, why, c.unwatched)
		}
		if why := s.unusable("pe1", hop); strings.Contains(why, "BFD has lost next hop 10.255.0.4: "+c.bfd.Diagnostic) != c.lost {
			t.Errorf("%s: %s", name, why)
		}
		e := &status.Explanation{Router: "pe1", Paths: []status.ExplainedPath{{NextHop: hop, Best: true, Meaning: status.MeaningUsed}}}
		if s.conclude(e); !strings.Contains(e.Verdict, c.unwatched) {
			t.Errorf("%s: verdict %q, want %q", name, e.Verdict, c.unwatched)
		}
		e = &status.Explanation{Router: "pe1", Paths: []status.ExplainedPath{{NextHop: hop, Meaning: "not usable"}}}
		if s.conclude(e); strings.Contains(e.Remedy, "show bfd --router pe1") != c.lost {
			t.Errorf("%s: remedy %q", name, e.Remedy)
		}
	}
}
