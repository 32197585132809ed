package bgp

import (
	"maps"
	"slices"
	"sync"
	"time"

	"pseudowan/bgp/gate"
)

const (
	// octetsPerRoute is the length of a message per route above which it counts as
	// more routes.
	octetsPerRoute = 128

	leastRate = 1000 // routes per second that every peer may change
)

// pace slows down a peer with a prefix limit that changes its routes all the time,
// so that the router keeps up. A peer may change twice its limit at once, and a
// tenth of it per second.
type pace struct {
	mu     sync.Mutex
	burst  float64 // routes; 0: the peer is not slowed down
	rate   float64 // routes per second
	tokens float64
	last   time.Time
}

func (p *pace) set(limit uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rate = max(leastRate, float64(limit)/10)
	p.burst = max(2*float64(limit), p.rate)
	p.tokens = p.burst
	if limit == 0 {
		p.burst = 0
	}
}

// take returns how long to wait before the peer's next message is read.
func (p *pace) take(routes int, now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.burst == 0 {
		return 0
	}
	if !p.last.IsZero() {
		p.tokens = min(p.burst, p.tokens+now.Sub(p.last).Seconds()*p.rate)
	}
	p.last = now
	p.tokens -= float64(routes)
	if p.tokens >= 0 {
		return 0
	}
	return time.Duration(-p.tokens / p.rate * float64(time.Second))
}

const (
	settled         = 200 * time.Millisecond // without a write, after which everything has been sent
	refreshPause    = time.Second            // between two answers to ROUTE-REFRESH
	refreshPatience = 10 * time.Second       // after which a request is passed on although more is being sent
	refreshPoll     = 250 * time.Millisecond
)

// refreshes holds back requests for all routes (RFC 2918) until the last answer
// has been sent: a peer that asks and does not read must not grow our queue.
// Requests for the same family are merged.
type refreshes struct {
	asked map[gate.Family]gate.Refresh
	last  time.Time
}

func (r *refreshes) ask(q gate.Refresh) {
	if r.asked == nil {
		r.asked = make(map[gate.Family]gate.Refresh)
	}
	q.Message = slices.Clone(q.Message)
	r.asked[q.Family] = q
}

// due returns the requests that are due.
func (r *refreshes) due(now time.Time, busy, caughtUp bool) []gate.Refresh {
	since := now.Sub(r.last)
	if len(r.asked) == 0 || busy || since < refreshPause || !caughtUp && since < refreshPatience {
		return nil
	}
	list := slices.Collect(maps.Values(r.asked))
	r.asked, r.last = nil, now
	return list
}

// wake returns when to check again; zero: when something is received.
func (r *refreshes) wake(now time.Time) time.Time {
	if len(r.asked) == 0 {
		return time.Time{}
	}
	return now.Add(refreshPoll)
}
