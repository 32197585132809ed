package uplink

import "time"

// Patience of a Tracker.
const (
	startPatience  = 2 * time.Minute  // with a router that has just started, for its first path
	returnPatience = 30 * time.Second // with VPN routes that do not come although the core is back
)

// Tracker follows one router. Its zero value tracks nothing. It is not safe for concurrent use.
type Tracker struct {
	on    bool
	delay time.Duration
	state state
	since time.Time // of state starting or returning
}

type state int

const (
	starting  state = iota // there has been no path yet, which is no reason to cut customers off
	connected              // to the core
	cutOff
	returning // the core is back, but perhaps not for long, or not all routes are
)

// Configure turns tracking on or off. delay is how long the core has to be back before the
// router no longer counts as cut off.
func (t *Tracker) Configure(now time.Time, on bool, delay time.Duration) {
	t.delay = delay
	if on != t.on {
		t.on, t.state, t.since = on, starting, now
	}
}

// Resume takes up what an earlier process of the router has left: it had a path, or was cut
// off. It changes nothing once the router has had one of its own.
func (t *Tracker) Resume(isolated bool) {
	switch {
	case t.state != starting:
	case isolated:
		t.state = cutOff
	default:
		t.state = connected
	}
}

// Follow notes whether there is a path into the core now, and whether the routes that come over
// it are complete. It reports whether CutOff has changed.
func (t *Tracker) Follow(now time.Time, path, complete bool) (changed bool) {
	before := t.CutOff()
	t.state, t.since = t.next(now, path, complete)
	return t.CutOff() != before
}

func (t *Tracker) next(now time.Time, path, complete bool) (state, time.Time) {
	waited := now.Sub(t.since)
	switch {
	case path && (t.state == starting || t.state == connected):
		return connected, now
	case path && t.state == cutOff:
		return returning, now
	case path && waited >= t.delay && (complete || waited >= t.delay+returnPatience):
		return connected, now
	case path:
		return returning, t.since
	case t.state == starting && waited < startPatience:
		return starting, t.since
	}
	return cutOff, now
}

// CutOff reports whether the ports of customers are to be down.
func (t *Tracker) CutOff() bool { return t.on && (t.state == cutOff || t.state == returning) }

// Returning reports whether the core is back, while the ports still wait.
func (t *Tracker) Returning() bool { return t.on && t.state == returning }

// Next returns when Follow has something to do by itself; ok is false if nothing will be due.
func (t *Tracker) Next(now time.Time) (at time.Time, ok bool) {
	switch {
	case !t.on:
	case t.state == starting:
		return t.since.Add(startPatience), true
	case t.state == returning && now.Before(t.since.Add(t.delay)):
		return t.since.Add(t.delay), true
	case t.state == returning:
		return t.since.Add(t.delay + returnPatience), true
	}
	return at, false
}
