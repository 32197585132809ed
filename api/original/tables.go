package original

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
)

// bgpPort begins the names of ports that the original does not have: those behind which
// BGP runs.
const bgpPort = "bgp-"

type peerRow struct {
	Since  string `json:"occurTime"`
	Status string `json:"status"`
	Own    string `json:"myPeer"` // the router ID
	Remote string `json:"remotePeer"`
	AS     uint32 `json:"asNumber"`
}

func peers(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.Peers(ctx, q.Router)
	rows := []peerRow{}
	for _, p := range all {
		state := "Peer Down"
		if p.State == status.SessionEstablished {
			state = "Peer Up"
		}
		rows = append(rows, peerRow{p.Since.Local().Format(timeForm), state, p.RouterID.String(), p.RemoteAddress.String(), p.RemoteAS})
	}
	return rows, err
}

type interfaceRow struct {
	Port    uint32 `json:"routerPort"`
	Address string `json:"routerIpAddr"`
	MAC     string `json:"routerMacAddr"`
	RD      string `json:"routeDist"`
}

func interfaces(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.Interfaces(ctx, q.Router)
	rows := []interfaceRow{}
	for _, i := range all {
		for _, a := range i.Addresses {
			if a.Addr().Is4() && !strings.HasPrefix(i.Name, bgpPort) {
				rows = append(rows, interfaceRow{i.Port, a.Addr().String(), macOf(i), i.RD})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b interfaceRow) int { return cmp.Compare(a.Port, b.Port) })
	return rows, err
}

// macOf writes a MAC as the original does: that of a VRF's port with dashes.
func macOf(i status.Interface) string {
	if i.RD == "" {
		return i.MAC
	}
	return strings.ToUpper(strings.ReplaceAll(i.MAC, ":", "-"))
}

type arpRow struct {
	Address string `json:"hostIpAddr"`
	MAC     string `json:"hostMacAddr"`
	Port    uint32 `json:"routerPort"`
}

func neighbors(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.Neighbors(ctx, q.Router)
	rows := []arpRow{}
	for _, n := range all {
		if n.Address.Is4() && n.MAC != "" {
			rows = append(rows, arpRow{n.Address.String(), n.MAC, n.Port})
		}
	}
	slices.SortStableFunc(rows, func(a, b arpRow) int { return cmp.Compare(a.Port, b.Port) })
	return rows, err
}

type mplsRow struct {
	RD      string `json:"routeDist"`
	Prefix  string `json:"prefix"`
	Label   uint32 `json:"label"`
	Address string `json:"destIpAddr"`
	Mask    string `json:"netMask"`
	NextHop string `json:"nextHopIpAddr"`
}

func mpls(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.MPLS(ctx, q.Router)
	rows := []mplsRow{}
	for _, m := range all {
		if m.Prefix.Addr().Is4() {
			rows = append(rows, mplsRow{m.RD, m.Prefix.String(), m.Label, m.Prefix.Addr().String(), maskOf(m.Prefix), m.NextHop.String()})
		}
	}
	key := func(m mplsRow) string { return m.RD + ":" + m.Prefix }
	slices.SortStableFunc(rows, func(a, b mplsRow) int { return cmp.Compare(key(a), key(b)) })
	return rows, err
}

type routeRow struct {
	Prefix  string `json:"prefix"`
	Address string `json:"destIpAddr"`
	Mask    string `json:"netMask"`
	NextHop string `json:"nextHopIpAddr"`
}

// routes lists the routes outside VRFs: those to the loopbacks of other routers.
func routes(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.LSPs(ctx, q.Router)
	rows := []routeRow{}
	for _, r := range all {
		if r.FEC.Addr().Is4() && r.NextHop.IsValid() {
			rows = append(rows, routeRow{r.FEC.String(), r.FEC.Addr().String(), maskOf(r.FEC), r.NextHop.String()})
		}
	}
	slices.SortStableFunc(rows, func(a, b routeRow) int { return cmp.Compare(a.Prefix, b.Prefix) })
	return rows, err
}

// maskOf is the length of a prefix as a mask.
func maskOf(p netip.Prefix) string { return net.IP(net.CIDRMask(p.Bits(), 32)).String() }

type portRow struct {
	Port      uint32 `json:"portNo"`
	RxPackets uint64 `json:"rxPackets"`
	RxBytes   uint64 `json:"rxBytes"`
	RxErrors  uint64 `json:"rxErrors"`
	TxPackets uint64 `json:"txPackets"`
	TxBytes   uint64 `json:"txBytes"`
	TxErrors  uint64 `json:"txErrors"`
}

func ports(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.Ports(ctx, q.Router)
	rows := []portRow{}
	for _, p := range all {
		rows = append(rows, portRow{p.Port, p.RxPackets, p.RxBytes, p.RxErrors, p.TxPackets, p.TxBytes, p.TxErrors})
	}
	slices.SortStableFunc(rows, func(a, b portRow) int { return cmp.Compare(a.Port, b.Port) })
	return rows, err
}

// flowRow has a label, which is a number, or a prefix.
type flowRow struct {
	Destination any    `json:"ipv4Dst"`
	Packets     uint64 `json:"packets"`
	Bytes       uint64 `json:"bytes"`
}

// flows lists labels, then a default route, then prefixes as text.
func flows(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.Flows(ctx, q.Router)
	rows := []flowRow{}
	for _, f := range all {
		switch {
		case f.Direction == status.DirectionIn && f.NextHop.Is4():
			rows = append(rows, flowRow{*f.Label, f.Packets, f.Bytes})
		case f.Direction == status.DirectionOut && f.Prefix.Addr().Is4():
			rows = append(rows, flowRow{destination(f.Prefix), f.Packets, f.Bytes})
		}
	}
	slices.SortStableFunc(rows, func(a, b flowRow) int { return cmp.Compare(order(a), order(b)) })
	return rows, err
}

// destination writes a prefix as the original does: a host's without its length.
func destination(p netip.Prefix) string {
	if p.IsSingleIP() {
		return p.Addr().String()
	}
	return p.String()
}

// order is what rows of flows are sorted by, as text.
func order(f flowRow) string {
	switch d := f.Destination.(type) {
	case uint32:
		return fmt.Sprintf("0%08d", d)
	case string:
		if d == "0.0.0.0/0" {
			return "1"
		}
		return "2" + d
	}
	return ""
}
