package show

import (
	"cmp"
	"fmt"
	"strings"

	"pseudowan/status"
)

// BFD prints the sessions of BFD.
func BFD(o Output, rows []status.BFD) error {
	rows = sorted(rows, func(a, b status.BFD) int {
		return cmp.Or(byName(a.Router, b.Router), a.RemoteAddress.Compare(b.RemoteAddress), a.LocalAddress.Compare(b.LocalAddress))
	})
	return emit(o, rows, func() string {
		g := grid{colour: o.Colour, columns: []column{
			text("router"), text("neighbor"), text("address"), text("interface"), text("hops"), state("state", string(status.BFDUp)), text("since"),
			text("local"), text("remote"), number("detection"), number("transitions"), optional("why"),
		}}
		for _, r := range rows {
			hops := "1"
			if r.Multihop {
				hops = "many"
			}
			why := r.Diagnostic
			if r.State != status.BFDUp && why == "" && r.Received == 0 {
				why = "nothing is heard"
			}
			if r.Absent {
				why = strings.TrimPrefix(why+", the peer does not do BFD", ", ")
			}
			g.add(r.Router, r.Neighbor, address(r.RemoteAddress), r.Interface, hops, string(r.State), o.moment(r.Since),
				pace(r.MinTx, r.MinRx, r.Multiplier), pace(r.RemoteMinTx, r.RemoteMinRx, r.RemoteMultiplier), decimal(r.Detection), decimal(r.Transitions), why)
		}
		return g.String()
	})
}

// pace writes the parameters of an end of a session, in milliseconds.
func pace(tx, rx, multiplier int) string {
	if multiplier == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d*%d", tx, rx, multiplier)
}
