package neighbor

import (
	"cmp"
	"time"
)

// Config is the timing and the bounds of a Table. A zero field means the
// default.
type Config struct {
	RetransTimer    time.Duration // between two probes of one round; 1 s
	FirstRetrans    time.Duration // after the first probe for a wanted neighbour, doubling from there; 100 ms
	MaxRetrans      time.Duration // the longest pause between probes for a wanted neighbour; 5 s
	ReachableTime   time.Duration // until a neighbour is asked again; 30 s
	Revalidate      time.Duration // the same for a wanted one; 5 s
	DelayFirstProbe time.Duration // until an unconfirmed neighbour is asked; 5 s
	MaxProbes       int           // unanswered probes until a neighbour is dead; 3
	UnicastProbes   int           // of these, the ones that go to the known MAC alone; 1
	MaxPerPort      int           // neighbours on one port; 1024. Wanted ones are not refused
	MaxUnanswered   int           // of these, the ones that have not answered yet and are not wanted; 256
	MaxPending      int           // packets that wait for one neighbour, the newest; 8
	ChangeRate      float64       // neighbours of a port that may come up or change their MAC per second; 20
	ChangeBurst     int           // the same at once; 200
}

func (c Config) withDefaults() Config {
	return Config{
		RetransTimer:    cmp.Or(c.RetransTimer, time.Second),
		FirstRetrans:    cmp.Or(c.FirstRetrans, 100*time.Millisecond),
		MaxRetrans:      cmp.Or(c.MaxRetrans, 5*time.Second),
		ReachableTime:   cmp.Or(c.ReachableTime, 30*time.Second),
		Revalidate:      cmp.Or(c.Revalidate, 5*time.Second),
		DelayFirstProbe: cmp.Or(c.DelayFirstProbe, 5*time.Second),
		MaxProbes:       cmp.Or(c.MaxProbes, 3),
		UnicastProbes:   cmp.Or(c.UnicastProbes, 1),
		MaxPerPort:      cmp.Or(c.MaxPerPort, 1024),
		MaxUnanswered:   cmp.Or(c.MaxUnanswered, 256),
		MaxPending:      cmp.Or(c.MaxPending, 8),
		ChangeRate:      cmp.Or(c.ChangeRate, 20),
		ChangeBurst:     cmp.Or(c.ChangeBurst, 200),
	}
}

// round is how long a neighbour without MAC may stay silent before the packets
// that wait for it are returned.
func (c Config) round() time.Duration { return time.Duration(c.MaxProbes) * c.RetransTimer }

// backoff is the pause after the nth probe for a wanted neighbour.
func (c Config) backoff(n int) time.Duration {
	d := c.FirstRetrans
	for ; n > 1 && d < c.MaxRetrans; n-- {
		d *= 2
	}
	return min(d, c.MaxRetrans)
}
