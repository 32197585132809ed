package status

import (
	"math"
	"net/netip"
)

// LSP is a label-switched path from a router to a loopback: that of another router, or its
// own.
type LSP struct {
	Router    string       `json:"router"`
	FEC       netip.Prefix `json:"fec"`              // the loopback
	Owner     string       `json:"owner"`            // the router that has it; "" if it is none of the lab
	InLabel   *uint32      `json:"in_label"`         // by which neighbours send to it through the router; 3: without a label
	OutLabel  *uint32      `json:"out_label"`        // with which the router sends; 3: without a label; null for its own
	NextHop   netip.Addr   `json:"next_hop"`         // on a link; "" for its own
	Interface string       `json:"interface"`        // of the link
	Metric    uint64       `json:"metric"`           // the sum of those of the links; 9223372036854775807 if a router on the way tells none
	Backup    netip.Addr   `json:"backup"`           // the next hop if the link is lost; "" if there is none
	BackupOut *uint32      `json:"backup_out_label"` // the label for it
	Equal     []Way        `json:"equal"`            // the ways over which packets of customers are spread, if there are several
	Packets   uint64       `json:"packets"`          // that have left on the path: the router's own, and those on their way
	Bytes     uint64       `json:"bytes"`
}

// NoMetric is the metric of a path of which a router on the way tells none (AIGP, RFC 7311).
const NoMetric = math.MaxUint64 / 2

// Way is one of the equally short ways of a label-switched path.
type Way struct {
	NextHop   netip.Addr `json:"next_hop"`
	Interface string     `json:"interface"`
	OutLabel  uint32     `json:"out_label"` // 3: without a label
}

// Ways lists the ways on which packets leave: all of equal ones. A router's own loopback has
// none.
func (p LSP) Ways() []Way {
	switch {
	case p.OutLabel == nil:
		return nil
	case len(p.Equal) > 0:
		return p.Equal
	}
	return []Way{{NextHop: p.NextHop, Interface: p.Interface, OutLabel: *p.OutLabel}}
}

// CoreLink is an end of a link that label-switched paths use.
type CoreLink struct {
	Router    string         `json:"router"`
	Interface string         `json:"interface"`
	Neighbor  string         `json:"neighbor"` // the router at the other end
	Address   netip.Addr     `json:"address"`  // of that router on the link
	Metric    uint32         `json:"metric"`
	Carrier   InterfaceState `json:"carrier"`
	Session   SessionState   `json:"session"` // of labelled routes
	Paths     int            `json:"paths"`   // that leave on the link

	Uplink UplinkState `json:"uplink"` // of the router as a whole, if it has uplink-tracking: up, down or returning; "" if not
}

// UplinkState says whether a router is cut off from the core.
type UplinkState string

// The states. Ports to customers are up in the first one alone.
const (
	UplinkUp        UplinkState = "up"
	UplinkDown      UplinkState = "down"
	UplinkReturning UplinkState = "returning"
)
