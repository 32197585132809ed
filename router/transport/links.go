package transport

import (
	"cmp"
	"log/slog"
	"maps"
	"net"
	"net/netip"
	"slices"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
)

// Links holds the links of one router, and the next hops on them. It is not safe for
// concurrent use.
type Links struct {
	log      *slog.Logger
	fib      *fib.Table
	carriers *kernel.Carriers
	ask      func(index int, addr netip.Addr) error

	ports   map[uint32]*Port
	widest  int // the longest IP packet that a customer can send, in octets
	heard   map[heardKey]kernel.NeighborEvent
	changed map[netip.Addr]bool // next hops that may have become usable or unusable
}

// heardKey identifies a neighbour of the kernel.
type heardKey struct {
	index int
	addr  netip.Addr
}

// New returns an empty Links. ask makes the kernel resolve a neighbour, as
// kernel.Solicit does.
func New(log *slog.Logger, f *fib.Table, carriers *kernel.Carriers, ask func(index int, addr netip.Addr) error) *Links {
	return &Links{
		log: log, fib: f, carriers: carriers, ask: ask,
		ports: map[uint32]*Port{}, heard: map[heardKey]kernel.NeighborEvent{}, changed: map[netip.Addr]bool{},
	}
}

// Configure replaces the ports. widest is the longest IP packet that a customer
// can send, in octets.
func (l *Links) Configure(ports map[uint32]*Port, widest int) {
	for number, p := range ports {
		if before := l.ports[number]; before != nil && before.Index == p.Index {
			p.neighbors, p.wanted = before.neighbors, before.wanted
			continue
		}
		l.recall(p)
	}
	l.ports, l.widest = ports, widest
	var flows []pipeline.Flow
	for _, p := range ports {
		flows = append(flows, p.flows()...)
	}
	l.fib.Replace(flows, pipeline.KindCorePort)
	for hop := range l.fib.NextHops() { // the MAC of the port may have changed
		if p := ports[hop.Port]; p != nil && hop.Push {
			l.fib.Resolve(hop, p.HardwareAddr, p.neighbors[hop.Addr].MAC)
		}
	}
}

// recall gives a new port what the kernel has already reported about its neighbours,
// because it does not report that again.
func (l *Links) recall(p *Port) {
	for k, e := range l.heard {
		if k.index == p.Index {
			p.neighbors[k.addr] = e
		}
	}
}

// Port returns a port by its number, or nil.
func (l *Links) Port(number uint32) *Port { return l.ports[number] }

// Ports lists the ports by number.
func (l *Links) Ports() []*Port {
	return slices.SortedFunc(maps.Values(l.ports), func(a, b *Port) int { return cmp.Compare(a.Core.Port, b.Core.Port) })
}

// Of returns the link whose subnet holds a next hop, or nil if the next hop
// is not connected.
func (l *Links) Of(nextHop netip.Addr) *Port {
	var best *Port
	bits := -1
	for _, p := range l.ports {
		for _, subnet := range p.Addresses {
			better := subnet.Bits() > bits || subnet.Bits() == bits && p.Port < best.Port
			if subnet.Contains(nextHop) && better {
				best, bits = p, subnet.Bits()
			}
		}
	}
	return best
}

// Hear notes what the kernel knows about a neighbour.
func (l *Links) Hear(e kernel.NeighborEvent) {
	l.heard[heardKey{e.Link, e.Addr}] = e
	if e.MAC == nil && e.State != kernel.Failed {
		delete(l.heard, heardKey{e.Link, e.Addr})
	}
	for _, p := range l.ports {
		if p.Index != e.Link {
			continue
		}
		if e.MAC == nil && e.State != kernel.Failed && l.carriers.Up(p.Name) {
			e.MAC = p.neighbors[e.Addr].MAC // the kernel asks again; the old MAC is used until the result is known
		}
		p.neighbors[e.Addr] = e
		l.fib.Resolve(adjacency(p, e.Addr), p.HardwareAddr, e.MAC)
		if p.wanted[e.Addr] {
			l.changed[e.Addr] = true
		}
		return
	}
}

func adjacency(p *Port, nextHop netip.Addr) fib.NextHop {
	return fib.NextHop{Port: p.Port, Addr: nextHop, Push: true}
}

// Carrier notes that a link has gained or lost its carrier. Its next hops change at
// once: the kernel would not notice, because the interface on which BGP runs keeps
// its carrier when the wire is cut.
func (l *Links) Carrier(name string) {
	for _, p := range l.ports {
		if p.Name != name {
			continue
		}
		for nextHop := range p.wanted {
			l.changed[nextHop] = true
			l.solicit(p, nextHop)
		}
	}
}

// Use follows a next hop that a route names: it is kept resolved, and reported by
// Changed whenever it may have become usable or unusable.
func (l *Links) Use(nextHop netip.Addr) {
	if p := l.Of(nextHop); p != nil {
		l.want(p, nextHop)
	}
	l.changed[nextHop] = true
}

func (l *Links) want(p *Port, nextHop netip.Addr) {
	if !p.wanted[nextHop] {
		p.wanted[nextHop] = true
		l.solicit(p, nextHop)
	}
}

// Resolve resolves the next hop of a packet that the switch could not send. The
// packet is lost, as on any router.
func (l *Links) Resolve(hop fib.NextHop) { l.want(l.ports[hop.Port], hop.Addr) }

// Changed returns the next hops that have changed since the last call.
func (l *Links) Changed() map[netip.Addr]bool {
	changed := l.changed
	l.changed = map[netip.Addr]bool{}
	return changed
}

// Solicit asks again for the next hops in use, including those that are resolved: a
// router behind a LAN segment may be gone although our carrier stays. A next hop that
// is not in named is no longer in use.
func (l *Links) Solicit(named map[netip.Addr]bool) {
	for _, p := range l.ports {
		for nextHop := range p.wanted {
			if _, ok := named[nextHop]; !ok {
				delete(p.wanted, nextHop)
				continue
			}
			l.solicit(p, nextHop)
		}
	}
}

func (l *Links) solicit(p *Port, nextHop netip.Addr) {
	if !l.carriers.Up(p.Name) {
		return
	}
	if err := l.ask(p.Index, nextHop); err != nil {
		l.log.Warn("cannot solicit a next hop", "interface", p.BGPName, "address", nextHop, "error", err)
	}
}

// Usable reports whether routes through a next hop may be used: it is on a link
// that is up, and has not failed to answer.
func (l *Links) Usable(nextHop netip.Addr) bool {
	p := l.Of(nextHop)
	return p != nil && l.carriers.Up(p.Name) && p.neighbors[nextHop].State != kernel.Failed
}

// Answers reports whether a next hop is resolved.
func (l *Links) Answers(nextHop netip.Addr) bool {
	p := l.Of(nextHop)
	return p != nil && p.neighbors[nextHop].MAC != nil
}

// Fails reports whether nothing can be sent to an address on an interface, because
// the interface has no carrier or the address has failed to answer.
func (l *Links) Fails(name string, addr netip.Addr) bool {
	for _, p := range l.ports {
		if p.Name == name && (!l.carriers.Up(name) || p.neighbors[addr].State == kernel.Failed) {
			return true
		}
	}
	return false
}

// Forward returns how packets with a label get to a next hop; ok is
// false if the next hop is not connected.
func (l *Links) Forward(nextHop netip.Addr, label uint32) (to pipeline.Forward, ok bool) {
	p := l.Of(nextHop)
	if p == nil {
		return to, false
	}
	l.want(p, nextHop)
	to = pipeline.Forward{
		Adjacency: l.fib.Adjacency(adjacency(p, nextHop), p.HardwareAddr, p.neighbors[nextHop].MAC), Label: label,
	}
	if l.widest > p.Fits() {
		to.MTU = p.Fits()
	}
	return to, true
}

// Widest returns the longest IP packet that can arrive from other routers, in
// octets.
func Widest(ports map[uint32]*Port) int {
	widest := 0
	for _, p := range ports {
		widest = max(widest, p.MTU-maxLabelStack)
	}
	return widest
}

// Neighbor is a row of the kernel's neighbour table.
type Neighbor struct {
	Addr  netip.Addr
	MAC   net.HardwareAddr
	State string
}

// Neighbors lists the neighbours on a port that are known or in use, in no order.
func (p *Port) Neighbors() []Neighbor {
	var list []Neighbor
	for addr, n := range p.neighbors {
		if !addr.IsMulticast() && (n.MAC != nil || p.wanted[addr]) {
			list = append(list, Neighbor{addr, n.MAC, n.State})
		}
	}
	return list
}
