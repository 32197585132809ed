package trace

import (
	"context"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/status"
	"pseudowan/topology"
)

// OutsideCause returns why a host does not reach an address of a site outside the
// lab: the first thing that is wrong on the way to the NIC or, if there is none,
// what to check beyond it.
func OutsideCause(ctx context.Context, s *Snapshot, a Asker, r topology.Reach, site topology.Outside) (string, error) {
	there, err := Follow(ctx, s, a, r.From, r.Source, r.Destination)
	if err != nil {
		return "", err
	}
	switch last, left := there.leaves(site); {
	case len(there.Disagreements) > 0:
		return there.Disagreements[0], nil
	case left:
		return s.beyond(last, r), nil
	case len(there.doubts) > 0:
		return unknown(there), nil
	}
	if why := s.sessionDown(site); why != "" {
		return why, nil
	}
	if last := there.Hops[len(there.Hops)-1]; last.Node == site.Router {
		return fmt.Sprintf("the packet %s: the router behind %s announces no route to %s with a route target that the VRF imports",
			there.Outcome, site.Interface, r.Destination), nil
	}
	return "the packet " + there.Outcome, nil
}

// leaves reports whether a path leaves the lab by the NIC of a site, and returns its
// last hop.
func (p Path) leaves(site topology.Outside) (last status.Forwarding, ok bool) {
	if p.Delivered != "" {
		return last, false
	}
	h := p.Hops[len(p.Hops)-1]
	if h.Switch == nil || h.Node != site.Router || h.Switch.Stops != "" {
		return last, false
	}
	return *h.Switch, h.Switch.Out == site.Interface
}

// leave ends the path where the packet leaves the lab.
func (f *follower) leave(router, vrf string, fate Fate) {
	site := f.outside(router, fate.Out, vrf, f.path.Destination)
	switch {
	case site != "":
		f.path.site = site
		f.path.Outcome = fmt.Sprintf("leaves router %s by %s for %s, outside the lab", router, fate.Out, site)
	case f.leadsOn(router, fate.Out):
		f.path.onward = true
		f.path.Outcome = fmt.Sprintf("leaves router %s by %s for a router outside the lab", router, fate.Out)
		f.path.doubts = append(f.path.doubts, doubt{len(f.path.Hops), "the packet " + f.path.Outcome, true})
	default:
		f.path.Outcome = fmt.Sprintf("leaves router %s by %s for MAC %s, which no node of the lab has", router, fate.Out, fate.DstMAC)
	}
}

// leadsOn reports whether label-switched paths lead through a router's NIC.
func (s *Snapshot) leadsOn(router, intf string) bool {
	return slices.ContainsFunc(s.Topology.Links, func(l topology.Link) bool {
		return l.LeadsOn() && l.Ends[0].Router == router && l.Ends[0].Interface == intf
	})
}

// outside returns the site behind a router's interface that has an address, the one
// of a VRF if there are several; "" if there is none.
func (s *Snapshot) outside(router, intf, vrf string, a netip.Addr) (name string) {
	for _, o := range s.Topology.Outside {
		if o.Router == router && o.Interface == intf && slices.Contains(o.Addresses, a) && (name == "" || o.VRF == vrf) {
			name = o.Name
		}
	}
	return name
}

// beyond says what to check outside the lab.
func (s *Snapshot) beyond(last status.Forwarding, r topology.Reach) string {
	return fmt.Sprintf("the packet leaves by %s%s, but no answer comes back: check the router beyond, its route to %s, and whether %s answers pings",
		last.Out, under(last.Pushed), r.Source, r.Destination)
}

// sessionDown returns why there are no routes from behind a NIC; "" if a session
// over it is up.
func (s *Snapshot) sessionDown(site topology.Outside) string {
	why := ""
	for _, session := range s.Topology.Sessions {
		if session.PeerRouter != "" || session.Router != site.Router || session.Interface != site.Interface {
			continue
		}
		for _, p := range s.Peers {
			if p.Router != site.Router || !session.Is(p.RemoteAddress) || p.VRF != "" {
				continue
			}
			if p.State == status.SessionEstablished {
				return ""
			}
			why = fmt.Sprintf("router %s: the session with %s is %s", site.Router, p.RemoteAddress, p.State)
			if p.Reason != "" {
				why += ": " + p.Reason
			}
		}
	}
	return why
}
