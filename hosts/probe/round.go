package probe

import (
	"context"
	"slices"
	"sync"
	"time"
)

// round is the probes in progress, and their results so far.
type round struct {
	probes  []Probe
	first   uint32 // number of the first probe
	settles func(Result) bool

	mu   sync.Mutex
	list []Result
	when []time.Time // first sent
	done []bool      // settled, which they stay
	open int         // sent and not done
	news chan struct{}

	stalled int // of open, those given up as unanswered: no others wait for them
}

func newRound(probes []Probe, first uint32, settles func(Result) bool) *round {
	return &round{
		probes: probes, first: first, settles: settles, list: make([]Result, len(probes)), when: make([]time.Time, len(probes)),
		done: make([]bool, len(probes)),
		news: make(chan struct{}, 1),
	}
}

// sent records an attempt to send.
func (rnd *round) sent(i int, err error) {
	rnd.mu.Lock()
	defer rnd.mu.Unlock()
	if err != nil {
		rnd.list[i].Refused = err
		return
	}
	if rnd.when[i].IsZero() {
		rnd.when[i] = time.Now()
		if !rnd.done[i] { // the answer may have been faster
			rnd.open++
		}
	}
	rnd.list[i].Refused = nil
	rnd.list[i].Sent++
}

// note changes the result of the probe with that number; it ignores those of
// earlier rounds.
func (rnd *round) note(number uint32, change func(Probe, *Result)) {
	i := int(number - rnd.first)
	if number < rnd.first || i >= len(rnd.probes) {
		return
	}
	rnd.mu.Lock()
	r := &rnd.list[i]
	change(rnd.probes[i], r)
	if r.Took == 0 && (r.Replied || len(r.Answered)+len(r.Errors) > 0) && !rnd.when[i].IsZero() {
		r.Took = time.Since(rnd.when[i])
	}
	rnd.isDone(i)
	rnd.mu.Unlock()
	select {
	case rnd.news <- struct{}{}:
	default:
	}
}

func (rnd *round) settled(i int) bool {
	rnd.mu.Lock()
	defer rnd.mu.Unlock()
	return rnd.isDone(i)
}

// isDone is settled with mu held.
func (rnd *round) isDone(i int) bool {
	if !rnd.done[i] && rnd.settles(rnd.list[i]) {
		rnd.done[i] = true
		if !rnd.when[i].IsZero() {
			rnd.open--
			rnd.stalled = min(rnd.stalled, rnd.open)
		}
	}
	return rnd.done[i]
}

func (rnd *round) countSettled() int {
	rnd.mu.Lock()
	defer rnd.mu.Unlock()
	n := 0
	for i := range rnd.list {
		if rnd.isDone(i) {
			n++
		}
	}
	return n
}

// drain waits while more probes are unsettled than the window, as long as answers come:
// more at once would be sent again before the routers get to them. Those for which it has
// waited in vain count no more.
func (rnd *round) drain(ctx context.Context, s Schedule) error {
	const pause = 5 * time.Millisecond
	if s.Window == 0 {
		return nil
	}
	for last, since := -1, time.Now(); time.Since(since) < s.Every; {
		open, full := rnd.unsettled(s.Window)
		if !full {
			return nil
		}
		if open != last {
			last, since = open, time.Now()
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	rnd.giveUp()
	return nil
}

// unsettled counts the probes that were sent and are not settled, and reports whether
// they are too many for a window, without those given up.
func (rnd *round) unsettled(window int) (open int, full bool) {
	rnd.mu.Lock()
	defer rnd.mu.Unlock()
	return rnd.open, rnd.open > rnd.stalled+window
}

// giveUp has no probe wait for those that are unsettled now.
func (rnd *round) giveUp() {
	rnd.mu.Lock()
	defer rnd.mu.Unlock()
	rnd.stalled = rnd.open
}

// wait returns when all probes are settled, or after limit.
func (rnd *round) wait(ctx context.Context, limit time.Duration, s Schedule) (all bool, err error) {
	const pause = 5 * time.Millisecond // counting takes time
	deadline := time.NewTimer(max(limit, 0))
	defer deadline.Stop()
	for {
		n := rnd.countSettled()
		if s.Progress != nil {
			s.Progress(n)
		}
		if n == len(rnd.probes) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-deadline.C:
			return rnd.countSettled() == len(rnd.probes), nil
		case <-rnd.news:
			time.Sleep(pause)
		}
	}
}

func (rnd *round) results() []Result {
	rnd.mu.Lock()
	defer rnd.mu.Unlock()
	out := make([]Result, len(rnd.list))
	for i, r := range rnd.list {
		r.Answered, r.Arrived, r.Strayed, r.Errors = slices.Clone(r.Answered), slices.Clone(r.Arrived), slices.Clone(r.Strayed), slices.Clone(r.Errors)
		out[i] = r
	}
	return out
}
