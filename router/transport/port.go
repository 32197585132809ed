package transport

import (
	"fmt"
	"net"
	"net/netip"
	"time"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/router/meter"
)

// Port is a link to other routers.
type Port struct {
	config.Core
	Guarded      bool             // only labels that were told behind the link may come in
	Echo         bool             // label-switched paths lead over the link
	HardwareAddr net.HardwareAddr // the MAC, parsed
	Index        int              // of the interface on which BGP runs

	known     map[netip.Addr]net.HardwareAddr // other routers of the lab
	neighbors map[netip.Addr]kernel.NeighborEvent
	wanted    map[netip.Addr]bool                // those in use as next hops, or on the way to one
	behind    map[netip.Addr]map[netip.Addr]bool // next hops in use by the neighbour that leads to them
	lost      map[netip.Addr]bool                // neighbours to which nothing gets, as BFD says
}

// Ports reads the links of a configuration, by port number.
func Ports(cfg []config.Core) (map[uint32]*Port, error) {
	ports := map[uint32]*Port{}
	for _, c := range cfg {
		mac, err := net.ParseMAC(c.MAC)
		if err != nil {
			return nil, fmt.Errorf("port %s: %w", c.Name, err)
		}
		known, err := knownNeighbors(c)
		if err != nil {
			return nil, fmt.Errorf("port %s: %w", c.Name, err)
		}
		ports[c.Port] = &Port{
			Core: c, HardwareAddr: mac, known: known,
			neighbors: map[netip.Addr]kernel.NeighborEvent{}, wanted: map[netip.Addr]bool{},
			behind: map[netip.Addr]map[netip.Addr]bool{},
		}
	}
	return ports, nil
}

func knownNeighbors(c config.Core) (map[netip.Addr]net.HardwareAddr, error) {
	known := make(map[netip.Addr]net.HardwareAddr, len(c.Neighbors))
	for _, n := range c.Neighbors {
		mac, err := net.ParseMAC(n.MAC)
		if err != nil {
			return nil, fmt.Errorf("neighbor %s: %w", n.Address, err)
		}
		known[n.Address] = mac
	}
	return known, nil
}

// ConfigureKernel gives the interfaces of the ports their addresses.
func ConfigureKernel(ports map[uint32]*Port) (err error) {
	for _, p := range ports {
		if p.Index, err = kernel.ConfigureLink(p.BGPName, p.Addresses, p.reachable()); err != nil {
			return err
		}
		if err := kernel.IntroduceNeighbors(p.Index, p.known); err != nil {
			return fmt.Errorf("interface %s: %w", p.BGPName, err)
		}
		routes := make([]kernel.Route, len(p.Ways))
		for i, w := range p.Ways {
			routes[i] = kernel.Route(w)
		}
		if err := kernel.ConfigureRoutes(p.Index, routes); err != nil {
			return fmt.Errorf("interface %s: %w", p.BGPName, err)
		}
	}
	return nil
}

// reachable returns how long the kernel trusts a neighbour that has answered: on a LAN with
// so many routers of the lab that they do not ask each other, for longer than from one
// message of a session to the next.
func (p *Port) reachable() time.Duration {
	if rounds(len(p.known)) <= longestPatience {
		return kernel.ReachableTime
	}
	return 10 * kernel.ReachableTime
}

// flows returns the flows for what arrives on the port.
func (p *Port) flows() []pipeline.Flow {
	addresses := make([]netip.Addr, len(p.Addresses))
	for i, a := range p.Addresses {
		addresses[i] = a.Addr()
	}
	return pipeline.CorePort{
		Port: p.Port, BGPPort: p.BGPPort, MAC: p.HardwareAddr, Addresses: addresses, Meter: meter.Core(p.Port), Guarded: p.Guarded, Echo: p.Echo,
	}.Flows()
}

// Fits returns the longest IP packet, in octets, that leaves on the port with one
// label.
func (p *Port) Fits() int { return p.MTU - labelEntry }

// labelEntry is one entry of the label stack, in octets (RFC 3032).
const labelEntry = 4

// maxLabelStack is what a full stack of three labels adds to a packet, in
// octets: the most that Open vSwitch can handle.
const maxLabelStack = 3 * labelEntry
