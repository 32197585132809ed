package router

import (
	"slices"
	"time"

	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/router/uplink"
	"pseudowan/status"
)

// tracking has the ports of customers be down while the router is cut off from the core. What
// is down because of that is in config.TrackedGroup, where the next process of the router finds it.
type tracking struct {
	tracker uplink.Tracker
	down    func(port string) bool // whether somebody has cut the port besides; nil: nobody has
	asked   map[string]bool        // by port, whether it was to be down; gone once it has changed
	busy    bool                   // ports are being set
}

// configureTracking applies a new configuration.
func (l *loop) configureTracking(now time.Time, cfg config.Router) {
	on := cfg.Transport != nil && cfg.Transport.Tracking != nil
	delay := time.Duration(0)
	if on {
		delay = cfg.Transport.Tracking.Delay
	}
	l.tracking.tracker.Configure(now, on, delay)
	l.tracking.asked = map[string]bool{}
	if l.recovery != nil { // the earlier process had a path, or has left ports in the group
		l.tracking.tracker.Resume(l.holdsPorts())
	}
}

// track follows whether there is a path into the core. During a recovery, paths are still to
// be heard.
func (l *loop) track(now time.Time) {
	t := &l.tracking.tracker
	if l.recovery != nil {
		return
	}
	if l.holdsPorts() {
		t.Resume(true)
	}
	if t.Follow(now, l.reachesCore(), t.Returning() && l.complete(now)) {
		if t.CutOff() {
			l.event(status.EventPort, "cut off from the core: ports to customers go down (uplink-tracking)")
			l.ports.Cease(nil)
		} else {
			l.event(status.EventPort, "back in the core: ports to customers come up (uplink-tracking)")
		}
	}
	l.holdPorts()
}

// reachesCore reports whether there is a path to a router beyond which customers are.
func (l *loop) reachesCore() bool {
	if l.cfg.Transport == nil || l.cfg.Transport.Tracking == nil {
		return false
	}
	for to := range l.lsps.Paths() {
		if a := to.Addr(); !slices.Contains(l.cfg.Transport.Tracking.Inner, a) && l.lsps.Reaches(a) {
			return true
		}
	}
	return false
}

// complete reports whether the peers beyond the links have sent all VPN routes, and the switch
// has them.
func (l *loop) complete(now time.Time) bool {
	for _, s := range l.cfg.Sessions {
		if s.Interface != config.LoopbackInterface || s.Shutdown || s.PeerShutdown || !l.lsps.Reaches(s.PeerAddress) {
			continue
		}
		if !l.ends.all(now, peering{addr: s.PeerAddress}, l.peers[s.PeerAddress], true) {
			return false
		}
	}
	return !l.fib.Pending()
}

// holdsPorts reports whether a port to customers is down because of the core.
func (l *loop) holdsPorts() bool {
	for _, p := range l.ports.All() {
		if l.carriers.In(p.Name, config.TrackedGroup) {
			return true
		}
	}
	return false
}

// holdPorts sets ports down or up, beside the loop: the kernel waits for all processors each
// time.
func (l *loop) holdPorts() {
	if l.tracking.busy {
		return
	}
	hold := l.tracking.tracker.CutOff()
	var ports []string
	for _, p := range l.ports.All() {
		there, up := l.carriers.Admin(p.Name)
		held := l.carriers.In(p.Name, config.TrackedGroup)
		asked, before := l.tracking.asked[p.Name]
		if there && (held != hold || hold && up) && (!before || asked != hold) {
			ports = append(ports, p.Name)
			l.tracking.asked[p.Name] = hold
		}
	}
	if len(ports) == 0 {
		return
	}
	slices.Sort(ports)
	l.tracking.busy = true
	down := l.tracking.down
	l.background.Go(func() {
		var now []kernel.LinkEvent // of a port that is down anyway the kernel says nothing
		for _, name := range ports {
			if err := setPort(name, hold, down); err != nil {
				l.log.Warn("uplink-tracking", "error", err)
			}
			if e, err := kernel.Look(name); err == nil {
				now = append(now, e)
			}
		}
		done := func() {
			l.tracking.busy = false
			for _, e := range now {
				l.followCarriers(l.carriers.Hear(e))
			}
		}
		select {
		case l.calls <- done:
		case <-l.ended:
		}
	})
}

func setPort(name string, hold bool, down func(string) bool) error {
	if hold {
		return kernel.Hold(name, config.TrackedGroup)
	}
	return kernel.Release(name, func() bool { return down != nil && down(name) })
}

// uplinkState is whether the router is cut off from the core; "" if it does not track that.
func (l *loop) uplinkState() status.UplinkState {
	switch t := &l.tracking.tracker; {
	case l.cfg.Transport.Tracking == nil:
		return ""
	case t.Returning():
		return status.UplinkReturning
	case t.CutOff():
		return status.UplinkDown
	}
	return status.UplinkUp
}

// missingCore reports that the ports of customers wait for the core.
func (l *loop) missingCore(missing func(string, ...any)) {
	switch t := &l.tracking.tracker; {
	case t.Returning():
		missing("%s", "it is back in the core, and its ports to customers come up soon (uplink-tracking)")
	case t.CutOff():
		missing("%s", "it is cut off from the core, and its ports to customers are down (uplink-tracking)")
	}
}
