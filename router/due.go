package router

import "time"

// The loop does what is due every solicitInterval, such as to ask the kernel again for next
// hops, and every idleInterval if nothing is: a hundred routers of one server add up.
const (
	solicitInterval = time.Second
	idleInterval    = beatEvery
)

// due is the timer of what the loop does from time to time.
type due struct {
	timer *time.Timer
	idle  bool // it waits for idleInterval
}

func newDue() *due { return &due{timer: time.NewTimer(0)} }

// next sets the timer after it has fired.
func (d *due) next(busy bool) {
	d.idle = !busy
	if busy {
		d.timer.Reset(solicitInterval)
	} else {
		d.timer.Reset(idleInterval)
	}
}

// hurry shortens the time that is left if there is something to do now.
func (d *due) hurry(busy bool) {
	if d.idle && busy {
		d.next(busy)
	}
}

// busy reports whether something is due within solicitInterval.
func (l *loop) busy() bool { return l.quiet.restless() || l.links.Asks() }
