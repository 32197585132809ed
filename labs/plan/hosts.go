package plan

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
	"pseudowan/hosts"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// host plans one customer host: its wires, the router ports at their other
// ends, the labels that its routes need, and its own network configuration.
func (b *planner) host(h topology.Host) {
	hp := Host{
		Name:      h.Name,
		Runtime:   h.Runtime,
		Namespace: NodeNamespace(b.topology.Name, h.Name),
		Container: b.topology.NodePrefix + h.Name,
		Image:     h.Image, Build: h.Build, Mounts: h.Mounts, Memory: h.Memory, CPUs: h.CPUs,
		Devices: h.Devices, Capabilities: h.Capabilities,
		Command: h.Command, Env: h.Env, Files: h.Files, Forward: h.Forward, Rewrites: h.Rewrites, Sysctls: h.Sysctls,
		Services: h.Services, Keep: h.Keep, Packages: h.Packages,
		Machine:       h.Machine,
		ContainerOnly: h.ContainerOnly, BuildLine: h.BuildLine,
	}
	if hp.Runtime == "" {
		hp.Runtime = b.runtime
	}
	hp.Knows = b.knows(h)
	for _, a := range h.Attachments {
		if a.Segment != "" {
			b.onSegment(h, a, &hp)
		} else {
			b.attachment(h, a, &hp)
		}
	}
	for i, lan := range h.LANs {
		hp.Interfaces = append(hp.Interfaces, b.lan(h, len(h.Attachments)+i, lan))
		hp.Addresses = append(hp.Addresses, lan.String())
	}
	b.client(h, &hp)
	b.plan.Hosts = append(b.plan.Hosts, hp)
}

func (b *planner) attachment(h topology.Host, a topology.Attachment, hp *Host) {
	c := b.routers[a.Router]
	end := h.Name + ":" + a.Interface
	port := b.hostPort(a.Router, end)
	access := config.Access{
		Port: port, Name: b.accessName(c, port), VRF: a.VRF, MAC: gatewayMAC(port).String(),
		Gateways: a.Gateways, MTU: a.MTU, Host: h.Name, RA: a.RA, SoO: a.SoO,
	}
	mac := HostMAC(b.topology.Name, h.Name, a)
	for _, p := range HostAddresses(b.topology.Name, h.Name, a) {
		access.Expect = append(access.Expect, p.Addr())
		hp.Addresses = append(hp.Addresses, p.String())
	}
	access.CE = b.customer(end, h.Runs(), a, access)
	c.Access = append(c.Access, access)
	a.Statics = a.ZonedStatics(access.Name)
	b.statics(c, port, a)
	b.bindings(c, h.Name, a)
	hp.VRFs = append(hp.VRFs, a.VRF)
	b.plan.Wires = append(b.plan.Wires, Wire{
		A: End{Node: a.Router, Interface: access.Name, MTU: a.MTU, Alias: a.Router + ":" + end,
			MAC: derivedMAC(b.topology.Name, a.Router, end).String()},
		B: End{Node: h.Name, Interface: a.Interface, MTU: a.MTU, MAC: mac.String(), Alias: end},
	})
	hp.Interfaces = append(hp.Interfaces, Interface{
		Name: a.Interface, Router: a.Router, MAC: mac.String(), MTU: a.MTU, Addresses: a.Addresses, SLAAC: a.SLAAC,
		Formed: formedAddresses(b.topology.Name, h.Name, a), DAD: a.DAD, Sysctls: a.Sysctls, ProxyND: a.ProxyND,
	})
	hp.Routes = append(hp.Routes, hostRoutes(a)...)
}

// HostMAC returns the MAC of a host's attachment.
func HostMAC(lab, host string, a topology.Attachment) net.HardwareAddr {
	if len(a.MAC) > 0 {
		return a.MAC
	}
	return derivedMAC(lab, host, a.Interface)
}

// HostAddresses returns the addresses of a host on an attachment: the configured
// ones, and those that it forms from advertised prefixes and its MAC.
func HostAddresses(lab, host string, a topology.Attachment) []netip.Prefix {
	return append(slices.Clone(a.Addresses), formedAddresses(lab, host, a)...)
}

// formedAddresses returns the addresses that a host forms in advertised prefixes.
func formedAddresses(lab, host string, a topology.Attachment) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range a.Prefixes() {
		out = append(out, netip.PrefixFrom(hosts.EUI64(p, HostMAC(lab, host, a)), p.Bits()))
	}
	return out
}

// accessName is ethN for port N, unless a link of the router has that name. No
// link can have the last name tried.
func (b *planner) accessName(c *config.Router, port uint32) string {
	for _, form := range []string{"eth%d", "vrf%d"} {
		name := fmt.Sprintf(form, port)
		taken := slices.ContainsFunc(c.Core, func(k config.Core) bool { return k.Name == name }) ||
			slices.ContainsFunc(c.Access, func(k config.Access) bool { return k.Name == name })
		if !taken {
			return name
		}
	}
	return fmt.Sprintf("ovs-vrf%d", port)
}

func hostRoutes(a topology.Attachment) []Route {
	var out []Route
	for _, p := range a.Routes {
		for _, g := range a.Gateways {
			if g.Addr().Is4() == p.Addr().Is4() && !(a.SLAAC && g.Addr().Is6()) {
				out = append(out, Route{Prefix: p, Via: g.Addr(), Interface: a.Interface})
				break
			}
		}
	}
	return out
}

func (b *planner) lan(h topology.Host, n int, address netip.Prefix) Interface {
	name := fmt.Sprintf("eth%d", n)
	return Interface{
		Name: name, MTU: 1500, Addresses: []netip.Prefix{address},
		MAC: derivedMAC(b.topology.Name, h.Name, name).String(),
	}
}

func (b *planner) statics(c *config.Router, port uint32, a topology.Attachment) {
	i := slices.IndexFunc(c.VRFs, func(v config.VRF) bool { return v.Name == a.VRF })
	for _, s := range a.Statics {
		c.VRFs[i].Statics = append(c.VRFs[i].Statics, config.Static{Prefix: s.Prefix, NextHop: s.NextHop, Port: port})
	}
}

// bindings assigns labels to the routes of an attachment.
func (b *planner) bindings(c *config.Router, host string, a topology.Attachment) {
	i := slices.IndexFunc(c.VRFs, func(v config.VRF) bool { return v.Name == a.VRF })
	v := &c.VRFs[i]
	instance := b.instances[[2]string{a.Router, a.VRF}]
	for _, key := range instance.LabelKeys(a, HostAddresses(b.topology.Name, host, a)) {
		label, ok := b.label(c.Router, key, c.Labels)
		if !ok {
			b.exhausted = append(b.exhausted, fmt.Errorf("host %s: router %s, VRF %s: no label left in %s; give the router a larger range (labels:)",
				host, c.Router, v.Name, c.Labels))
		}
		if binding := (vpn.Binding{Label: label, Key: key}); !slices.Contains(v.Bindings, binding) {
			v.Bindings = append(v.Bindings, binding)
		}
	}
}

// names collects the lines of /etc/hosts.
func (b *planner) names(sorted []topology.Host) {
	for _, r := range b.topology.Routers {
		for _, c := range b.routers[r.Name].Core {
			for _, p := range c.Addresses {
				b.plan.Names = append(b.plan.Names, Name{Address: p.Addr(), Names: []string{r.Name}, Node: r.Name})
			}
		}
	}
	for _, h := range sorted {
		for _, a := range h.Attachments {
			for _, scope := range b.scopes(a) {
				for _, p := range HostAddresses(b.topology.Name, h.Name, a) {
					b.plan.Names = append(b.plan.Names, Name{
						Address: p.Addr(), Names: []string{h.Name}, VRF: scope, Node: h.Name,
					})
				}
			}
		}
	}
}

// HostsFile returns a node's /etc/hosts: the routers, and the hosts of its own
// VPNs and other scopes, since addresses elsewhere may overlap. A router has none.
func HostsFile(rows []Name, scopes []string) []hosts.HostsEntry {
	var out []hosts.HostsEntry
	for _, row := range rows {
		if row.VRF == "" || slices.Contains(scopes, row.VRF) {
			out = append(out, hosts.HostsEntry{Addr: row.Address, Names: row.Names})
		}
	}
	return out
}

// sortedHosts returns the hosts in the order in which ports and labels are
// assigned: by name, so that moving a host in the file changes nothing.
func (b *planner) sortedHosts() []topology.Host {
	sorted := slices.Clone(b.topology.Hosts)
	slices.SortStableFunc(sorted, func(x, y topology.Host) int { return topology.CompareNames(x.Name, y.Name) })
	return sorted
}
