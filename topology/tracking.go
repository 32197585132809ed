package topology

import (
	"fmt"
	"slices"
	"time"
)

// Tracking has a router take the ports of its customers down while it is cut off from the
// core, so that they use another.
type Tracking struct {
	Delay time.Duration `json:"delay"` // for which the core is back before the ports are
}

// Bounds on Tracking.Delay.
const (
	defaultTrackingDelay = 2 * time.Second
	maxTrackingDelay     = time.Hour
)

// tracking sets which routers track their uplinks. Those without VRFs have no ports that
// could go down: for them, what the defaults say means nothing.
func (b *coreBuilder) tracking() {
	base := b.raw.Defaults.Router.Tracking
	b.checkTracking(base, "defaults router")
	for i, e := range b.raw.Routers {
		own, r := e.value.Tracking, &b.lab.Routers[i]
		b.checkTracking(own, "router "+r.Name)
		serves := slices.ContainsFunc(b.lab.VRFs, func(v VRF) bool { return v.Router == r.Name })
		if own.wanted() && b.lab.Core != nil && !serves {
			b.refuse(own.at, "router "+r.Name, "uplink-tracking is for routers with hosts", "remove it, or attach a host to "+r.Name)
		}
		if !own.given() {
			own = base
		}
		if own.wanted() && b.lab.Core != nil && serves {
			r.Tracking = &Tracking{Delay: time.Duration(own.Delay.or(lifetime(defaultTrackingDelay)))}
		}
	}
}

func (b *coreBuilder) checkTracking(raw rawTracking, element string) {
	if raw.wanted() && b.lab.Core == nil {
		b.refuse(raw.at, element, "uplink-tracking is for labs with core", "add core: labeled-unicast to the lab, or remove it")
	}
	if d := time.Duration(raw.Delay.v); raw.Delay.has && d > maxTrackingDelay {
		b.refuse(raw.Delay.at, element, fmt.Sprintf("delay %s is more than an hour", d), "write delay: 2s")
	}
}

// Inner reports whether all that a router does is to pass on what is for others: a path to it
// alone leads to no customer.
func (t *Topology) Inner(router string) bool {
	outward := func(l Link) bool {
		return (l.InterAS != "" || l.LeadsOn()) && slices.ContainsFunc(l.Ends, func(e LinkEnd) bool { return e.Router == router })
	}
	return !slices.ContainsFunc(t.VRFs, func(v VRF) bool { return v.Router == router }) && !slices.ContainsFunc(t.Links, outward)
}

// InCore reports whether the file has a way from a router into the core, so that it can be cut
// off.
func (t *Topology) InCore(router string) bool {
	beyond := func(l Link) bool { return l.LeadsOn() && l.Ends[0].Router == router }
	return len(t.Loopbacks(router)) > 0 || slices.ContainsFunc(t.Links, beyond)
}
