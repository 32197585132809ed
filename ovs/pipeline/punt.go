package pipeline

import "fmt"

// Reason is why a packet was handed to the slow path. It is in reg3.
type Reason uint8

// The reasons.
const (
	ReasonARP         Reason = iota + 1 // ARP on an access port
	ReasonND                            // IPv6 neighbour discovery on an access port
	ReasonLocal                         // to one of the router's addresses in the VRF
	ReasonTTL                           // TTL or hop limit expired
	ReasonGlean                         // to a connected subnet, host not known yet
	ReasonResolve                       // to an adjacency that is not resolved
	ReasonUnreachable                   // no route
	ReasonTooBig                        // larger than the MTU of its egress
	ReasonHeardARP                      // ARP among the hosts of a segment
	ReasonHeardND                       // their neighbour discovery
	ReasonEcho                          // an MPLS echo request at the end of its path
)

var reasonNames = [...]string{
	ReasonARP: "arp", ReasonND: "nd", ReasonLocal: "local", ReasonTTL: "ttl",
	ReasonGlean: "glean", ReasonResolve: "resolve",
	ReasonUnreachable: "unreachable", ReasonTooBig: "too-big",
	ReasonHeardARP: "heard-arp", ReasonHeardND: "heard-nd",
	ReasonEcho: "mpls-echo",
}

// String returns the reason's name, as in "too-big".
func (r Reason) String() string {
	if int(r) < len(reasonNames) && reasonNames[r] != "" {
		return reasonNames[r]
	}
	return fmt.Sprintf("reason-%d", uint8(r))
}

// Priorities in the punt table. A customer's packets are limited per port, those
// from other routers per VRF.
const (
	prioPuntOutlet  = 40 // of a connection of the router itself, which the kernel handles
	prioPuntControl = 30
	prioPuntData    = 20
	prioPuntVRF     = 10
	prioPuntCore    = 5
)

// puntAccess sends what a customer's port punts to the controller. Neighbour
// resolution has a meter of its own, so that a host that floods the slow path
// with data packets keeps its ARP and ND entries alive.
func (l *list) puntAccess(port, controlMeter, dataMeter uint32) {
	if controlMeter != dataMeter {
		for _, r := range []Reason{ReasonARP, ReasonND} {
			l.add(TablePunt, prioPuntControl, join(inPort(port), "reg3="+hex(uint32(r))), controller(controlMeter))
		}
	}
	l.add(TablePunt, prioPuntData, inPort(port), controller(dataMeter))
}

// puntHeard limits what a router hears of others on a segment.
func (l *list) puntHeard(port, meter uint32) {
	for _, r := range []Reason{ReasonHeardARP, ReasonHeardND} {
		l.add(TablePunt, prioPuntControl, join(inPort(port), "reg3="+hex(uint32(r))), controller(meter))
	}
}

// controller is the action that sends the whole packet to the controller; 0 is
// no meter.
func controller(meter uint32) string {
	if meter == 0 {
		return "controller(max_len=65535)"
	}
	return fmt.Sprintf("controller(max_len=65535,meter_id=%d)", meter)
}
