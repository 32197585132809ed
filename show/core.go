package show

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"pseudowan/status"
)

// LSPs prints the label-switched paths.
func LSPs(o Output, rows []status.LSP) error {
	rows = sorted(rows, func(a, b status.LSP) int { return cmp.Or(byName(a.Router, b.Router), a.FEC.Compare(b.FEC)) })
	return emit(o, rows, func() string {
		g := grid{columns: []column{
			text("router"), text("fec"), text("owner"), text("in"), text("out"), text("nexthop"), text("interface"),
			number("metric"), text("equal"), text("backup"), number("packets"),
		}}
		for _, r := range rows {
			g.add(r.Router, prefix(r.FEC), r.Owner, transportLabel(r.InLabel), transportLabel(r.OutLabel), address(r.NextHop), r.Interface,
				pathMetric(r.Metric), strings.Join(linksOf(r.Equal), ","), address(r.Backup), decimal(r.Packets))
		}
		return g.String()
	})
}

// linksOf lists the interfaces on which the ways of a path leave.
func linksOf(ways []status.Way) (list []string) {
	for _, w := range ways {
		list = append(list, w.Interface)
	}
	return list
}

// transportLabel writes a label; packets have none where it is the implicit null label.
func transportLabel(l *uint32) string {
	const implicitNull = 3
	switch {
	case l == nil:
		return ""
	case *l == implicitNull:
		return "none"
	}
	return strconv.FormatUint(uint64(*l), 10)
}

// CoreLinks prints the links of the core.
func CoreLinks(o Output, rows []status.CoreLink) error {
	rows = sorted(rows, func(a, b status.CoreLink) int {
		return cmp.Or(byName(a.Router, b.Router), byName(a.Interface, b.Interface), a.Address.Compare(b.Address))
	})
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), text("interface"), text("neighbor"), text("address"), number("metric"),
			state("carrier", status.InterfaceUp), state("session", status.SessionEstablished), number("paths"),
		}}
		tracks := slices.ContainsFunc(rows, func(r status.CoreLink) bool { return r.Uplink != "" })
		if tracks {
			g.columns = append(g.columns, state("uplink", status.UplinkUp, status.UplinkReturning))
		}
		for _, r := range rows {
			cells := []string{r.Router, r.Interface, r.Neighbor, address(r.Address), decimal(r.Metric), string(r.Carrier), string(r.Session), decimal(r.Paths)}
			if tracks {
				cells = append(cells, string(r.Uplink))
			}
			g.add(cells...)
		}
		return g.String()
	})
}

// pathMetric prints that of a path.
func pathMetric(m uint64) string {
	if m >= status.NoMetric {
		return "" // the grid prints a dash
	}
	return decimal(m)
}
