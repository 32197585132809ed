package pipeline

import (
	"fmt"
	"net"
)

// ImplicitNull is the label by which a router asks for packets without a label of its
// own (RFC 3032 section 2.1). It is never on the wire.
const ImplicitNull = 3

// LSP is a label-switched path to a router that is on no link of this one (RFC 3031): an
// adjacency whose packets leave with a transport label around the label of their route.
// When it moves to another neighbour, only its own flows change.
type LSP struct {
	ID     uint32 // of the adjacency; non-zero
	IPv6   bool   // the family of what follows the transport label of the router's own packets
	Up     bool   // false: packets are dropped, and the rest is unused
	Port   uint32 // OpenFlow number of the port
	SrcMAC net.HardwareAddr
	DstMAC net.HardwareAddr
	Out    uint32 // the label that the neighbour expects; ImplicitNull: none
	Pipe   bool   // the core is one hop to packets (RFC 3443); else it counts as many as it has

	// Spread is the equally short ways over which packets without labels are spread: those
	// of customers of this router, for switches do not look below labels. Nil: they take
	// the way above.
	Spread []LSP
}

// Flows returns the flows of the path. Their matches depend only on ID and IPv6, so that a
// change of anything else replaces them in place.
func (p LSP) Flows() []Flow {
	l := &list{kind: KindAdjacency, id: uint64(p.ID)}
	match := "reg1=" + hex(p.ID)
	family, bare := "ip", "0x0800"
	if p.IPv6 {
		family, bare = "ipv6", "0x86dd"
	}
	l.add(TableAdjacency, 100, join(match, "mpls,mpls_bos=0"), p.send(p.onward("0x8847", "NXM_NX_MPLS_TTL")))
	l.add(TableAdjacency, 100, join(match, "mpls,mpls_bos=1"), p.send(p.onward(bare, "NXM_NX_IP_TTL")))
	l.add(TableAdjacency, 120, join(match, "mpls", swapped), p.send(p.around()))
	if !p.Up || len(p.Spread) == 0 {
		p.start(l, TableAdjacency, match, family)
		return l.flows
	}
	choose := fmt.Sprintf("multipath(symmetric_l3l4+udp,%d,hrw,%d,0,NXM_NX_REG7[0..7]),%s", lspBasis, len(p.Spread), gotoTable(TableWay))
	l.add(TableAdjacency, 110, join(match, "reg2=0", family), choose)
	for _, f := range []string{"ip", "ipv6"} {
		l.add(TableAdjacency, 100, join(match, f), choose)
	}
	for i, way := range p.Spread {
		way.start(l, TableWay, join(match, "reg7="+hex(uint32(i))), family)
	}
	return l.flows
}

// lspBasis makes the hash another than that of a Spread, or all flows that are sent to one
// router would take one way to it.
const lspBasis = 1

// start has packets enter the path.
func (p LSP) start(l *list, t Table, match, family string) {
	l.add(t, 110, join(match, "reg2=0", family), p.send("dec_ttl", p.first()))
	for _, f := range []string{"ip", "ipv6"} {
		l.add(t, 100, join(match, f), p.send("dec_ttl", pushRoute, ownTTL(p.Pipe), p.around()))
	}
}

// onward changes the transport label of a packet on its way. At the last router but one
// it is popped: what it uncovers gets its TTL, unless the core is a pipe.
func (p LSP) onward(under, ttl string) string {
	if p.Out != ImplicitNull {
		return setLabel(p.Out)
	}
	return popTo(under, ttl, !p.Pipe)
}

// first pushes the transport label on a packet of the router itself.
func (p LSP) first() string {
	if p.Out == ImplicitNull {
		return ""
	}
	return join(keepPrecedence, "push_mpls:0x8847", setLabel(p.Out), takePrecedence, ownTTL(p.Pipe))
}

// around pushes the transport label outside the label of a route. OVS copies TTL and
// traffic class.
func (p LSP) around() string {
	if p.Out == ImplicitNull {
		return ""
	}
	return join("push_mpls:0x8847", setLabel(p.Out), ownTTL(p.Pipe))
}

func setLabel(label uint32) string { return fmt.Sprintf("set_field:%d->mpls_label", label) }

func (p LSP) send(rewrite ...string) string {
	if !p.Up {
		return drop
	}
	return join(append(rewrite, setSrc(p.SrcMAC), setDst(p.DstMAC), "load:0->NXM_OF_IN_PORT[]", output(p.Port))...)
}

// popTo pops a label. The TTL below it becomes that of the label if uniform is set (RFC
// 3443 section 3).
func popTo(under, ttl string, uniform bool) string {
	if !uniform {
		return "pop_mpls:" + under
	}
	return join("move:NXM_NX_MPLS_TTL[]->NXM_NX_REG4[8..15]", "pop_mpls:"+under, "move:NXM_NX_REG4[8..15]->"+ttl+"[]")
}

// Transit is a label of this router for a router further on.
type Transit struct {
	Label uint32
	LSP   uint32 // adjacency
	Swap  uint32 // the label of a route that takes its place, at the bottom of the stack (RFC 4364 section 10b); 0: the label is that of a path
	MTU   int    // largest packet that fits the path, with all labels with which it comes, in octets; 0: not checked
}

// Flows returns the flows of the label. The rest of the stack is kept. What cannot go on is
// answered, along the path unless it has only this label (RFC 3032 section 2.3).
func (t Transit) Flows() []Flow {
	l := &list{kind: KindTransit, id: uint64(t.Label)}
	match := fmt.Sprintf("mpls,mpls_label=%d", t.Label)
	if t.Swap != 0 {
		t.swap(l, match)
		return l.flows
	}
	size := ""
	if t.MTU > 0 {
		size = checkSize(t.MTU + ethernetHeader)
	}
	l.add(TableLabel, 100, match, join(setVRF(Global), size, "dec_mpls_ttl", setReg(1, t.LSP), gotoTable(TableAdjacency)))
	for _, ttl := range []string{"0", "1"} {
		l.add(TableLabel, 110, match+",mpls_ttl="+ttl, join(setVRF(Global), punt(ReasonTTL)))
	}
	return l.flows
}

// swapped says that the label of a packet is that of a route, as its next hop expects it: that
// of the path comes around it.
const swapped = "reg6=0x2/0x2"

// swap adds the flows of the label of a route.
func (t Transit) swap(l *list, match string) {
	match += ",mpls_bos=1"
	l.add(TableLabel, 100, match, join("dec_mpls_ttl", setLabel(t.Swap), "load:1->NXM_NX_REG6[1]", setReg(1, t.LSP), gotoTable(TableAdjacency)))
	for _, ttl := range []string{"0", "1"} {
		l.add(TableLabel, 110, match+",mpls_ttl="+ttl, punt(ReasonTTL))
	}
}
