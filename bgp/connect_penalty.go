package bgp

import (
	"sync"
	"time"
)

const (
	firstPenalty = time.Second // after the first offence; doubles with each
	maxPenalty   = time.Minute
	forgiven     = 10 * time.Minute // time without an offence after which the count starts over
	goodConduct  = time.Minute      // length of a session after which it starts over at once

	shortSession = time.Second     // a session that ends sooner is a flap
	maxFlaps     = 10              // in a row without a pause
	flapPause    = 3 * time.Second // after each further flap
)

// penalty refuses connections for a while from a peer that breaks the protocol,
// or whose sessions end as soon as they come up (RFC 4271 section 8.1.1,
// DampPeerOscillations), so that it does not keep the router busy.
type penalty struct {
	mu       sync.Mutex
	offences int
	flaps    float64
	last     time.Time // end of a session
	until    time.Time
}

// note records the end of a session.
func (p *penalty) note(e sessionEnd, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	since := now.Sub(p.last)
	p.last = now
	p.flaps = max(0, p.flaps-since.Seconds()/flapPause.Seconds())
	if since > forgiven || e.lasted > goodConduct {
		p.offences = 0
	}
	switch {
	case e.offence:
		p.until = now.Add(min(firstPenalty<<min(p.offences, 10), maxPenalty))
		p.offences++
	case e.why != "" && e.lasted < shortSession:
		if p.flaps++; p.flaps > maxFlaps {
			p.until = now.Add(flapPause)
		}
	}
}

// remaining returns how long the peer is still refused.
func (p *penalty) remaining(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.until.Sub(now))
}
