package access

import (
	"fmt"
	"net"
	"net/netip"
	"slices"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/meter"
	"pseudowan/router/slowpath"
)

// Port is a port to a host.
type Port struct {
	config.Access
	VRFID        uint32
	HardwareAddr net.HardwareAddr // the gateway's MAC, parsed
}

// PortsOf reads the access ports of a configuration, by port number.
func PortsOf(cfg config.Router) (map[uint32]*Port, error) {
	ports := map[uint32]*Port{}
	for _, a := range cfg.Access {
		mac, err := net.ParseMAC(a.MAC)
		if err != nil {
			return nil, fmt.Errorf("port %s: %w", a.Name, err)
		}
		i := slices.IndexFunc(cfg.VRFs, func(v config.VRF) bool { return v.Name == a.VRF })
		if i < 0 {
			return nil, fmt.Errorf("port %s: no VRF %s", a.Name, a.VRF)
		}
		ports[a.Port] = &Port{Access: a, VRFID: cfg.VRFs[i].ID, HardwareAddr: mac}
	}
	return ports, nil
}

// SlowPath returns the slow path of a router with these ports.
func SlowPath(ports map[uint32]*Port, router config.Router) (*slowpath.Router, error) {
	var cfg slowpath.Config
	if router.Transport != nil {
		cfg.Loopbacks = router.Transport.Addresses
	}
	for _, c := range router.Core {
		link := slowpath.Link{Port: c.Port}
		for _, a := range c.Addresses {
			link.Addresses = append(link.Addresses, a.Addr())
		}
		cfg.Links = append(cfg.Links, link)
	}
	for _, p := range ports {
		cfg.Interfaces = append(cfg.Interfaces, slowpath.Interface{
			Port: p.Port, VRF: p.VRFID, Name: p.Name, MAC: p.HardwareAddr, Addresses: p.Gateways, MTU: p.MTU,
			RA: advertisement(p.RA),
		})
	}
	return slowpath.New(cfg)
}

// Widest returns the longest IP packet that hosts can send, in octets.
func Widest(ports map[uint32]*Port) int {
	widest := 0
	for _, p := range ports {
		widest = max(widest, p.MTU)
	}
	return widest
}

// OnLink reports whether a host on the port can have an address.
func (p *Port) OnLink(a netip.Addr) bool {
	return slices.ContainsFunc(p.Gateways, func(g netip.Prefix) bool { return g.Contains(a) && g.Addr() != a })
}

// same reports whether the neighbours on a port stay valid when it becomes next.
func (p *Port) same(next *Port) bool {
	return next != nil && next.Name == p.Name && next.VRFID == p.VRFID && slices.Equal(next.Gateways, p.Gateways)
}

// flows returns the flows for what arrives on the port.
func (p *Port) flows() []pipeline.Flow {
	gateways := make([]netip.Addr, len(p.Gateways))
	for i, g := range p.Gateways {
		gateways[i] = g.Addr()
	}
	port := pipeline.AccessPort{
		Port: p.Port, VRF: p.VRFID, MAC: p.HardwareAddr, Gateways: gateways,
		ControlMeter: meter.Control(p.Port), Meter: meter.Data(p.Port),
	}
	if p.Segment {
		port.HeardMeter = meter.Heard(p.Port)
	}
	return port.Flows()
}
