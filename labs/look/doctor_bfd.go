package look

import (
	"time"

	"pseudowan/doctor"
	"pseudowan/labs/plan"
)

// bfdOf counts the sessions of BFD of a plan's routers, and their packets.
func bfdOf(p *plan.Plan) (b doctor.BFD) {
	for _, r := range p.Routers {
		before := b.Ends
		for _, s := range r.Config.Sessions {
			if !s.Watched() {
				continue
			}
			tx, rx, _ := s.BFDTimes() // both ends of a session have the same
			interval := max(tx, rx)
			b.Ends++
			b.Packets += float64(time.Second) / float64(interval)
			if b.Interval == 0 || interval < b.Interval {
				b.Interval = interval
			}
		}
		if b.Ends > before {
			b.Routers++
		}
	}
	return b
}
