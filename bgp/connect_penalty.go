package bgp

import (
	"sync"
	"time"
)

const (
	firstPenalty = time.Second // after the first offence; doubled with every other
	maxPenalty   = time.Minute
	forgiven     = 10 * time.Minute // without an offence, after which the next is the first again
	goodConduct  = time.Minute      // a session that lasts so long is forgiven at once

	shortSession = time.Second     // one that ends sooner is a flap
	maxFlaps     = 10              // in a row, before
	flapPause    = 3 * time.Second // has to pass after each
)

// penalty keeps connections of a peer away for a while that breaks the protocol,
// or whose sessions end as soon as they are there (RFC 4271 section 8.1.1,
// DampPeerOscillations), so that it does not keep the router busy.
type penalty struct {
	mu       sync.Mutex
	offences int
	flaps    float64
	last     time.Time // end of a session
	until    time.Time
}

// note takes note of the end of a session.
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

// remaining is for how long the peer is still kept away.
func (p *penalty) remaining(now time.Time) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return max(0, p.until.Sub(now))
}
