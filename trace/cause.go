package trace

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// Cause returns why a host does not reach an address of another as it should: the
// first thing that is wrong on the way there or, if there is none, on the way back.
func Cause(ctx context.Context, s *Snapshot, a Asker, r topology.Reach) (string, error) {
	there, err := Follow(ctx, s, a, r.From, r.Source, r.Destination)
	if err != nil {
		return "", err
	}
	if why := s.wrong(there, r.To); why != "" {
		return why, nil
	}
	back, err := Follow(ctx, s, a, r.To, r.Destination, r.Source)
	if err != nil {
		return "", err
	}
	why := s.wrong(back, r.From)
	switch {
	case why == "":
		return s.elsewhere(there, back), nil
	case len(there.doubts) > 0: // the answer may be to another packet
		return "on the way back: cannot tell: " + there.doubts[0].text, nil
	}
	return "on the way back: " + why, nil
}

// unknown returns why the path of a packet is unknown.
func unknown(p Path) string {
	first := p.doubts[0]
	if first.ends {
		return first.text
	}
	return fmt.Sprintf("cannot tell: %s; by the flows the packet %s", first.text, p.Outcome)
}

// wrong returns what is wrong with a path; "" if both by the tables and by Open
// vSwitch it leads to the right host.
func (s *Snapshot) wrong(p Path, to string) string {
	if len(p.Disagreements) > 0 {
		return p.Disagreements[0]
	}
	if p.Delivered == to {
		return ""
	}
	if len(p.doubts) > 0 {
		return unknown(p)
	}
	for _, h := range p.Hops {
		if h.Tables == nil {
			continue
		}
		if why := s.misrouted(h.Node, h.Tables.VRF, p.Destination); why != "" {
			return why
		}
	}
	if p.Delivered == "" {
		return "the packet " + p.Outcome
	}
	for _, h := range slices.Backward(p.Hops) {
		if h.Tables != nil && h.Tables.Prefix.IsValid() {
			return fmt.Sprintf("the packet goes to %s instead of %s: router %s: VRF %s has route %s (%s)",
				p.Delivered, to, h.Node, h.Tables.VRF, h.Tables.Prefix, h.Tables.Source)
		}
	}
	return "the packet " + p.Outcome
}

// misrouted returns why a VRF does not have the intended route to an address; "" if
// it does.
func (s *Snapshot) misrouted(router, vrf string, to netip.Addr) string {
	var meant netip.Prefix
	for _, r := range s.Topology.Intent().Routes {
		if r.Router == router && r.VRF == vrf && r.Prefix.Contains(to) && r.Prefix.Bits() >= meant.Bits() {
			meant = r.Prefix
		}
	}
	if !meant.IsValid() {
		return ""
	}
	e, ok := s.Explain(router, vrf, meant)
	switch {
	case !ok || e.Present:
		return ""
	case len(e.Paths) == 0:
		return fmt.Sprintf("router %s: no route to %s in VRF %s: %s", router, meant, vrf, e.Verdict)
	}
	return fmt.Sprintf("router %s: route %s in VRF %s: %s", router, meant, vrf, e.Verdict)
}

// elsewhere returns what else can be wrong if all routers forward as they should.
func (s *Snapshot) elsewhere(paths ...Path) string {
	for _, p := range paths {
		for _, h := range p.Hops {
			for _, i := range s.Interfaces {
				if h.Switch != nil && i.Router == h.Node && i.Name == h.Switch.Out && i.Oper != status.InterfaceUp {
					return fmt.Sprintf("router %s: %s %s", i.Router, i.Name, down(i))
				}
			}
		}
	}
	const fine = "the routers' tables and flows are right in both directions; "
	var filters []string
	for _, p := range paths {
		if len(p.doubts) > 0 {
			return fine + p.doubts[0].text
		}
		for _, f := range p.filters {
			if !slices.Contains(filters, f.text) {
				filters = append(filters, f.text)
			}
		}
	}
	if len(filters) > 0 {
		return fine + strings.Join(filters, ", ")
	}
	return fine + "the packet is lost on a wire or in a host"
}

// Leak returns why a host reaches an address of another that it should not reach.
func Leak(ctx context.Context, s *Snapshot, a Asker, from, to string, destination netip.Addr) (string, error) {
	p, err := Follow(ctx, s, a, from, netip.Addr{}, destination)
	if err != nil {
		return "", err
	}
	if len(p.Disagreements) > 0 {
		return p.Disagreements[0], nil
	}
	for _, passed := range []bool{true, false} { // first the VRFs on the path, then those that they have routes from
		for _, h := range p.Hops {
			if why := s.departing(h, passed); why != "" {
				return why, nil
			}
		}
	}
	if len(p.doubts) > 0 {
		return unknown(p), nil
	}
	for _, h := range p.Hops {
		if h.Tables != nil && h.Tables.Prefix.IsValid() {
			return fmt.Sprintf("router %s: VRF %s has route %s (%s), which leads to %s", h.Node, h.Tables.VRF, h.Tables.Prefix, h.Tables.Source, to), nil
		}
	}
	return "the packet " + p.Outcome, nil
}

// departing names a VRF whose route targets depart from the topology: that of a hop,
// or one that shares a target with it.
func (s *Snapshot) departing(h status.Hop, own bool) string {
	if h.Tables == nil {
		return ""
	}
	if own {
		return s.deviation(h.Node, h.Tables.VRF)
	}
	at, _ := s.vrf(h.Node, h.Tables.VRF)
	for _, v := range s.VRFs {
		if len(common(v.Export, at.Import))+len(common(v.Import, at.Export)) == 0 {
			continue
		}
		if d := s.deviation(v.Router, v.VRF); d != "" {
			return d
		}
	}
	return ""
}
