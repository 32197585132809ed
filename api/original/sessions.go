package original

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strconv"

	"pseudowan/topology"
	"pseudowan/topology/edit"
)

// link gives a session over a link other settings. A link that the lab does not have, or
// that has another AS at its end, is refused.
func link(t *topology.Topology, router string, own, opposite netip.Addr, f fields) ([]edit.Edit, error) {
	const remedy = "edit links: in the file, and `pseudowan up` it"
	s := sessionWith(t, router, opposite)
	switch {
	case s == nil || s.LocalAddress != own:
		return nil, conflictf("router %s has no link with a BGP session from %s to %s: %s", router, own, opposite, remedy)
	case f["opposite_asnumber"] != fmt.Sprint(s.PeerAS) && f["opposite_asnumber"] != "":
		return nil, conflictf("opposite_asnumber of the session from %s to %s is %q, not %s: %s", own, opposite, fmt.Sprint(s.PeerAS), f["opposite_asnumber"], remedy)
	}
	edits, err := otherMED(s, f["bgp_med"])
	if err != nil {
		return nil, err
	}
	preferring, err := prefer(t, s, f)
	return append(edits, preferring...), err
}

// sessionWith finds the session of a router with a peer; nil if there is none.
func sessionWith(t *topology.Topology, router string, peer netip.Addr) *topology.Session {
	i := slices.IndexFunc(t.Sessions, func(s topology.Session) bool { return s.Router == router && s.PeerAddress == peer })
	if i < 0 {
		return nil
	}
	return &t.Sessions[i]
}

// setting changes one setting of a session.
func setting(s *topology.Session, key string, value any) edit.Edit {
	return edit.Edit{Op: edit.NeighborSet, Name: s.Peer(), Router: s.Router, Interface: s.Interface, Settings: map[string]any{key: value}}
}

// otherMED gives a session a MED, unless it has it already; "" leaves the one it has.
func otherMED(s *topology.Session, text string) ([]edit.Edit, error) {
	if text == "" {
		return nil, nil
	}
	med, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil, badf("MED %q is not a number from 0 to 4294967295", text)
	}
	if s.MED != nil && uint64(*s.MED) == med {
		return nil, nil
	}
	return []edit.Edit{setting(s, "med", med)}, nil
}

// preferring is the name of a policy that prefer makes, of an AS and a local preference.
var preferring = regexp.MustCompile(`^local-pref-[0-9]+-[0-9]+$`)

// prefer sends the routes of an AS with a local preference, in the place of such a policy
// that the session has already.
func prefer(t *topology.Topology, s *topology.Session, f fields) ([]edit.Edit, error) {
	if f["bgp_local_pref"] == "" {
		return nil, nil
	}
	pref, err1 := strconv.ParseUint(f["bgp_local_pref"], 10, 32)
	as, err2 := strconv.ParseUint(f["bgp_filter_asnumber"], 10, 32)
	if err1 != nil || err2 != nil {
		return nil, badf("bgp_local_pref %q is for routes of the AS bgp_filter_asnumber %q: both are numbers", f["bgp_local_pref"], f["bgp_filter_asnumber"])
	}
	name := fmt.Sprintf("local-pref-%d-%d", as, pref)
	if slices.Contains(s.ExportPolicy, name) {
		return nil, nil
	}
	var edits []edit.Edit
	defined := false
	for _, p := range t.Policies {
		defined = defined || p.Name == name
	}
	if !defined {
		edits = append(edits, edit.Edit{Op: edit.PolicyAdd, Name: name, Terms: []any{map[string]any{
			"match": map[string]any{"as-path": fmt.Sprintf("^%d_", as)}, "set": map[string]any{"local-pref": pref}, "then": "next",
		}}})
	}
	export := []any{name}
	var gone []edit.Edit
	for _, other := range s.ExportPolicy {
		if !preferring.MatchString(other) {
			export = append(export, other)
		} else if uses(t, other) == 1 {
			gone = append(gone, edit.Edit{Op: edit.PolicyDel, Name: other})
		}
	}
	return slices.Concat(edits, []edit.Edit{setting(s, "export-policy", export)}, gone), nil
}

// uses counts where a lab has a policy.
func uses(t *topology.Topology, policy string) (n int) {
	count := func(lists ...[]string) {
		for _, l := range lists {
			if slices.Contains(l, policy) {
				n++
			}
		}
	}
	inVRF := func(c *topology.CustomerBGP) {
		if c != nil {
			count(c.ImportPolicy, c.ExportPolicy)
		}
	}
	for _, s := range t.Sessions {
		count(s.ImportPolicy, s.ExportPolicy)
	}
	for _, v := range t.VRFs {
		count(v.ImportPolicy, v.ExportPolicy)
	}
	for _, l := range t.Links {
		for _, e := range l.Ends {
			inVRF(e.BGP)
		}
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			inVRF(a.BGP)
		}
	}
	return n
}

// neighborMED changes the MED of a session.
func neighborMED(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	peer, err := f.address("peerIp")
	if err != nil {
		return nil, err
	}
	s := sessionWith(t, router, peer)
	switch {
	case s == nil:
		return nil, conflictf("router %s has no BGP session with the router %s", router, peer)
	case f["med"] == "":
		return nil, badf("med is empty")
	}
	return otherMED(s, f["med"])
}

// addStation makes a router tell a BMP station of its sessions.
func addStation(t *topology.Topology, router string, f fields) ([]edit.Edit, error) {
	to, known, err := f.station(t, router)
	if err != nil || len(known) > 0 {
		return nil, err
	}
	set := map[string]any{"to": to.String()}
	if vrf := vrfOn(t, router, to.Addr()); vrf != "" {
		set["vrf"] = vrf
	}
	return []edit.Edit{{Op: edit.BMPAdd, Name: router, Settings: set}}, nil
}

func delStation(t *topology.Topology, router string, f fields) (edits []edit.Edit, err error) {
	to, known, err := f.station(t, router)
	if err == nil && len(known) == 0 {
		err = conflictf("router %s has no BMP station %s", router, to)
	}
	for _, s := range known {
		edits = append(edits, edit.Edit{Op: edit.BMPDel, Name: router, Settings: map[string]any{"to": to.String(), "vrf": s.VRF}})
	}
	return edits, err
}

// station reads the address of a BMP station, and finds those of the router that have it.
func (f fields) station(t *topology.Topology, router string) (to netip.AddrPort, known []topology.Station, err error) {
	a, err := f.address("address")
	if err != nil {
		return to, nil, err
	}
	port, err := strconv.ParseUint(f["port"], 10, 16)
	if err != nil || port == 0 {
		return to, nil, badf("port %q is not the number of a TCP port", f["port"])
	}
	to = netip.AddrPortFrom(a, uint16(port))
	for _, r := range t.Routers {
		for _, s := range r.Stations {
			if r.Name == router && s.Address == to {
				known = append(known, s)
			}
		}
	}
	return to, known, nil
}

// vrfOn returns the VRF in which an address is on a subnet of a router; "" if there is
// none: stations are on a link then.
func vrfOn(t *topology.Topology, router string, address netip.Addr) string {
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			if a.Router == router && slices.ContainsFunc(a.Gateways, func(p netip.Prefix) bool { return p.Contains(address) }) {
				return a.VRF
			}
		}
	}
	return ""
}
