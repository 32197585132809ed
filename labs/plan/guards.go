package plan

import (
	"net"
	"net/netip"
	"slices"

	"pseudowan/hosts"
	"pseudowan/hosts/guard"
	"pseudowan/topology"
)

// Guard is what a port of a bridge drops of what the host behind it sends.
type Guard struct {
	Port      string         `json:"port"`
	Host      string         `json:"host"`
	Interface string         `json:"interface"` // of the host
	MAC       string         `json:"mac"`
	Addresses []netip.Prefix `json:"addresses,omitempty"` // that it may send from
	RA        bool           `json:"ra,omitempty"`
	Source    bool           `json:"source,omitempty"`
	DHCP      bool           `json:"dhcp,omitempty"`
}

// Rule returns what the port drops.
func (g Guard) Rule() guard.Port {
	return guard.Port{Name: g.Port, RA: g.RA, DHCP: g.DHCP, Source: g.Source, MAC: g.MAC, Allowed: g.Addresses}
}

// guard plans the guard of a host's port on a segment.
func (b *planner) guard(h topology.Host, a topology.Attachment, mac net.HardwareAddr) {
	if len(a.Guard.Words()) == 0 {
		return
	}
	g := Guard{
		Port: b.bridgePort(a.Segment, h.Name+":"+a.Interface), Host: h.Name, Interface: a.Interface,
		MAC: mac.String(), RA: a.Guard.RA, Source: a.Guard.Source, DHCP: a.Guard.DHCP,
	}
	if g.Source {
		g.Addresses = sources(b.topology.Name, h.Name, a)
	}
	b.guards[a.Segment] = append(b.guards[a.Segment], g)
}

// sources returns what a host may send from on a segment: its own addresses, also
// those that it forms, and what is allowed.
func sources(lab, host string, a topology.Attachment) []netip.Prefix {
	out := []netip.Prefix{netip.PrefixFrom(hosts.EUI64(linkLocal, HostMAC(lab, host, a)), 128)}
	for _, p := range HostAddresses(lab, host, a) {
		out = append(out, netip.PrefixFrom(p.Addr(), p.Addr().BitLen()))
	}
	for _, p := range a.Guard.Allow {
		inside := func(other netip.Prefix) bool {
			return other != p && other.Bits() <= p.Bits() && other.Contains(p.Addr())
		}
		if !slices.ContainsFunc(a.Guard.Allow, inside) {
			out = slices.DeleteFunc(out, func(o netip.Prefix) bool { return p.Contains(o.Addr()) })
			out = append(out, p.Masked())
		}
	}
	slices.SortFunc(out, netip.Prefix.Compare)
	return slices.Compact(out)
}
