package labs

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/hosts"
	"pseudowan/router"
	"pseudowan/topology"
)

// customerInterface is the router's end of a customer's BGP sessions, in its
// namespace.
const customerInterface = "eth0"

// customer plans the router's side of the BGP sessions on an attachment: a
// namespace of its own for their TCP, and the wire between it and the bridge.
func (b *planner) customer(h topology.Host, a topology.Attachment, access router.Access) *router.Customer {
	if a.BGP == nil {
		return nil
	}
	// No node is named so, and no link of a router.
	node, end := a.Router+"+"+access.Name, h.Name+":"+a.Interface+"/bgp"
	port := b.hostPort(a.Router, end)
	c := &router.Customer{
		Namespace: nodeNamespace(b.topology.Name, node), Interface: customerInterface,
		Port: port, Name: fmt.Sprintf("ovs-bgp%d", port),
		Awaited: len(h.Command) > 0, BGP: *a.BGP,
	}
	b.plan.Wires = append(b.plan.Wires, WirePlan{
		A: EndPlan{Node: a.Router, Interface: c.Name, MTU: a.MTU, Alias: a.Router + ":" + end,
			MAC: derivedMAC(b.topology.Name, a.Router, end).String()},
		B: EndPlan{Node: node, Interface: c.Interface, MTU: a.MTU, MAC: access.MAC, Alias: node + ":" + c.Interface},
	})
	return c
}

// comesAbout tells whether a route can be waited for: a LAN that a host
// announces by BGP comes only where the lab starts the host's BGP.
func (b *planner) comesAbout(r topology.ExpectedRoute) bool {
	i := slices.IndexFunc(b.topology.Hosts, func(h topology.Host) bool { return h.Name == r.Origin.Host })
	if i < 0 {
		return true
	}
	if slices.ContainsFunc(b.topology.Hosts[i].Attachments, func(a topology.Attachment) bool { return b.nobodyAt(b.topology.Hosts[i], a, r) }) {
		return false
	}
	if len(b.topology.Hosts[i].Command) > 0 {
		return true
	}
	return !slices.ContainsFunc(b.topology.Hosts[i].Attachments, func(a topology.Attachment) bool {
		return a.BGP != nil && slices.Contains(a.BGP.Networks, r.Prefix)
	})
}

// nobodyAt tells that a route is a static one whose next hop is no address that
// the lab gives the host: what answers there is the user's to bring.
func (b *planner) nobodyAt(h topology.Host, a topology.Attachment, r topology.ExpectedRoute) bool {
	if a.Router != r.Origin.Router || a.VRF != r.Origin.VRF {
		return false
	}
	i := slices.IndexFunc(a.Statics, func(s topology.Static) bool { return s.Prefix == r.Prefix })
	if i < 0 {
		return false
	}
	hop := a.Statics[i].NextHop
	if hop == hosts.EUI64(linkLocal, hostMAC(b.topology.Name, h.Name, a)) {
		return false
	}
	own := func(p netip.Prefix) bool { return p.Addr() == hop }
	return !slices.ContainsFunc(hostAddresses(b.topology.Name, h.Name, a), own)
}

// linkLocal is where interfaces have addresses by themselves (RFC 4291 section
// 2.5.6).
var linkLocal = netip.MustParsePrefix("fe80::/64")

// portNamespaces names the namespaces of a router's ports that have a network
// stack of their own.
func (r RouterPlan) portNamespaces() []string {
	var out []string
	for _, a := range r.Config.Access {
		if a.Customer != nil {
			out = append(out, a.Customer.Namespace)
		}
	}
	return out
}

func (a *applier) portNamespaces() error {
	for _, r := range a.plan.Routers {
		for _, name := range r.portNamespaces() {
			if err := a.namespace(name, hosts.Mark{Lab: a.plan.Lab, Node: r.Name, Kind: hosts.KindPort}); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeExtraPorts removes the namespaces of ports that the plan no longer
// has.
func (a *applier) removeExtraPorts() error {
	keep := map[string]bool{}
	for _, r := range a.plan.Routers {
		for _, name := range r.portNamespaces() {
			keep[name] = true
		}
	}
	var errs []error
	for _, ns := range a.before.namespacesBy(hosts.KindPort) {
		if !keep[ns.Name] {
			errs = append(errs, ns.Delete())
		}
	}
	return errors.Join(errs...)
}
