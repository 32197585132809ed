package probe

import (
	"context"
	"slices"
	"sync"
	"time"
)

// volley is the probes that are under way, and what has become of them.
type volley struct {
	probes []Probe
	first  uint32 // number of the first probe

	mu   sync.Mutex
	list []Result
	when []time.Time // of the first sending
	news chan struct{}
}

func newVolley(probes []Probe, first uint32) *volley {
	return &volley{
		probes: probes, first: first, list: make([]Result, len(probes)), when: make([]time.Time, len(probes)),
		news: make(chan struct{}, 1),
	}
}

// sent takes note of an attempt to send.
func (v *volley) sent(i int, err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if err != nil {
		v.list[i].Refused = err
		return
	}
	if v.when[i].IsZero() {
		v.when[i] = time.Now()
	}
	v.list[i].Refused = nil
	v.list[i].Sent++
}

// note changes the result of the probe of that number; one of an earlier
// volley is forgotten.
func (v *volley) note(number uint32, change func(Probe, *Result)) {
	i := int(number - v.first)
	if number < v.first || i >= len(v.probes) {
		return
	}
	v.mu.Lock()
	r := &v.list[i]
	change(v.probes[i], r)
	if r.Took == 0 && len(r.Answered)+len(r.Errors) > 0 && !v.when[i].IsZero() {
		r.Took = time.Since(v.when[i])
	}
	v.mu.Unlock()
	select {
	case v.news <- struct{}{}:
	default:
	}
}

func (v *volley) settled(i int, o Orders) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return o.Settled(v.list[i])
}

func (v *volley) countSettled(o Orders) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	n := 0
	for _, r := range v.list {
		if o.Settled(r) {
			n++
		}
	}
	return n
}

// wait returns when all probes are settled, or after a time.
func (v *volley) wait(ctx context.Context, limit time.Duration, o Orders) (all bool, err error) {
	const pause = 5 * time.Millisecond // counting is not for free
	deadline := time.NewTimer(max(limit, 0))
	defer deadline.Stop()
	for {
		n := v.countSettled(o)
		if o.Progress != nil {
			o.Progress(n)
		}
		if n == len(v.probes) {
			return true, nil
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-deadline.C:
			return v.countSettled(o) == len(v.probes), nil
		case <-v.news:
			time.Sleep(pause)
		}
	}
}

func (v *volley) results() []Result {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := make([]Result, len(v.list))
	for i, r := range v.list {
		r.Answered, r.Arrived, r.Errors = slices.Clone(r.Answered), slices.Clone(r.Arrived), slices.Clone(r.Errors)
		out[i] = r
	}
	return out
}
