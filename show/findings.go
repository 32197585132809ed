package show

import "pseudowan/status"

// Findings prints what doctor has found, in the order given, with cost and remedy
// below each finding.
func Findings(o Output, rows []status.Finding) error {
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("check"), state("status", string(status.OK), string(status.Warn)), text("detail"),
		}}
		for _, r := range rows {
			g.add(r.Check, string(r.Status), r.Detail)
			if r.Cost != "" {
				g.section("    costs:  " + r.Cost)
			}
			if r.Remedy != "" {
				g.section("    remedy: " + r.Remedy)
			}
		}
		return g.String()
	})
}

// ReadyLabs prints the catalogue.
func ReadyLabs(o Output, rows []status.ReadyLab) error {
	rows = sorted(rows, func(a, b status.ReadyLab) int { return byName(a.Name, b.Name) })
	return emit(o, rows, func() string {
		g := grid{columns: []column{text("name"), text("description")}}
		for _, r := range rows {
			g.add(r.Name, r.Description)
		}
		return g.String()
	})
}
