package router

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

const (
	// muchWork is how many routes have to come or go before it is worth while to look for
	// memory that is not needed any more.
	muchWork = 1000
	// quietAfter is how long none may have come.
	quietAfter = 3 * time.Second
)

// quiet gives memory back to the server once a router has handled many routes and come to
// rest, and keeps a large heap from doubling before it is swept.
type quiet struct {
	work  int // routes since memory was given back
	last  time.Time
	spare int // per cent of the live heap that may be garbage
}

// note counts routes that have come or gone.
func (q *quiet) note(routes int, now time.Time) {
	q.work += routes
	q.last = now
}

// restless reports whether memory is to be given back as soon as there is rest.
func (q *quiet) restless() bool { return q.work >= muchWork }

// due reports whether it is time to give memory back.
func (q *quiet) due(now time.Time) bool {
	if !q.restless() || now.Sub(q.last) < quietAfter {
		return false
	}
	q.work = 0
	return true
}

// tick adapts how often the heap is swept to its size.
func (q *quiet) tick() {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if live[0].Value.Kind() != metrics.KindUint64 {
		return
	}
	if spare := spareFor(live[0].Value.Uint64()); spare != q.spare {
		q.spare = spare
		debug.SetGCPercent(spare)
	}
}

// spareFor is how many per cent of a live heap may be garbage: a router with a million
// routes sweeps more often, or it would need memory for two.
func spareFor(live uint64) int {
	switch {
	case live < 128<<20:
		return 100
	case live < 1<<30:
		return 60
	}
	return 30
}
