package slowpath

import (
	"fmt"
	"net"
	"net/netip"
)

// Reason is why the forwarding plane handed a packet up.
type Reason uint8

// The reasons.
const (
	ARP             Reason = iota + 1 // an ARP packet
	ND                                // neighbour or router discovery
	Local                             // to a gateway address
	TTL                               // TTL or hop limit would become zero
	Glean                             // to a connected subnet, to an unknown neighbour
	Resolve                           // the route's next hop is not resolved yet
	Unreachable                       // no route
	HostUnreachable                   // the neighbour did not answer
	TooBig                            // longer than the MTU to its destination
)

var reasonNames = [...]string{"", "arp", "nd", "local", "ttl", "glean", "resolve", "unreachable", "host-unreachable", "too-big"}

// String returns the reason's name.
func (r Reason) String() string {
	if r == 0 || int(r) >= len(reasonNames) {
		return fmt.Sprintf("reason(%d)", uint8(r))
	}
	return reasonNames[r]
}

// Punt is a packet handed up by the forwarding plane.
type Punt struct {
	Reason Reason
	Port   uint32 // where it came in; a port without an Interface is a core port, or none
	VRF    uint32 // 0 for that of the port; of a packet with labels, the table of those with one label
	// Frame is kept in Result.Resolve; the caller must not write to it again.
	Frame   []byte
	MTU     int        // TooBig: the longest IP packet that fits, with all labels of the frame, in octets
	NextHop netip.Addr // Resolve: the next hop; Glean: optional, as it is the destination
	OutPort uint32     // Glean, Resolve: the port of the next hop; 0 for the port of the VRF with the longest subnet that holds it
}

// Result is what to do about a punt. The zero Result means nothing.
type Result struct {
	Out       []Out
	Seen      []Seen
	Resolve   []Unresolved
	Conflicts []Conflict
	// Ignored is why a packet gets no answer; "" if it gets one, or needs
	// none.
	Ignored string
}

// Out is a frame to send: straight out of Port if that is not 0, else as an IP packet
// through the route table of VRF, which sets MACs and labels and decrements the TTL. A
// labelled frame goes on as if it had come from another router.
type Out struct {
	Port    uint32
	VRF     uint32
	Labeled bool
	Frame   []byte
}

// Seen is evidence for the neighbour table: Addr was used, or advertised, by
// MAC. Addresses are on-link on the port and never our own.
type Seen struct {
	Port      uint32
	Addr      netip.Addr
	MAC       net.HardwareAddr // nil for a neighbour advertisement without link-layer address
	Solicited bool             // it answers our probe, so both directions work
	Override  bool             // it may replace another MAC (RFC 4861 section 4.4)
	Router    bool             // the neighbour says that it forwards
}

// Unresolved is a packet that waits for a neighbour on Port. It came in on Ingress in
// VRF, which a HostUnreachable punt needs if the neighbour stays silent.
type Unresolved struct {
	Port    uint32
	Addr    netip.Addr
	Ingress uint32
	VRF     uint32
	Frame   []byte
}

// Conflict is another station that claims one of our addresses on the link.
type Conflict struct {
	Port uint32
	Addr netip.Addr
	MAC  net.HardwareAddr
}
