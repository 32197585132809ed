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

func peers(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.Peers(ctx, router)
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

func interfaces(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.Interfaces(ctx, router)
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

func neighbors(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.Neighbors(ctx, router)
	rows := []arpRow{}
	for _, n := range all {
		if n.Address.Is4() && n.MAC != "" {
			rows = append(rows, arpRow{n.Address.String(), n.MAC, n.Port})
		}
	}
	slices.SortStableFunc(rows, func(a, b arpRow) int { return cmp.Compare(a.Port, b.Port) })
	return rows, err
}

// vrfs returns the text that the original has from its BGP library.
func vrfs(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.VRFs(ctx, router)
	var b strings.Builder
	b.WriteString("Status codes: * valid, > best\nOrigin codes: i - IGP, e - EGP, ? - incomplete\n")
	fmt.Fprintf(&b, "     %-32s %-8s %-20s %-15s %-6s %-6s %s\n", "Network", "Labels", "Next Hop", "Reason", "Metric", "LocPrf", "Path")
	for _, v := range all {
		fmt.Fprintf(&b, "VPN: ('%s', 'ipv4')\n", v.RD)
		for _, r := range v.Routes {
			if r.Prefix.Addr().Is4() {
				b.WriteString(routeLine(r))
			}
		}
	}
	return b.String(), err
}

func routeLine(r status.Route) string {
	codes := []byte("   ")
	if r.Unusable == "" {
		codes[1] = '*'
	}
	if r.Best {
		codes[2] = '>'
	}
	path := map[status.Origin]string{"igp": "i", "egp": "e", "incomplete": "?"}[r.Origin]
	if r.ASPath != "" {
		path = r.ASPath + " " + path
	}
	return fmt.Sprintf("%s  %-32s %-8s %-20s %-15s %-6s %-6s %s\n", codes, r.Prefix, "None", r.NextHop, r.Reason, optional(r.MED), optional(r.LocalPref), path)
}

func optional(n *uint32) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}

type mplsRow struct {
	RD      string `json:"routeDist"`
	Prefix  string `json:"prefix"`
	Label   uint32 `json:"label"`
	Address string `json:"destIpAddr"`
	Mask    string `json:"netMask"`
	NextHop string `json:"nextHopIpAddr"`
}

func mpls(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.MPLS(ctx, router)
	rows := []mplsRow{}
	for _, m := range all {
		if m.Prefix.Addr().Is4() {
			mask := net.IP(net.CIDRMask(m.Prefix.Bits(), 32)).String()
			rows = append(rows, mplsRow{m.RD, m.Prefix.String(), m.Label, m.Prefix.Addr().String(), mask, m.NextHop.String()})
		}
	}
	key := func(m mplsRow) string { return m.RD + ":" + m.Prefix }
	slices.SortStableFunc(rows, func(a, b mplsRow) int { return cmp.Compare(key(a), key(b)) })
	return rows, err
}

type portRow struct {
	Port      uint32 `json:"portNo"`
	RxPackets uint64 `json:"rxPackets"`
	RxBytes   uint64 `json:"rxBytes"`
	RxErrors  uint64 `json:"rxErrors"`
	TxPackets uint64 `json:"txPackets"`
	TxBytes   uint64 `json:"txBytes"`
	TxErrors  uint64 `json:"txErrors"`
}

func ports(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.Ports(ctx, router)
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
func flows(ctx context.Context, lab Lab, router string) (any, error) {
	all, err := lab.Flows(ctx, router)
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
