package pipeline

import (
	"fmt"
	"slices"
)

// Spread sends packets to the paths of a Group. Packets of one flow (the same
// IP addresses, protocol and ports) take the same path.
type Spread struct {
	Group uint32 // ID of the group
	Paths int    // number of paths in the group
}

// Group is a set of equal paths to a destination. Routes share it. While a path's
// adjacency is diverted, its packets take the next path that leads elsewhere.
type Group struct {
	ID    uint32    // non-zero
	Paths []Forward // at most 256
}

// Spread returns the target of routes that use the group.
func (g Group) Spread() Spread { return Spread{Group: g.ID, Paths: len(g.Paths)} }

// actions chooses by highest random weight: of n paths, a new one receives the
// nth part of the flows, and the others stay on their paths. (A select group
// does the same, but it has no cookie, cannot be part of a bundle of flows, and
// its deletion also deletes the flows that use it.)
func (s Spread) actions() string {
	return join(setReg(5, s.Group),
		fmt.Sprintf("multipath(symmetric_l3l4+udp,0,hrw,%d,0,NXM_NX_REG7[0..7])", s.Paths),
		gotoTable(TablePath))
}

// Flows returns one flow for each path.
func (g Group) Flows() []Flow {
	l := &list{kind: KindGroup, id: uint64(g.ID)}
	for i, p := range g.Paths {
		p.Protect(slices.Concat(g.Paths[i+1:], g.Paths[:i])...)
		l.add(TablePath, 100, join("reg5="+hex(g.ID), "reg7="+hex(uint32(i))), p.actions())
	}
	return l.flows
}
