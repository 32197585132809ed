package pipeline

import "net"

// Adjacency is a next hop on the wire: a port and two MAC addresses. Moving or
// resolving a next hop changes only the flows of its adjacency, never those of
// the routes that use it.
type Adjacency struct {
	ID       uint32 // non-zero
	Port     uint32 // OpenFlow number of the port
	SrcMAC   net.HardwareAddr
	DstMAC   net.HardwareAddr
	Push     bool // a core next hop: packets leave with the label of their route
	Pipe     bool // the label has a TTL of its own, see LSP
	Resolved bool // false: packets are punted with ReasonResolve, and Port and the MACs are unused
}

// Flows returns the flows of the adjacency. Their matches depend only on ID and
// Push, so that a change of anything else replaces them in place.
func (a Adjacency) Flows() []Flow {
	l := &list{kind: KindAdjacency, id: uint64(a.ID)}
	match := "reg1=" + hex(a.ID)
	for _, family := range []string{"ip", "ipv6"} {
		l.add(TableAdjacency, 100, join(match, family), a.actions("dec_ttl", a.push()))
	}
	if a.Push {
		l.add(TableAdjacency, 100, join(match, "mpls"), a.actions())
	}
	return l.flows
}

// push turns an IP packet into a labelled one. The precedence bits become the
// traffic class (RFC 3270, RFC 5462); by default OVS copies the wrong three bits
// of the DSCP. OVS sets bottom of stack and TTL itself.
func (a Adjacency) push() string {
	if !a.Push {
		return ""
	}
	return join(pushRoute, ownTTL(a.Pipe))
}

// ownTTL gives a label that has just been pushed a TTL of its own if the core is a pipe (RFC
// 3443 section 3.2): routers that swap the label of a route do not count for the packet, as
// those on the path do not.
func ownTTL(pipe bool) string {
	if !pipe {
		return ""
	}
	return "load:255->NXM_NX_MPLS_TTL[]"
}

const (
	keepPrecedence = "move:NXM_OF_IP_TOS[5..7]->NXM_NX_REG4[0..2]"
	takePrecedence = "move:NXM_NX_REG4[0..2]->OXM_OF_MPLS_TC[]"
	pushRoute      = keepPrecedence + ",push_mpls:0x8847,move:NXM_NX_REG2[0..19]->OXM_OF_MPLS_LABEL[]," + takePrecedence
)

func (a Adjacency) actions(rewrite ...string) string {
	if !a.Resolved {
		return punt(ReasonResolve)
	}
	// OpenFlow does not send a packet out of its ingress port, unless that is
	// unknown.
	return join(append(rewrite, setSrc(a.SrcMAC), setDst(a.DstMAC), "load:0->NXM_OF_IN_PORT[]", output(a.Port))...)
}
