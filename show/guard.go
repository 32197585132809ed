package show

import (
	"cmp"

	"pseudowan/status"
)

// Guards prints the port guards of hosts, and what they have dropped.
func Guards(o Output, rows []status.Guard) error {
	rows = sorted(rows, func(a, b status.Guard) int {
		return cmp.Or(byName(a.Segment, b.Segment), byName(a.Host, b.Host), byName(a.Interface, b.Interface))
	})
	for i := range rows {
		rows[i].Guard, rows[i].Allowed = present(rows[i].Guard), present(rows[i].Allowed)
	}
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("segment"), text("host"), text("interface"), text("guard"), state("state", status.GuardActive),
			number("arrived"), number("ra"), number("source"), number("dhcp"), number("hidden"),
		}}
		for _, r := range rows {
			g.add(r.Segment, r.Host, r.Interface, list(r.Guard), r.State,
				decimal(r.Arrived), decimal(r.RA), decimal(r.Source), decimal(r.DHCP), decimal(r.Hidden))
		}
		return g.String()
	})
}
