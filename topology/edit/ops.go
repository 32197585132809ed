package edit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Op is what an edit does.
type Op string

// The operations.
const (
	VRFAdd          Op = "vrf-add"
	VRFSet          Op = "vrf-set"
	VRFDel          Op = "vrf-del"
	RouteAdd        Op = "route-add"
	RouteDel        Op = "route-del"
	HostAdd         Op = "host-add"
	HostDel         Op = "host-del"
	HostAttach      Op = "host-attach"
	HostDetach      Op = "host-detach"
	HostMove        Op = "host-move"
	LANAdd          Op = "lan-add"
	LANDel          Op = "lan-del"
	PolicyAdd       Op = "policy-add"
	PolicySet       Op = "policy-set"
	PolicyDel       Op = "policy-del"
	PrefixListAdd   Op = "prefix-list-add"
	PrefixListSet   Op = "prefix-list-set"
	PrefixListDel   Op = "prefix-list-del"
	NeighborAdd     Op = "neighbor-add"
	NeighborSet     Op = "neighbor-set"
	NeighborDel     Op = "neighbor-del"
	RedistributeAdd Op = "redistribute-add"
	RedistributeDel Op = "redistribute-del"
	RouterSet       Op = "router-set"
	BMPAdd          Op = "bmp-add"
	BMPDel          Op = "bmp-del"
)

// Ops lists the operations.
func Ops() []Op {
	return []Op{
		VRFAdd, VRFSet, VRFDel, RouteAdd, RouteDel, HostAdd, HostDel, HostAttach, HostDetach, HostMove, LANAdd, LANDel,
		PolicyAdd, PolicySet, PolicyDel, PrefixListAdd, PrefixListSet, PrefixListDel,
		NeighborAdd, NeighborSet, NeighborDel, RedistributeAdd, RedistributeDel, RouterSet, BMPAdd, BMPDel,
	}
}

// Edit is one change of a lab.
type Edit struct {
	Op        Op             `json:"op" enum:"vrf-add,vrf-set,vrf-del,route-add,route-del,host-add,host-del,host-attach,host-detach,host-move,lan-add,lan-del,policy-add,policy-set,policy-del,prefix-list-add,prefix-list-set,prefix-list-del,neighbor-add,neighbor-set,neighbor-del,redistribute-add,redistribute-del,router-set,bmp-add,bmp-del" doc:"What to do"`
	Name      string         `json:"name" minLength:"1" doc:"The VRF, host, LAN, policy or prefix list; of a neighbor the peer, a host, router or address; of bmp and router-set the router"`
	Settings  map[string]any `json:"settings,omitempty" doc:"Keys of the topology file with their values; null takes a key back"`
	Terms     []any          `json:"terms,omitempty" doc:"Of a policy: its terms, as in the topology file"`
	Entries   []string       `json:"entries,omitempty" doc:"Of a prefix list: its entries, as in the topology file"`
	Router    string         `json:"router,omitempty" doc:"Of a route: the router, if the next hop is on several; of a neighbor: the router whose peer it is"`
	Prefix    netip.Prefix   `json:"prefix,omitzero" doc:"Of a route"`
	NextHop   netip.Addr     `json:"next_hop,omitzero" doc:"Of a route: an address on a subnet of an attachment"`
	Interface string         `json:"interface,omitempty" doc:"Of a host: what to detach or move, or where the neighbor is, if there are several"`
	Protocol  string         `json:"protocol,omitempty" enum:"connected,static" doc:"Of redistribute: which routes"`
}

// String describes an edit, as the command that makes it. It has no settings: some are
// secret.
func (e Edit) String() string {
	kind, verb := string(e.Op), ""
	if at := strings.LastIndex(kind, "-"); at >= 0 {
		kind, verb = kind[:at], kind[at+1:]
	}
	words := []string{kind, verb, e.Name}
	switch e.Op {
	case RouteAdd:
		words = append(words, e.Prefix.String(), "via", e.NextHop.String())
	case RouteDel:
		words = append(words, e.Prefix.String())
	case HostDetach, HostMove:
		words = append(words, e.Interface)
	case RedistributeAdd, RedistributeDel:
		words = append(words, e.Protocol)
	case RouterSet:
		return fmt.Sprintf("maintenance %s %s", e.Name, map[bool]string{true: "on", false: "off"}[e.Settings["maintenance"] == true])
	case BMPAdd, BMPDel:
		words = append(words, fmt.Sprint(e.Settings["to"]))
	}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}
