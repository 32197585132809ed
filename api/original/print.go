package original

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// printed is a table as the original's scripts print it.
type printed struct {
	title  string
	head   string
	dashes []int // widths
	row    func(any) string
}

// form returns a printed whose rows are of type T.
func form[T any](title, head string, dashes []int, row func(T) string) printed {
	return printed{title, head, dashes, func(r any) string { return row(r.(T)) }}
}

// printers are the tables by their paths.
var printers = map[string]printed{
	"interface": form("PortTable", "portNo   IpAddress       MacAddress        RouteDist", []int{8, 15, 17, 9}, func(r interfaceRow) string {
		return fmt.Sprintf("%8x %-15s %-15s %s", r.Port, r.Address, r.MAC, r.RD)
	}),
	"arp": form("ArpTable", "portNo   MacAddress        IpAddress", []int{8, 17, 12}, func(r arpRow) string {
		return fmt.Sprintf("%8x %17s %s", r.Port, r.MAC, r.Address)
	}),
	"mpls": form("MplsTable", "routeDist  prefix             nexthop          label", []int{10, 18, 16, 5}, func(r mplsRow) string {
		return fmt.Sprintf("%s  %-18s %-15s  %-5d", r.RD, r.Prefix, r.NextHop, r.Label)
	}),
	"status/peer": form("Peer Status", "occurTime            status    myPeer             remotePeer         asNumber", []int{20, 9, 18, 18, 8}, func(r peerRow) string {
		return fmt.Sprintf("%s  %-9s %-18s %-18s %d", r.Since, r.Status, r.Own, r.Remote, r.AS)
	}),
	"stats/port": form("PortStats", "portNo   rxPackets rxBytes  rxErrors txPackets txBytes  txErrors", []int{8, 9, 8, 8, 9, 8, 8}, func(r portRow) string {
		return fmt.Sprintf("%8x %9d %8d %8d %9d %8d %8d", r.Port, r.RxPackets, r.RxBytes, r.RxErrors, r.TxPackets, r.TxBytes, r.TxErrors)
	}),
	"stats/flow": form("FlowStats", "destination(label) packets    bytes", []int{18, 10, 10}, func(r flowRow) string {
		return fmt.Sprintf("%-18v %10d %10d", r.Destination, r.Packets, r.Bytes)
	}),
	"route": form("RoutingTable", "prefix             nexthop", []int{18, 16}, func(r routeRow) string {
		return fmt.Sprintf("%-18s %-15s", r.Prefix, r.NextHop)
	}),

	// Texts.
	"vrf":      {title: "Show vrf"},
	"rib":      {title: "Show rib"},
	"neighbor": {title: "Show neighbor"},
}

// Printed lists the paths of the tables that Print knows.
func Printed() (all []string) {
	for path := range printers {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

// Print writes one table as the original's scripts do.
func Print(ctx context.Context, w io.Writer, lab Lab, q Query, path string, now time.Time) error {
	rows, err := tables[path].read(ctx, lab, q)
	if err != nil {
		return err
	}
	p := printers[path]
	const plus = "+++++++++++++++++++++++++++++++"
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n%s : %s\n%s\n", plus, now.Format(timeForm), p.title, plus)
	if text, ok := rows.(string); ok {
		b.WriteString(text)
	} else {
		fmt.Fprintln(&b, p.head)
		var dashes []string
		for _, n := range p.dashes {
			dashes = append(dashes, strings.Repeat("-", n))
		}
		fmt.Fprintln(&b, strings.Join(dashes, " "))
		for _, line := range p.lines(rows) {
			fmt.Fprintln(&b, line)
		}
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// lines prints the rows of a table, whatever their type.
func (p printed) lines(rows any) []string {
	switch rows := rows.(type) {
	case []interfaceRow:
		return each(rows, p.row)
	case []arpRow:
		return each(rows, p.row)
	case []mplsRow:
		return each(rows, p.row)
	case []peerRow:
		return each(rows, p.row)
	case []portRow:
		return each(rows, p.row)
	case []routeRow:
		return each(rows, p.row)
	case []flowRow:
		return each(rows, p.row)
	}
	return nil
}

func each[T any](rows []T, line func(any) string) (all []string) {
	for _, r := range rows {
		all = append(all, line(r))
	}
	return all
}
