package plan

import (
	"net/netip"
	"slices"

	"pseudowan/topology"
)

// Uplink is the server on a segment: as a router, by the end of a wire, or by one of
// its NICs, as if both had a cable to the same switch.
type Uplink struct {
	Segment   string         `json:"segment"`   // the topology's name
	Bridge    string         `json:"bridge"`    // in the lab's namespace
	Port      string         `json:"port"`      // of the bridge
	Interface string         `json:"interface"` // of the server, at the other end
	MAC       string         `json:"mac"`       // the server's
	MTU       int            `json:"mtu"`
	NIC       string         `json:"nic,omitempty"`       // of the server; "" where it is a router
	Routed    bool           `json:"routed,omitempty"`    // addresses stay as they are
	Addresses []netip.Prefix `json:"addresses,omitempty"` // the server's
	Publish   []Published    `json:"publish,omitempty"`
}

// Published is a port of the server that leads to a host.
type Published struct {
	topology.Published
	Host      string       `json:"host"`
	Addresses []netip.Addr `json:"addresses"` // the host's, one of each family
}

// Names of interfaces for the server's side begin with these.
const (
	uplinkPrefix = "pwu-" // where the server is a router
	nicPrefix    = "pwn-" // where a NIC of the server is a port
)

// serverEnd names the interface of the server, and the port of the bridge, that join a
// segment to the server.
func serverEnd(lab string, s topology.Segment) (server, port string) {
	hash := ShortHash(lab + " " + s.Name)
	if s.NIC != "" {
		return nicPrefix + hash, "n-" + hash
	}
	return uplinkPrefix + hash, "u-" + hash
}

// server plans what the lab needs of the server itself.
func (b *planner) server() {
	for _, s := range b.topology.Segments {
		if !s.OnServer() {
			continue
		}
		u := Uplink{Segment: s.Name, Bridge: bridgeName(s.Name), MTU: s.MTU, NIC: s.NIC}
		u.Interface, u.Port = serverEnd(b.topology.Name, s)
		mac := derivedMAC(b.topology.Name, "", "server "+s.Name)
		if s.NIC != "" {
			mac[0] = 0xfe // a bridge of the server has the lowest address of its ports
		}
		u.MAC = mac.String()
		if s.Uplink != nil {
			u.Routed, u.Addresses = s.Uplink.Mode == topology.UplinkRouted, s.Uplink.Addresses
		}
		for _, h := range b.topology.Hosts {
			segment, addresses := b.topology.Uplinked(h)
			if segment != s.Name {
				continue
			}
			for _, p := range h.Publish {
				to := slices.DeleteFunc(slices.Clone(addresses), func(a netip.Addr) bool { return !p.For(a.Is4()) })
				u.Publish = append(u.Publish, Published{Published: p, Host: h.Name, Addresses: to})
			}
		}
		b.plan.Uplinks = append(b.plan.Uplinks, u)
	}
}

// OtherPorts lists the ports of a bridge that are no wires: those that lead to the
// server, or to another site.
func (p *Plan) OtherPorts(bridge string) []string {
	var out []string
	for _, s := range p.Segments {
		if s.Name == bridge && s.Tunnel != nil {
			out = append(out, s.Tunnel.Name)
		}
	}
	for _, u := range p.Uplinks {
		if u.Bridge == bridge {
			out = append(out, u.Port)
		}
	}
	return out
}
