package plan

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/hosts"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// customerInterface is the router's end of a customer's BGP sessions, in its
// namespace.
const customerInterface = "eth0"

// customer plans the router's side of the BGP sessions on an attachment: a
// namespace of its own for their TCP, and the wire between it and the bridge.
func (b *planner) customer(h topology.Host, a topology.Attachment, access config.Access) *config.CE {
	if a.BGP == nil {
		return nil
	}
	// Neither a node nor a link can have this name.
	node, end := a.Router+"+"+access.Name, h.Name+":"+a.Interface+"/bgp"
	port := b.hostPort(a.Router, end)
	c := &config.CE{
		Namespace: NodeNamespace(b.topology.Name, node), Interface: customerInterface,
		Port: port, Name: fmt.Sprintf("ovs-bgp%d", port),
		Awaited: len(h.Command) > 0, BGP: *a.BGP,
	}
	b.plan.Wires = append(b.plan.Wires, Wire{
		A: End{Node: a.Router, Interface: c.Name, MTU: a.MTU, Alias: a.Router + ":" + end,
			MAC: derivedMAC(b.topology.Name, a.Router, end).String()},
		B: End{Node: node, Interface: c.Interface, MTU: a.MTU, MAC: access.MAC, Alias: node + ":" + c.Interface},
	})
	return c
}

// comesAbout reports whether a route will appear without the user's help: a LAN
// that a host announces by BGP does only if the lab starts the host's BGP daemon.
func (b *planner) comesAbout(r topology.ExpectedRoute) bool {
	if r.Origin.Host == "" { // an aggregate is there once something more specific is; a default route always
		return r.Prefix.Bits() == 0
	}
	i := slices.IndexFunc(b.topology.Hosts, func(h topology.Host) bool { return h.Name == r.Origin.Host })
	if i < 0 {
		return true
	}
	if slices.ContainsFunc(b.topology.AtRouters(b.topology.Hosts[i]), func(a topology.Attachment) bool { return b.nobodyAt(b.topology.Hosts[i], a, r) }) {
		return false
	}
	if len(b.topology.Hosts[i].Command) > 0 {
		return true
	}
	return !slices.ContainsFunc(b.topology.Hosts[i].Attachments, func(a topology.Attachment) bool {
		return a.BGP != nil && slices.Contains(a.BGP.Networks, r.Prefix)
	})
}

// nobodyAt reports whether a route is static with a next hop that the lab does
// not assign to the host: the user has to configure that address.
func (b *planner) nobodyAt(h topology.Host, a topology.Attachment, r topology.ExpectedRoute) bool {
	if a.Router != r.Origin.Router || a.VRF != r.Origin.VRF {
		return false
	}
	i := slices.IndexFunc(a.Statics, func(s topology.Static) bool { return s.Prefix == r.Prefix })
	if i < 0 {
		return false
	}
	hop := a.Statics[i].NextHop
	if hop == hosts.EUI64(linkLocal, HostMAC(b.topology.Name, h.Name, a)) {
		return false
	}
	own := func(p netip.Prefix) bool { return p.Addr() == hop }
	return !slices.ContainsFunc(HostAddresses(b.topology.Name, h.Name, a), own)
}

// linkLocal is the prefix of link-local addresses (RFC 4291 section 2.5.6).
var linkLocal = netip.MustParsePrefix("fe80::/64")
