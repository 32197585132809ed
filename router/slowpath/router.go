package slowpath

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
)

// Router answers for the gateway addresses of one router. Its tables do not change:
// a changed configuration needs a new Router. It is not safe for concurrent use,
// because it reuses its buffers.
type Router struct {
	ports     map[uint32]*port
	vrfs      map[uint32]*vrf
	links     map[uint32][]netip.Addr // own addresses, by port
	loopbacks []netip.Addr
	errors    *limiter[flow]
	defences  *limiter[uint32]
	in        packet
	buf       gopacket.SerializeBuffer
	ident     uint16
}

// flow is the key of the ICMP error limit: on a core port, one customer must not
// use up the share of others.
type flow struct{ port, vrf uint32 }

// port is an Interface and what follows from it.
type port struct {
	Interface
	own   []netip.Addr // gateway addresses, including the IPv6 link-local one
	local netip.Addr   // the IPv6 link-local address; invalid without IPv6
}

// vrf holds the gateways of one VRF.
type vrf struct {
	ports    []*port              // by port number
	gateways map[netip.Addr]*port // without link-local addresses
}

// defendEvery is the minimum interval between two defences of an address on one port
// (RFC 5227 section 2.4, DEFEND_INTERVAL).
const defendEvery = 10 * time.Second

// New returns a Router. The error names the wrong interface.
func New(cfg Config) (*Router, error) {
	rate, burst := cmp.Or(cfg.errorRate, defaultRate), cmp.Or(cfg.errorBurst, defaultBurst)
	r := &Router{
		ports:     make(map[uint32]*port, len(cfg.Interfaces)),
		vrfs:      make(map[uint32]*vrf),
		links:     make(map[uint32][]netip.Addr, len(cfg.Links)),
		loopbacks: cfg.Loopbacks,
		errors:    newLimiter[flow](rate, burst),
		defences:  newLimiter[uint32](1/defendEvery.Seconds(), 1),
		buf:       gopacket.NewSerializeBuffer(),
	}
	for _, i := range cfg.Interfaces {
		if err := i.check(); err != nil {
			return nil, err
		}
		if other := r.ports[i.Port]; other != nil {
			return nil, fmt.Errorf("interfaces %q and %q have the same port, %d", other.Name, i.Name, i.Port)
		}
		r.ports[i.Port] = newPort(i)
	}
	for _, l := range cfg.Links {
		r.links[l.Port] = l.Addresses
	}
	for _, i := range cfg.Interfaces {
		p := r.ports[i.Port]
		if err := r.checkRA(p); err != nil {
			return nil, fmt.Errorf("interface %q, port %d: router advertisement: %w", p.Name, p.Port, err)
		}
		r.join(p)
	}
	return r, nil
}

func newPort(i Interface) *port {
	i.MTU = cmp.Or(i.MTU, defaultMTU)
	p := &port{Interface: i}
	six := i.RA != nil
	for _, a := range i.Addresses {
		p.own = append(p.own, a.Addr())
		six = six || a.Addr().Is6()
		if a.Addr().Is6() && a.Addr().IsLinkLocalUnicast() && !p.local.IsValid() {
			p.local = a.Addr()
		}
	}
	if six && !p.local.IsValid() {
		p.local = linkLocal(i.MAC)
		p.own = append(p.own, p.local)
	}
	return p
}

// join enters p in its VRF. Of two ports with the same gateway address, the lower
// one answers.
func (r *Router) join(p *port) {
	if p.VRF == 0 {
		return
	}
	v := r.vrfs[p.VRF]
	if v == nil {
		v = &vrf{gateways: make(map[netip.Addr]*port)}
		r.vrfs[p.VRF] = v
	}
	at, _ := slices.BinarySearchFunc(v.ports, p, func(a, b *port) int { return cmp.Compare(a.Port, b.Port) })
	v.ports = slices.Insert(v.ports, at, p)
	for _, a := range p.own {
		if other := v.gateways[a]; !linkLocal6(a) && (other == nil || p.Port < other.Port) {
			v.gateways[a] = p
		}
	}
}

// linkLocal6 reports whether a is valid on its link only. IPv4 link-local
// addresses are routed like others: customers use them for point-to-point links.
func linkLocal6(a netip.Addr) bool { return a.Is6() && a.IsLinkLocalUnicast() }

// has reports whether a is one of the port's own addresses.
func (p *port) has(a netip.Addr) bool { return slices.Contains(p.own, a) }

// onLink reports whether a neighbour on the port can have the address a.
func (p *port) onLink(a netip.Addr) bool {
	if linkLocal6(a) {
		return p.local.IsValid()
	}
	return unicast(a) && p.subnet(a).IsValid()
}

// subnet returns the longest subnet of the port in which a is a station's address, or
// the zero Prefix.
func (p *port) subnet(a netip.Addr) netip.Prefix {
	var best netip.Prefix
	for _, s := range p.Addresses {
		if s.Contains(a) && !subnetEdge(s, a) && s.Bits() > best.Bits() {
			best = s
		}
	}
	return best
}

// source returns the port's own address for packets to dst: the one in the same
// subnet, else the first of the family that is valid beyond the link, else none.
// Link-local addresses are used only with link-local ones.
func (p *port) source(dst netip.Addr) netip.Addr {
	if linkLocal6(dst) {
		return p.local
	}
	if s := p.subnet(dst); s.IsValid() {
		return s.Addr()
	}
	for _, a := range p.own {
		if a.Is4() == dst.Is4() && !linkLocal6(a) {
			return a
		}
	}
	return netip.Addr{}
}

// holder returns the port of the VRF with the longest subnet that holds a, or nil; of
// several, the lowest.
func (v *vrf) holder(a netip.Addr) *port {
	var best *port
	bits := -1
	for _, p := range v.ports {
		if s := p.subnet(a); s.IsValid() && s.Bits() > bits {
			best, bits = p, s.Bits()
		}
	}
	return best
}

// broadcast reports whether a is the network or the broadcast address of one
// of the VRF's subnets.
func (v *vrf) broadcast(a netip.Addr) bool {
	if !a.Is4() {
		return false
	}
	for _, p := range v.ports {
		for _, s := range p.Addresses {
			if subnetEdge(s, a) && !p.has(a) {
				return true
			}
		}
	}
	return false
}
