package router

import (
	"net"
	"slices"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/router/transport"
	"pseudowan/topology"
)

// configureLoopback prepares the interface that owns the router's loopbacks. All that its
// kernel sends beyond the links leaves there.
func configureLoopback(cfg config.Router) error {
	if cfg.Transport == nil {
		return nil
	}
	return kernel.ConfigureOutlet(cfg.Transport.Name, cfg.Transport.Addresses)
}

// loopback returns the flows of the port of the loopbacks.
func loopback(cfg config.Router, links map[uint32]*transport.Port) ([]pipeline.Flow, error) {
	t := cfg.Transport
	if t == nil {
		return nil, nil
	}
	mac, err := net.ParseMAC(t.MAC)
	if err != nil {
		return nil, err
	}
	p := pipeline.Loopback{Port: t.Port, MAC: mac, Addresses: t.Addresses, Pipe: t.Pipe}
	for _, c := range cfg.Core {
		if leadsToLoopback(cfg, c) {
			p.Links = append(p.Links, pipeline.LoopbackLink{Port: c.Port, MAC: links[c.Port].HardwareAddr})
		}
	}
	return p.Flows(), nil
}

// leadsToLoopback reports whether packets for the loopbacks come over a link: those of paths
// whose last label is popped before, or of a session over the link. From elsewhere nobody
// has to do with what listens there.
func leadsToLoopback(cfg config.Router, link config.Core) bool {
	return link.Metric != 0 || slices.ContainsFunc(cfg.Sessions, func(s topology.Session) bool {
		return s.Interface == link.Name && slices.Contains(cfg.Transport.Addresses, s.LocalAddress)
	})
}

// loopbackMTU is that of the port of the loopbacks: what the router sends fits its links
// with a label.
func loopbackMTU(cfg config.Router) int {
	mtu := defaultMTU
	for _, c := range cfg.Core {
		if leadsToLoopback(cfg, c) {
			mtu = min(mtu, c.MTU-labelEntry)
		}
	}
	return mtu
}

// labelEntry is one entry of the label stack, in octets (RFC 3032).
const labelEntry = 4
