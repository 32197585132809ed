package pipeline

import (
	"fmt"
	"strings"
)

// Table is an OpenFlow table number.
type Table uint8

// The tables of the pipeline.
const (
	TablePort      Table = 0
	TableAdmission Table = 5
	TableLabel     Table = 10
	TableTTL       Table = 15
	TableRoute     Table = 20
	TablePath      Table = 25
	TableAdjacency Table = 30
	TableWay       Table = 35
	TablePunt      Table = 40
)

// Flow is one OpenFlow flow. Match and Actions are in the syntax of
// ovs-ofctl(8). Table, Priority and Match identify a flow in the switch.
type Flow struct {
	Table    Table
	Priority uint16
	Cookie   Cookie
	Match    string
	Actions  string
}

// String returns the flow as ovs-ofctl dump-flows prints it, without counters.
func (f Flow) String() string {
	return fmt.Sprintf("cookie=%#x, table=%d, priority=%d,%s actions=%s",
		uint64(f.Cookie), f.Table, f.Priority, f.Match, f.Actions)
}

// Kind is the kind of thing that a flow belongs to, the top octet of its cookie.
type Kind uint8

// The kinds of flows.
const (
	KindBase        Kind = 1  // ID: none
	KindCorePort    Kind = 2  // ID: the port
	KindAccessPort  Kind = 3  // ID: the port
	KindInLabel     Kind = 4  // ID: the label
	KindVRF         Kind = 5  // ID: the VRF
	KindRoute       Kind = 6  // ID: the caller's
	KindAdjacency   Kind = 7  // ID: the adjacency
	KindCustomerBGP Kind = 8  // ID: the access port
	KindGroup       Kind = 9  // ID: the group
	KindOutlet      Kind = 10 // ID: the port
	KindDiversion   Kind = 11 // ID: the adjacency
	KindTransit     Kind = 12 // ID: the label
	KindLoopback    Kind = 13 // ID: the port
	KindAdmission   Kind = 14 // ID: the port, then 20 bits of the label
)

// Cookie names the thing that a flow belongs to: its kind in the top octet, one
// octet that numbers its flows, and its ID in 48 bits.
type Cookie uint64

// idMask is the largest ID that a cookie can carry.
const idMask = 1<<48 - 1

// NewCookie builds a cookie. Bits of id above the 48th are cut off.
func NewCookie(k Kind, part uint8, id uint64) Cookie {
	return Cookie(uint64(k)<<56 | uint64(part)<<48 | id&idMask)
}

// Kind returns the kind of thing that the flow belongs to.
func (c Cookie) Kind() Kind { return Kind(c >> 56) }

// Part returns the number of the flow among those of the same thing.
func (c Cookie) Part() uint8 { return uint8(c >> 48) }

// ID returns the number of the thing among those of its kind.
func (c Cookie) ID() uint64 { return uint64(c) & idMask }

// Object returns the cookie without its part: equal for all flows of one thing.
func (c Cookie) Object() Cookie { return c &^ (0xff << 48) }

// list collects the flows of one thing and numbers their cookies.
type list struct {
	kind  Kind
	id    uint64
	flows []Flow
}

func (l *list) add(t Table, priority uint16, match, actions string) {
	l.flows = append(l.flows, Flow{
		Table: t, Priority: priority, Match: match, Actions: actions,
		Cookie: NewCookie(l.kind, uint8(len(l.flows)), l.id),
	})
}

// join joins the non-empty terms of a match or an action list.
func join(terms ...string) string {
	kept := terms[:0:0]
	for _, t := range terms {
		if t != "" {
			kept = append(kept, t)
		}
	}
	return strings.Join(kept, ",")
}
