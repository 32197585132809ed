package show

import (
	"cmp"

	"pseudowan/status"
)

// Deviations prints what an audit has found.
func Deviations(o Output, rows []status.Deviation) error {
	rows = sorted(rows, func(a, b status.Deviation) int {
		return cmp.Or(byName(a.Node, b.Node), cmp.Compare(a.Check, b.Check), byName(a.Object, b.Object), cmp.Compare(a.Detail, b.Detail))
	})
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{text("node"), text("check"), text("object"), text("detail")}}
		for _, r := range rows {
			g.add(r.Node, string(r.Check), r.Object, r.Detail)
		}
		return g.String()
	})
}
