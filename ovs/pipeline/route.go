package pipeline

import "net/netip"

// VRF is a VRF's default: a destination without a route is unreachable. Punts of
// labelled packets, and of packets from the slow path itself, have a limit per
// VRF.
type VRF struct {
	ID    uint32
	Meter uint32 // limits punts from ports outside the VRF; 0: no limit
}

// Flows returns the flows of the VRF.
func (v VRF) Flows() []Flow {
	l := &list{kind: KindVRF, id: uint64(v.ID)}
	l.add(TableRoute, 1, vrfIs(v.ID), punt(ReasonUnreachable))
	l.add(TablePunt, prioPuntVRF, vrfIs(v.ID), controller(v.Meter))
	return l.flows
}

// Route is what happens to packets to a prefix in a VRF. The longest prefix
// wins.
type Route struct {
	ID     uint64 // the caller's number for the cookie, unique and at most 48 bits
	VRF    uint32
	Prefix netip.Prefix
	To     Target
}

// Target is what a route does with a packet: Forward, Spread, LookUp or Punt.
type Target interface{ actions() string }

// Forward sends packets to an adjacency, or to that of the backup while it is diverted
// (see Diversion).
type Forward struct {
	Adjacency uint32
	Label     uint32 // for an adjacency that pushes
	MTU       int    // largest IP packet that fits both adjacencies, in octets; 0: not checked

	Backup      uint32 // below 2^31; 0: none
	BackupLabel uint32 // for a backup that pushes
}

// LookUp looks up the destination again in the VRF of this number: it is the
// target of an imported route to a connected subnet of that VRF, which has a
// route for each known host. The TTL is decremented once, at the egress, and both
// routes count the packet.
type LookUp uint32

// Punt hands packets to the slow path: ReasonGlean for a connected subnet,
// ReasonLocal for an address of the router, ReasonUnreachable to refuse.
type Punt Reason

func (f Forward) actions() string {
	label, size := "", ""
	if f.Label != 0 {
		label = setReg(2, f.Label)
	}
	if f.MTU > 0 {
		size = checkSize(f.MTU + ethernetHeader)
	}
	return join(setReg(1, f.Adjacency), label, f.backup(), size, gotoTable(TableAdjacency))
}

func (l LookUp) actions() string { return join(setVRF(uint32(l)), resubmit(TableRoute)) }

func (p Punt) actions() string { return punt(Reason(p)) }

// Flows returns the flow of the route.
func (r Route) Flows() []Flow {
	l := &list{kind: KindRoute, id: r.ID}
	l.add(TableRoute, routePriority(r.Prefix), join(vrfIs(r.VRF), destination(r.Prefix)), r.To.actions())
	return l.flows
}

// routePriority makes the longest prefix win. A packet has one family, so both
// share the range above the VRF's default.
func routePriority(p netip.Prefix) uint16 { return uint16(10 + p.Bits()) }
