package show

import (
	"cmp"

	"pseudowan/status"
)

// Orphans prints what belongs to no lab.
func Orphans(o Output, rows []status.Orphan) error {
	rows = sorted(rows, func(a, b status.Orphan) int { return cmp.Or(byName(a.Lab, b.Lab), byName(a.What, b.What)) })
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{text("lab"), text("what"), text("why"), text("removed")}}
		for _, r := range rows {
			removed := "no"
			if r.Removed {
				removed = "yes"
			}
			g.add(r.Lab, r.What, r.Why, removed)
		}
		return g.String()
	})
}
