package show

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/status"
)

const legend = "Status codes: * path, > best%s\n" +
	"Origin codes: i - IGP, e - EGP, ? - incomplete\n\n"

// VRFs prints each VRF with its routes.
func VRFs(o Output, rows []status.VRF) error { return EachVRF(o, all(sorted(rows, byVRF))) }

// EachVRF is VRFs for rows that come in order. Those of the same router, name and RD that
// follow each other are parts of one.
func EachVRF(o Output, rows status.Rows[status.VRF]) error {
	ready := func(yield func([]status.VRF) error) error {
		return rows(func(block []status.VRF) error {
			block = sorted(block, byVRF)
			for i := range block {
				r := &block[i]
				r.Import, r.Export = present(r.Import), present(r.Export)
				r.Routes = present(sorted(r.Routes, byRoute))
				for j := range r.Routes {
					r.Routes[j].ChangedBy, r.Routes[j].SoO = present(r.Routes[j].ChangedBy), present(r.Routes[j].SoO)
				}
			}
			return yield(block)
		})
	}
	return emitRows(o, ready, func() document[status.VRF] {
		return tabular(tableDocument[status.VRF]{
			w: o.W, size: func(v status.VRF) int { return 1 + len(v.Routes) },
			begin: func(first []status.VRF) (string, *grid) { return vrfGrid(o, first) },
			fill: func(g *grid, rows []status.VRF, before *status.VRF) {
				for i := range rows {
					fillVRF(o, g, &rows[i], before)
					before = &rows[i]
				}
			},
		})
	}, func() document[status.VRF] {
		d := &vrfDocument{o: o}
		return document[status.VRF]{d.add, d.end}
	})
}

func vrfGrid(o Output, first []status.VRF) (intro string, g *grid) {
	g = &grid{columns: []column{
		optional(""), text("Network"), optional("Labels"), optional("Next Hop"), optional("Reason"),
		metric("Metric"), metric("LocPrf"), optional("Path"),
	}}
	if o.Format == Wide {
		g.columns = append(g.columns, metric("Weight"), optional("SoO"))
	}
	return fmt.Sprintf(legend, backupLegend(first)+", C connected, S static, B BGP, A aggregate"), g
}

// fillVRF adds a VRF, or the next part of it.
func fillVRF(o Output, g *grid, v, before *status.VRF) {
	if !partOf(v, before) {
		g.section(fmt.Sprintf("router: %s  vrf: %s  rd: %s  import: %s  export: %s%s",
			v.Router, v.VRF, v.RD, targets(v.Import), targets(v.Export), limit(*v)))
	}
	for _, r := range v.Routes {
		cells := []string{
			" " + marksOf(r) + " " + sourceCode(r.Source), prefix(r.Prefix), bracketed(r.Label), address(r.NextHop), reason(r),
			pointed(r.MED), pointed(r.LocalPref), path(r.ASPath, r.Origin),
		}
		if o.Format == Wide {
			cells = append(cells, weight(r.Weight), list(r.SoO))
		}
		g.add(cells...)
	}
}

// RIB prints the VPN tables of the speakers, before import into VRFs.
func RIB(o Output, rows []status.RIB) error { return EachRIB(o, all(sorted(rows, byRIB))) }

// EachRIB is RIB for rows that come in order.
func EachRIB(o Output, rows status.Rows[status.RIB]) error {
	ready := func(yield func([]status.RIB) error) error {
		return rows(func(block []status.RIB) error {
			block = sorted(block, byRIB)
			for i := range block {
				r := &block[i]
				r.Targets, r.Communities, r.Large, r.Extended = present(r.Targets), present(r.Communities), present(r.Large), present(r.Extended)
			}
			return yield(block)
		})
	}
	return emitRows(o, ready, func() document[status.RIB] {
		return tabular(tableDocument[status.RIB]{
			w: o.W, size: one[status.RIB],
			begin: func(first []status.RIB) (string, *grid) { return ribGrid(o, first) },
			fill:  func(g *grid, rows []status.RIB, before *status.RIB) { fillRIB(o, g, rows, before) },
		})
	}, listed[status.RIB](o))
}

// ribGrid returns the columns. The last one has no head if the first rows leave it empty.
func ribGrid(o Output, first []status.RIB) (intro string, g *grid) {
	g = &grid{columns: []column{
		optional(""), text("RD"), text("Network"), optional("Labels"), optional("Next Hop"),
		metric("Metric"), metric("LocPrf"), optional("Path"), optional("Targets"),
	}}
	if o.Format == Wide {
		g.columns = append(g.columns, metric("Weight"), optional("Communities"), optional("Peer"))
	}
	unusable, codes := "", ""
	if slices.ContainsFunc(first, func(r status.RIB) bool { return r.Unusable != "" }) {
		unusable = "Unusable"
	}
	if len(first) >= window || slices.ContainsFunc(first, func(r status.RIB) bool { return r.Stale }) {
		codes = ", S stale"
	}
	g.columns = append(g.columns, optional(unusable))
	return fmt.Sprintf(legend, codes), g
}

func fillRIB(o Output, g *grid, rows []status.RIB, before *status.RIB) {
	for i := range rows {
		r := &rows[i]
		if before == nil || r.Router != before.Router || r.Family != before.Family {
			g.section(fmt.Sprintf("router: %s  family: %s", r.Router, r.Family))
		}
		before = r
		cells := []string{
			staleMark(r.Stale) + marks(r.Best), r.RD, prefix(r.Prefix), bracketed(&r.Label), address(r.NextHop),
			pointed(r.MED), pointed(r.LocalPref), path(r.ASPath, r.Origin), list(r.Targets),
		}
		if o.Format == Wide {
			cells = append(cells, weight(r.Weight), list(slices.Concat(r.Communities, r.Large, r.Extended)), address(r.Peer))
		}
		g.add(append(cells, r.Unusable)...)
	}
}

// limit says how many routes of how many a VRF has; "" without a limit.
func limit(v status.VRF) string {
	if v.MaxRoutes == 0 {
		return ""
	}
	text := fmt.Sprintf("  max-routes: %d of %d", v.Held, v.MaxRoutes)
	if v.Refused > 0 {
		text += fmt.Sprintf(", %d refused", v.Refused)
	}
	return text
}

// staleMark marks a path that is kept while its peer restarts.
func staleMark(stale bool) string {
	if stale {
		return "S"
	}
	return " "
}

// weight formats a weight that a policy has set.
func weight(n uint32) string {
	if n == 0 {
		return ""
	}
	return decimal(n)
}

// reason says why a path is best or not.
func reason(r status.Route) string {
	if r.Unusable != "" {
		return r.Reason + ": " + r.Unusable
	}
	return r.Reason
}

// targets lists route targets; a VRF may have none.
func targets(rts []string) string {
	if len(rts) == 0 {
		return "none"
	}
	return strings.Join(rts, ",")
}

// metric is a column of numbers that may be missing.
func metric(head string) column { return column{head: head, right: true, blank: true} }

func marksOf(r status.Route) string {
	if r.Backup && !r.Best {
		return "*b"
	}
	return marks(r.Best)
}

// backupLegend explains the mark of backups, if there are any.
func backupLegend(rows []status.VRF) string {
	for _, v := range rows {
		if slices.ContainsFunc(v.Routes, func(r status.Route) bool { return r.Backup }) {
			return ", b backup"
		}
	}
	return ""
}

func marks(best bool) string {
	if best {
		return "*>"
	}
	return "* "
}

// sourceCode returns the letter for a route's source.
func sourceCode(source status.RouteSource) string {
	switch source {
	case status.SourceConnected:
		return "C"
	case status.SourceStatic:
		return "S"
	case status.SourceBGP:
		return "B"
	case status.SourceAggregate:
		return "A"
	}
	return string(source)
}

func bracketed(label *uint32) string {
	if label == nil {
		return ""
	}
	return "[" + decimal(*label) + "]"
}

// path returns the AS path with the origin code at its end.
func path(asPath string, origin status.Origin) string {
	return strings.TrimSpace(asPath + " " + originCode(origin))
}

func originCode(origin status.Origin) string {
	switch origin {
	case status.OriginIGP:
		return "i"
	case status.OriginEGP:
		return "e"
	case status.OriginIncomplete:
		return "?"
	}
	return string(origin)
}
