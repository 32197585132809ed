package show

import (
	"cmp"
	"slices"

	"pseudowan/status"
)

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

// place returns the index of the first row of a group.
func place(rows []status.ReadyLab, group string) int {
	return slices.IndexFunc(rows, func(r status.ReadyLab) bool { return r.Group == group })
}

// lacking colours what is not installed.
func lacking(s string) ink {
	if s == "" || s == "-" {
		return ""
	}
	return yellow
}

// ReadyLabs prints the catalogue, by groups.
func ReadyLabs(o Output, rows []status.ReadyLab) error {
	rows = sorted(rows, func(a, b status.ReadyLab) int {
		return cmp.Or(place(rows, a.Group)-place(rows, b.Group), byName(a.Name, b.Name))
	})
	for i := range rows {
		rows[i].Packages, rows[i].Missing = present(rows[i].Packages), present(rows[i].Missing)
	}
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{text("name"), text("group"), {head: "missing", paint: lacking}, text("description")}}
		for _, r := range rows {
			g.add(r.Name, r.Group, list(r.Missing), r.Description)
		}
		return g.String()
	})
}
