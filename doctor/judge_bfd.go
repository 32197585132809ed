package doctor

import (
	"fmt"
	"math"
	"time"

	"pseudowan/status"
)

// BFD is what a lab's sessions of BFD need.
type BFD struct {
	Ends     int           // of sessions, in all routers
	Packets  float64       // that these send in a second
	Interval time.Duration // the shortest between two packets
	Routers  int           // that have any: each has a process for them
}

// bfdSeconds is what a packet of BFD costs, in processor time: the agents at both ends, and
// the switches on the way. It is from the server of the other costs, with a core of five
// routers and intervals of 10 to 300 ms.
const bfdSeconds = 0.0004

// mostBFD is the share of a server's processors that BFD may take. What waits for a processor
// meanwhile is, among others, the next packet of BFD.
const mostBFD = 0.25

// liveness judges whether the server keeps up with BFD.
func liveness(o Observed, n Need) []status.Finding {
	if n.BFD.Ends == 0 || o.Cores == 0 {
		return nil
	}
	const check = "BFD"
	share := n.BFD.Packets * bfdSeconds / float64(o.Cores)
	detail := fmt.Sprintf("%s with intervals from %s: %.0f packets a second, about %.0f %% of %s",
		count(n.BFD.Ends, "end"), n.BFD.Interval, n.BFD.Packets, max(1, math.Round(100*share)), count(o.Cores, "core"))
	if share <= mostBFD {
		return []status.Finding{ok(check, "%s", detail)}
	}
	interval := n.BFD.Interval * time.Duration(math.Ceil(share/mostBFD))
	return []status.Finding{warn(check, detail, "packets come too late while the server is busy, and routers take paths for lost that are not",
		fmt.Sprintf("bfd-min-tx: %s and bfd-min-rx: %s, or BFD on fewer links", interval, interval))}
}
