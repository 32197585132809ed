package pipeline

import "fmt"

// InLabel is a label that this router has allocated. At the bottom of the stack
// it is popped and the packet goes on in a VRF; with Swap it is replaced by the
// next router's label instead.
type InLabel struct {
	Label     uint32
	IPv6      bool   // family of the packet under the label; a label serves one family
	VRF       uint32 // non-zero, except with Swap
	Adjacency uint32 // where to send the packet; 0: look up its destination in the VRF
	Uniform   bool   // the packet gets the TTL of its label: the core counts hops for it (RFC 3443)
	Echo      bool   // MPLS echo under it is answered, see CorePort
	MTU       int    // largest IP packet that fits the adjacency, in octets; 0: not checked
	Swap      *Swap  // transit
}

// Swap is the outgoing label and adjacency of a transit label.
type Swap struct {
	Label     uint32
	Adjacency uint32
}

// Flows returns the flows of the label.
func (in InLabel) Flows() []Flow {
	l := &list{kind: KindInLabel, id: uint64(in.Label)}
	match := fmt.Sprintf("mpls,mpls_label=%d", in.Label)
	if in.Swap != nil {
		in.swap(l, match)
		return l.flows
	}
	pop := popTo("0x0800", "NXM_NX_IP_TTL", in.Uniform)
	if in.IPv6 {
		pop = popTo("0x86dd", "NXM_NX_IP_TTL", in.Uniform)
	}
	size, adjacency, note := "", "", ""
	if in.MTU > 0 {
		size = checkSize(in.MTU + ethernetHeader + labelEntry)
	}
	if in.Adjacency != 0 {
		adjacency = setReg(1, in.Adjacency)
	}
	if in.Echo {
		note = setReg(9, in.Label)
	}
	l.add(TableLabel, 100, match+",mpls_bos=1",
		join(setVRF(in.VRF), adjacency, note, size, pop, gotoTable(TableTTL)))
	return l.flows
}

// swap keeps the rest of the stack. A packet whose label TTL has expired is answered
// along its path: it belongs to a VRF that only the egress knows (RFC 3032 section 2.3).
func (in InLabel) swap(l *list, match string) {
	l.add(TableLabel, 100, match, join(
		"dec_mpls_ttl", fmt.Sprintf("set_mpls_label(%d)", in.Swap.Label),
		setReg(1, in.Swap.Adjacency), gotoTable(TableAdjacency)))
	for _, ttl := range []string{"0", "1"} {
		l.add(TableLabel, 110, match+",mpls_ttl="+ttl, punt(ReasonTTL))
	}
}
