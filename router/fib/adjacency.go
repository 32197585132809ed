package fib

import (
	"iter"
	"maps"
	"net"
	"net/netip"

	"pseudowan/ovs/pipeline"
)

// SetPipe says whether the core is one hop to packets (RFC 3443). Adjacencies follow when they
// are resolved anew.
func (t *Table) SetPipe(pipe bool) { t.pipe = pipe }

// Adjacency returns the number of a next hop's adjacency, and makes one if there is
// none. A nil dst makes it unresolved.
func (t *Table) Adjacency(hop NextHop, src, dst net.HardwareAddr) uint32 {
	if number, ok := t.adjacencies[hop]; ok {
		return number
	}
	t.nextNumber++
	t.adjacencies[hop] = t.nextNumber
	t.byNumber[t.nextNumber] = hop
	t.Resolve(hop, src, dst)
	return t.nextNumber
}

// Resolve rewrites the flows of a next hop that has an adjacency; a nil dst
// makes it unresolved, and diverts what has a backup.
func (t *Table) Resolve(hop NextHop, src, dst net.HardwareAddr) {
	number, ok := t.adjacencies[hop]
	if !ok {
		return
	}
	t.Set(pipeline.Adjacency{
		ID: number, Port: hop.Port, Push: hop.Push, Pipe: t.pipe,
		SrcMAC: src, DstMAC: dst, Resolved: dst != nil,
	}.Flows())
	t.unresolved[number] = dst == nil
	t.divert(hop, number)
}

// NextHop returns the next hop to which an adjacency belongs.
func (t *Table) NextHop(adjacency uint32) (hop NextHop, ok bool) {
	hop, ok = t.byNumber[adjacency]
	return hop, ok
}

// NextHops lists the next hops that have an adjacency, in no order.
func (t *Table) NextHops() iter.Seq[NextHop] { return maps.Keys(t.adjacencies) }

// Numbers lists the next hops with their adjacencies, in no order.
func (t *Table) Numbers() iter.Seq2[NextHop, uint32] { return maps.All(t.adjacencies) }

// lead notes to which adjacencies an object of the switch leads now. It removes an
// adjacency to which nothing leads: a host that uses one address after another must
// not fill the switch.
func (t *Table) lead(object pipeline.Cookie, to ...uint32) {
	t.hold(to)
	before := t.leads[object]
	if len(to) > 0 {
		t.leads[object] = to
	} else {
		delete(t.leads, object)
	}
	t.release(before)
}

func (t *Table) hold(adjacencies []uint32) {
	for _, number := range adjacencies {
		t.users[number]++
		if len(adjacencies) > 1 {
			t.protected[number]++
		}
	}
}

func (t *Table) release(adjacencies []uint32) {
	for _, number := range adjacencies {
		if len(adjacencies) > 1 {
			if t.protected[number]--; t.protected[number] == 0 {
				delete(t.protected, number)
			}
		}
		if t.users[number]--; t.users[number] == 0 {
			delete(t.users, number)
			t.forget(number)
		}
	}
}

// LSP returns the number of the adjacency of a label-switched path to a router, and makes
// one if there is none. p is the path now, without its number.
func (t *Table) LSP(to netip.Addr, p pipeline.LSP) uint32 {
	hop := lspTo(to)
	number, ok := t.adjacencies[hop]
	if !ok {
		t.nextNumber++
		number = t.nextNumber
		t.adjacencies[hop], t.byNumber[number] = number, hop
		t.MoveLSP(to, p)
	}
	return number
}

// MoveLSP rewrites the flows of a label-switched path that has an adjacency. A path that is
// down is diverted, as an unresolved next hop is.
func (t *Table) MoveLSP(to netip.Addr, p pipeline.LSP) {
	hop := lspTo(to)
	number, ok := t.adjacencies[hop]
	if !ok {
		return
	}
	p.ID = number
	flows := p.Flows()
	t.Set(flows)
	for part := len(flows); part < adjacencyFlows; part++ { // of ways that it no longer has
		c := pipeline.NewCookie(pipeline.KindAdjacency, uint8(part), uint64(number))
		if flow, ok := t.flows[c]; ok {
			t.drop(c, flow)
		}
	}
	t.unresolved[number] = !p.Up
	t.divert(hop, number)
}

// MoveLSPNow is MoveLSP for what Urgent returns: the neighbour on the path is lost.
func (t *Table) MoveLSPNow(to netip.Addr, p pipeline.LSP) {
	t.MoveLSP(to, p)
	if p.ID = t.LSPNumber(to); p.ID != 0 {
		t.urgent = append(t.urgent, p.Flows()...)
	}
}

// LSPNumber returns the number of the adjacency of a label-switched path; 0 if it has none.
func (t *Table) LSPNumber(to netip.Addr) uint32 { return t.adjacencies[lspTo(to)] }

func lspTo(to netip.Addr) NextHop { return NextHop{Addr: to, Push: true, LSP: true} }

// LSPFlows is the number of flows of a label-switched path through which all of its packets
// pass. Each way over which it spreads has further ones.
const LSPFlows = 6

// adjacencyFlows is the largest number of flows of an adjacency: that of a path with eight
// ways.
const adjacencyFlows = LSPFlows + 8*3

// forget removes an adjacency.
func (t *Table) forget(number uint32) {
	hop, ok := t.byNumber[number]
	if !ok {
		return
	}
	delete(t.byNumber, number)
	delete(t.adjacencies, hop)
	delete(t.unresolved, number)
	t.unset(diversion(number), 1)
	t.unset(pipeline.NewCookie(pipeline.KindAdjacency, 0, uint64(number)), adjacencyFlows)
}
