package show

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"pseudowan/status"
)

// Sessions prints all that is known of BGP sessions, one below the other. JSON and
// YAML are those of Peers.
func Sessions(o Output, rows []status.Peer) error {
	rows = sorted(rows, byPeer)
	presentLists(rows)
	return emit(o, rows, func() string {
		var b strings.Builder
		for i, r := range rows {
			if i > 0 {
				b.WriteByte('\n')
			}
			o.session(&b, r)
		}
		return b.String()
	})
}

// presentLists has empty lists shown as such.
func presentLists(rows []status.Peer) {
	for i := range rows {
		r := &rows[i]
		r.Families, r.Capabilities = present(r.Families), present(r.Capabilities)
		r.TargetsReceived, r.TargetsAdvertised = present(r.TargetsReceived), present(r.TargetsAdvertised)
		r.Settings, r.Restart.Families = present(r.Settings), present(r.Restart.Families)
	}
}

func (o Output) session(b *strings.Builder, r status.Peer) {
	fmt.Fprintf(b, "%s: %s of AS %d, %s", r.Router, address(r.RemoteAddress), r.RemoteAS, r.State)
	if !r.Since.IsZero() {
		fmt.Fprintf(b, " since %s", o.moment(r.Since))
	}
	b.WriteByte('\n')
	line := func(head, text string) {
		if text != "" {
			fmt.Fprintf(b, "  %-12s %s\n", head, text)
		}
	}
	line("description", r.Description)
	line("dynamic", r.Dynamic)
	line("reason", r.Reason)
	line("warning", r.Warning)
	line("vrf", r.VRF)
	line("site", r.SoO)
	line("local", strings.TrimSpace(fmt.Sprintf("%s of AS %d", address(r.LocalAddress), r.LocalAS)))
	line("via", address(r.Via))
	line("identifiers", identifiers(r))
	line("families", strings.Join(r.Families, ", "))
	line("capable of", strings.Join(r.Capabilities, ", "))
	line("asked for", strings.Join(r.TargetsReceived, ", "))
	line("asks for", strings.Join(r.TargetsAdvertised, ", "))
	line("routes", routes(r))
	line("restarts", restarts(r))
	line("settings", settings(r))
	line("malformed", o.malformed(r.Malformed))
	if r.LastEnd != "" && r.LastEndAt != nil {
		line("last end", fmt.Sprintf("%s (%s)", r.LastEnd, o.moment(*r.LastEndAt)))
	}
	if r.LastError != "" && r.LastErrorAt != nil && (r.LastEndAt == nil || !r.LastErrorAt.Equal(*r.LastEndAt)) {
		line("last attempt", fmt.Sprintf("%s (%s)", r.LastError, o.moment(*r.LastErrorAt)))
	}
}

func identifiers(r status.Peer) string {
	switch {
	case !r.RouterID.IsValid():
		return ""
	case !r.RemoteRouterID.IsValid():
		return r.RouterID.String() + ", the peer's is unknown"
	}
	return fmt.Sprintf("%s, the peer's is %s", r.RouterID, r.RemoteRouterID)
}

// restarts says what both ends keep of each other's routes when the session ends.
func restarts(r status.Peer) string {
	var parts []string
	span := func(what string, short, long int) {
		text := fmt.Sprintf("%s %d s", what, short)
		if long > 0 {
			text += fmt.Sprintf(" and as the last resort %d s", long)
		}
		if short+long > 0 {
			parts = append(parts, text)
		}
	}
	for _, f := range r.Restart.Families {
		span(f.Family+" routes of the peer are kept", f.Keeps, f.KeepsLong)
		span(f.Family+" routes of this router by the peer", f.PeerKeeps, f.PeerKeepsLong)
	}
	if r.Restart.Notifications {
		parts = append(parts, "also after NOTIFICATIONs")
	}
	if r.Restart.Restarted {
		parts = append(parts, "the peer had restarted")
	}
	return strings.Join(parts, "; ")
}

// settings are those that are not the defaults.
func settings(r status.Peer) string {
	var parts []string
	for _, s := range r.Settings {
		if s.Given && s.Key != "description" {
			parts = append(parts, s.Key+" "+s.Value)
		}
	}
	if len(parts) == 0 && len(r.Settings) > 0 {
		return "the defaults"
	}
	return strings.Join(parts, "; ")
}

func routes(r status.Peer) string {
	text := fmt.Sprintf("%d received, %d accepted, %d advertised", r.Received, r.Accepted, r.Advertised)
	if r.MaxPrefixes > 0 {
		text += fmt.Sprintf("; at most %d may be received", r.MaxPrefixes)
	}
	return text
}

// malformed says what the peer has sent that was not as it should be.
func (o Output) malformed(m status.Malformed) string {
	var parts []string
	part := func(n uint64, what string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, what))
		}
	}
	part(m.Headers, "sessions ended by a message header")
	part(m.Opens, "by an OPEN")
	part(m.Updates, "by an UPDATE")
	part(m.Unexpected, "by an unexpected message")
	part(m.Withdrawn, "UPDATEs taken as withdrawn")
	part(m.Discarded, "attributes removed")
	part(m.Families, "UPDATEs of other families ignored")
	if len(parts) == 0 {
		return ""
	}
	text := strings.Join(parts, ", ")
	if m.LastAt != nil {
		text += fmt.Sprintf("; last: %s (%s)", m.Last, o.moment(*m.LastAt))
	}
	return text
}

// SessionRoutes prints the routes of BGP sessions.
func SessionRoutes(o Output, rows []status.SessionRoute) error {
	rows = sorted(rows, bySessionRoute)
	for i := range rows {
		r := &rows[i]
		r.Targets, r.Communities, r.Large = present(r.Targets), present(r.Communities), present(r.Large)
		r.Extended, r.ChangedBy = present(r.Extended), present(r.ChangedBy)
	}
	return emit(o, rows, func() string {
		g := grid{columns: []column{
			optional("RD"), text("Network"), optional("Path ID"), optional("Labels"), optional("Next Hop"),
			metric("Metric"), metric("LocPrf"), metric("Weight"), optional("Path"),
		}}
		if o.Format == Wide {
			g.columns = append(g.columns, optional("Targets"), optional("Communities"))
		}
		g.columns = append(g.columns, optional("Remark"))
		for i, r := range rows {
			if i == 0 || title(r) != title(rows[i-1]) {
				g.section(title(r))
			}
			g.add(o.sessionRoute(r)...)
		}
		return "Origin codes: i - IGP, e - EGP, ? - incomplete\n\n" + g.String()
	})
}

func title(r status.SessionRoute) string {
	text := fmt.Sprintf("router: %s  peer: %s", r.Router, r.RemoteAddress)
	if r.VRF != "" {
		text += "  vrf: " + r.VRF
	}
	return text + "  family: " + r.Family
}

func (o Output) sessionRoute(r status.SessionRoute) []string {
	cells := []string{
		r.RD, prefix(r.Prefix), pathID(r.PathID), bracketed(r.Label), address(r.NextHop),
		pointed(r.MED), pointed(r.LocalPref), weight(r.Weight), path(r.ASPath, r.Origin),
	}
	if o.Format == Wide {
		cells = append(cells, list(r.Targets), list(slices.Concat(r.Communities, r.Large, r.Extended)))
	}
	remark := r.Rejected
	if remark == "" && len(r.ChangedBy) > 0 {
		remark = "changed by " + strings.Join(r.ChangedBy, "; ")
	}
	return append(cells, remark)
}

func bySessionRoute(a, b status.SessionRoute) int {
	return cmp.Or(
		byName(a.Router, b.Router),
		byName(a.VRF, b.VRF),
		a.RemoteAddress.Compare(b.RemoteAddress),
		cmp.Compare(a.Family, b.Family),
		byName(a.RD, b.RD),
		a.Prefix.Compare(b.Prefix),
		cmp.Compare(orZero(a.PathID), orZero(b.PathID)),
	)
}

func orZero(n *uint32) uint32 {
	if n == nil {
		return 0
	}
	return *n
}

func pathID(id *uint32) string {
	if id == nil {
		return ""
	}
	return fmt.Sprint(*id)
}
