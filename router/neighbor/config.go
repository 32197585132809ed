package neighbor

import (
	"cmp"
	"time"
)

// config holds the timing and the limits of a Table. A zero field means the default.
type config struct {
	retransTimer    time.Duration // between two probes of one round; 1 s
	firstRetrans    time.Duration // after the first probe for a wanted neighbour, doubling from there; 100 ms
	maxRetrans      time.Duration // the longest pause between probes for a wanted neighbour; 5 s
	reachableTime   time.Duration // until a neighbour is probed again; 30 s
	revalidate      time.Duration // the same for a wanted one; 5 s
	delayFirstProbe time.Duration // until an unconfirmed neighbour is probed; 5 s
	maxProbes       int           // unanswered probes until a neighbour counts as dead; 3
	unicastProbes   int           // of these, those that go only to the known MAC; 1
	maxPerPort      int           // neighbours on one port; 1024. Wanted ones are never refused
	maxUnanswered   int           // of these, unwanted ones that have not answered yet; 256
	maxPending      int           // the newest packets that wait for one neighbour; 8
	changeRate      float64       // neighbours of a port that may come up or change their MAC per second; 20
	changeBurst     int           // the same at once; 200
}

func (c config) withDefaults() config {
	return config{
		retransTimer:    cmp.Or(c.retransTimer, time.Second),
		firstRetrans:    cmp.Or(c.firstRetrans, 100*time.Millisecond),
		maxRetrans:      cmp.Or(c.maxRetrans, 5*time.Second),
		reachableTime:   cmp.Or(c.reachableTime, 30*time.Second),
		revalidate:      cmp.Or(c.revalidate, 5*time.Second),
		delayFirstProbe: cmp.Or(c.delayFirstProbe, 5*time.Second),
		maxProbes:       cmp.Or(c.maxProbes, 3),
		unicastProbes:   cmp.Or(c.unicastProbes, 1),
		maxPerPort:      cmp.Or(c.maxPerPort, 1024),
		maxUnanswered:   cmp.Or(c.maxUnanswered, 256),
		maxPending:      cmp.Or(c.maxPending, 8),
		changeRate:      cmp.Or(c.changeRate, 20),
		changeBurst:     cmp.Or(c.changeBurst, 200),
	}
}

// round returns how long a neighbour without a MAC may be silent before the packets
// that wait for it are returned.
func (c config) round() time.Duration { return time.Duration(c.maxProbes) * c.retransTimer }

// backoff returns the pause after the nth probe for a wanted neighbour.
func (c config) backoff(n int) time.Duration {
	d := c.firstRetrans
	for ; n > 1 && d < c.maxRetrans; n-- {
		d *= 2
	}
	return min(d, c.maxRetrans)
}
