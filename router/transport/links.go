package transport

import (
	"bytes"
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
	ask      Ask

	beyond  Beyond // nil: nothing is reached beyond the links
	ports   map[uint32]*Port
	widest  int // the longest IP packet that a customer can send, in octets
	heard   map[heardKey]kernel.NeighborEvent
	changed map[netip.Addr]bool // next hops that may have become usable or unusable
	round   int                 // of Solicit
}

// heardKey identifies a neighbour of the kernel.
type heardKey struct {
	index int
	addr  netip.Addr
}

// Beyond knows next hops that are on no link of the router: they are reached through
// label-switched paths.
type Beyond interface {
	// Reaches reports whether there is a path to a next hop.
	Reaches(nextHop netip.Addr) bool
	// Metric returns that of the path to a next hop; 0 if there is none.
	Metric(nextHop netip.Addr) uint64
	// Forward returns how packets with a label get to a next hop to which there is a path.
	Forward(nextHop netip.Addr, label uint32) pipeline.Forward
}

// SetBeyond sets what is asked for next hops that are on no link.
func (l *Links) SetBeyond(b Beyond) { l.beyond = b }

// Note has next hops beyond the links reported by Changed.
func (l *Links) Note(nextHop netip.Addr) { l.changed[nextHop] = true }

func (l *Links) reachesBeyond(nextHop netip.Addr) bool {
	return l.beyond != nil && l.beyond.Reaches(nextHop)
}

// Ask makes the kernel resolve a neighbour, as kernel.Solicit does.
type Ask func(index int, addr netip.Addr, introduced bool) error

// New returns an empty Links.
func New(log *slog.Logger, f *fib.Table, carriers *kernel.Carriers, ask Ask) *Links {
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
			p.neighbors, p.wanted, p.behind, p.lost = before.neighbors, before.wanted, before.behind, before.lost
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

// Of returns the link on which a next hop is reached, or nil if it is on none and
// behind none.
func (l *Links) Of(nextHop netip.Addr) *Port {
	p, _ := l.way(nextHop)
	return p
}

// way returns the link on which a next hop is reached, and the neighbour there that
// packets for it go to: the next hop itself, or the router that it is behind.
func (l *Links) way(nextHop netip.Addr) (best *Port, neighbor netip.Addr) {
	bits := -1
	take := func(p *Port, to netip.Prefix, via netip.Addr) {
		better := to.Bits() > bits || to.Bits() == bits && p.Port < best.Port
		if to.Contains(nextHop) && better {
			best, neighbor, bits = p, via, to.Bits()
		}
	}
	for _, p := range l.ports {
		for _, subnet := range p.Addresses {
			take(p, subnet, nextHop)
		}
		for _, w := range p.Ways {
			take(p, w.To, w.Via)
		}
	}
	return best, neighbor
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
		before, known := p.neighbors[e.Addr]
		p.neighbors[e.Addr] = e
		if known && (before.State == kernel.Failed) == (e.State == kernel.Failed) && bytes.Equal(before.MAC, e.MAC) {
			return // asked again, with the same answer
		}
		l.fib.Resolve(adjacency(p, e.Addr), p.HardwareAddr, e.MAC)
		if p.wanted[e.Addr] {
			l.change(p, e.Addr)
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
		for neighbor := range p.wanted {
			l.change(p, neighbor)
			l.solicit(p, neighbor)
		}
	}
}

// change notes that the next hops at a neighbour may have become usable or unusable.
func (l *Links) change(p *Port, neighbor netip.Addr) {
	l.changed[neighbor] = true
	for nextHop := range p.behind[neighbor] {
		l.changed[nextHop] = true
	}
}

// Use follows a next hop that a route names: it is kept resolved, and reported by
// Changed whenever it may have become usable or unusable.
func (l *Links) Use(nextHop netip.Addr) {
	l.follow(nextHop)
	l.changed[nextHop] = true
}

// follow has the way to a next hop kept resolved, and returns it.
func (l *Links) follow(nextHop netip.Addr) (p *Port, neighbor netip.Addr) {
	p, neighbor = l.way(nextHop)
	if p == nil {
		return nil, neighbor
	}
	l.want(p, neighbor)
	if neighbor != nextHop {
		if p.behind[neighbor] == nil {
			p.behind[neighbor] = map[netip.Addr]bool{}
		}
		p.behind[neighbor][nextHop] = true
	}
	return p, neighbor
}

func (l *Links) want(p *Port, nextHop netip.Addr) {
	if !p.wanted[nextHop] {
		p.wanted[nextHop] = true
		if p.patience(nextHop) > 0 {
			l.solicit(p, nextHop)
		}
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

// Usable reports whether routes through a next hop may be used: it is on a link
// that is up, and has not failed to answer.
func (l *Links) Usable(nextHop netip.Addr) bool {
	p, neighbor := l.way(nextHop)
	if p == nil {
		return l.reachesBeyond(nextHop)
	}
	return l.carriers.Up(p.Name) && p.neighbors[neighbor].State != kernel.Failed && !p.loses(neighbor)
}

// Metric returns that of the way to a next hop: 0 if it is on a link.
func (l *Links) Metric(nextHop netip.Addr) uint64 {
	if p, _ := l.way(nextHop); p != nil || l.beyond == nil {
		return 0
	}
	return l.beyond.Metric(nextHop)
}

// Answers reports whether a next hop is resolved.
func (l *Links) Answers(nextHop netip.Addr) bool {
	p, neighbor := l.way(nextHop)
	if p == nil {
		return l.reachesBeyond(nextHop)
	}
	return p.neighbors[neighbor].MAC != nil
}

// At is a next hop on a link: the port that leads to it, and its MAC, which is nil
// while it is not known.
func (l *Links) At(nextHop netip.Addr) (*Port, net.HardwareAddr) {
	p, neighbor := l.follow(nextHop)
	if p == nil {
		return nil, nil
	}
	return p, p.neighbors[neighbor].MAC
}

// Longest returns the longest IP packet that a customer can send, in octets.
func (l *Links) Longest() int { return l.widest }

// Fails reports whether nothing can be sent to an address on an interface, because
// the interface has no carrier or the address, or that which it is behind, has failed
// to answer.
func (l *Links) Fails(name string, addr netip.Addr) bool {
	for _, p := range l.ports {
		if to, neighbor := l.way(addr); to == p {
			addr = neighbor
		}
		if p.Name == name && (!l.carriers.Up(name) || p.neighbors[addr].State == kernel.Failed) {
			return true
		}
	}
	return false
}

// Forward returns how packets with a label get to a next hop; ok is
// false if the next hop cannot be reached.
func (l *Links) Forward(nextHop netip.Addr, label uint32) (to pipeline.Forward, ok bool) {
	p, neighbor := l.follow(nextHop)
	switch {
	case p == nil && l.reachesBeyond(nextHop):
		return l.beyond.Forward(nextHop, label), true
	case p == nil:
		return to, false
	}
	to = pipeline.Forward{
		Adjacency: l.fib.Adjacency(adjacency(p, neighbor), p.HardwareAddr, p.neighbors[neighbor].MAC), Label: label,
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
