package show

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pseudowan/status"
)

// CollectedRouters prints the routers that have connected to a BMP collector. JSON
// and YAML have the keys of its REST interface.
func CollectedRouters(o Output, rows []status.CollectedRouter) error {
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("name"), text("address"), number("as"), {head: "connected", paint: yesNo}, text("lastChange"), number("termCode"), optional("reason"), optional("description"),
		}}
		for _, r := range rows {
			modified, _, _ := strings.Cut(r.Modified, ".")
			g.add(r.Name, r.Address, pointed(r.AS), yes(r.Connected), modified, strconv.Itoa(r.TermCode), oneLine(r.TermReason), o.brief(r.Description))
		}
		return g.String()
	})
}

// CollectedPeers prints the sessions and tables that routers have reported.
func CollectedPeers(o Output, rows []status.CollectedPeer) error {
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), text("peer"), text("type"), text("routeDist"), number("as"), text("routerId"), {head: "up", paint: yesNo}, number("prefixes"), number("malformed"), optional("reason"),
		}}
		for _, r := range rows {
			id := ""
			if r.BGPID.IsValid() {
				id = r.BGPID.String()
			}
			g.add(cmp.Or(r.RouterName, r.RouterIP), cmp.Or(r.Address, r.Name), r.Type, r.RD, strconv.FormatUint(uint64(r.AS), 10), id, yes(r.Up),
				strconv.Itoa(r.Prefixes), strconv.Itoa(r.Malformed), oneLine(r.DownReason))
		}
		return g.String()
	})
}

// CollectedRoutes prints routes that routers have reported.
func CollectedRoutes(o Output, rows []status.CollectedRoute) error {
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		r.Labels = present(r.Labels)
		for _, list := range []*[]string{&r.Communities, &r.Large, &r.Extended, &r.ClusterList} {
			*list = present(*list)
		}
	}
	return emit(o, rows, func() string {
		columns := []column{text("router"), text("peer"), text("rib"), text("routeDist"), text("prefix"), text("labels"), text("nexthop"), number("med"), number("localPref"), text("asPath")}
		if o.Format == Wide {
			columns = append(columns, text("communities"))
		}
		g := grid{colour: o.Colour, columns: columns}
		for _, r := range rows {
			hop := ""
			if r.NextHop.IsValid() {
				hop = r.NextHop.String()
			}
			labels := ""
			if len(r.Labels) > 0 {
				labels = fmt.Sprint(r.Labels)
			}
			cells := []string{cmp.Or(r.RouterName, r.RouterIP), r.PeerName, string(r.RIB), r.RD, r.Prefix, labels, hop, pointed(r.MED), pointed(r.LocalPref), r.ASPath}
			if o.Format == Wide {
				cells = append(cells, strings.Join(slices.Concat(r.Communities, r.Large, r.Extended), ","))
			}
			g.add(cells...)
		}
		return g.String()
	})
}

func yes(v int) string {
	if v == 1 {
		return "yes"
	}
	return "no"
}

func yesNo(s string) ink {
	if s == "yes" {
		return green
	}
	return red
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// brief shortens what routers say of themselves, unless there is room.
func (o Output) brief(s string) string {
	const most = 40
	s = oneLine(s)
	if r := []rune(s); o.Format != Wide && len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
