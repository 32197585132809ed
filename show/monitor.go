package show

import (
	"cmp"
	"fmt"
	"net"
	"time"

	"pseudowan/status"
)

// Stations prints the BMP stations of the routers.
func Stations(o Output, rows []status.Station) error {
	rows = sorted(rows, byStation)
	for i := range rows {
		rows[i].Routes = present(rows[i].Routes)
	}
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), text("station"), text("vrf"), state("state", string(status.StationUp), string(status.StationSending)), text("since"),
			text("routes"), number("messages"), number("bytes"), number("queued"), number("dropped"), number("overruns"), optional("why"),
		}}
		for _, r := range rows {
			why := ""
			if r.State == status.StationConnecting {
				why = r.LastError
			}
			g.add(r.Router, net.JoinHostPort(r.Address.String(), decimal(r.Port)), r.VRF, string(r.State), o.moment(r.Since), list(r.Routes),
				decimal(r.Messages), decimal(r.Octets), decimal(r.Queued), decimal(r.Dropped), decimal(r.Overruns), why)
		}
		return g.String()
	})
}

// MRT prints what the routers record in files.
func MRT(o Output, rows []status.MRT) error {
	rows = sorted(rows, func(a, b status.MRT) int { return byName(a.Router, b.Router) })
	return emit(o, rows, func() string {
		g := grid{columns: []column{
			text("router"), text("directory"), text("updates"), text("tables"), text("rotate"), number("keep"),
			number("records"), number("bytes"), number("dropped"), text("lastFile"), optional("why"),
		}}
		for _, r := range rows {
			g.add(r.Router, r.Directory, fmt.Sprint(r.Updates), pause(r.Tables), pause(r.Rotate), decimal(r.Keep),
				decimal(r.Records), decimal(r.Octets), decimal(r.Dropped), r.LastFile, r.LastError)
		}
		return g.String()
	})
}

// pause formats seconds; none for 0.
func pause(seconds float64) string {
	if seconds == 0 {
		return "none"
	}
	return (time.Duration(seconds * float64(time.Second))).String()
}

func byStation(a, b status.Station) int {
	return cmp.Or(byName(a.Router, b.Router), a.Address.Compare(b.Address), cmp.Compare(a.Port, b.Port), cmp.Compare(a.VRF, b.VRF))
}
