package probe

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// A thousand probes that nobody answers delay each other by a pause for each window, not
// for each burst, and the later tries not at all. Those that are answered are waited for
// as ever.
func TestDrain(t *testing.T) {
	const probes, burst = 1000, 20
	s := Schedule{Tries: 4, Every: 250 * time.Millisecond, Window: 256}
	synctest.Test(t, func(t *testing.T) {
		rnd := newRound(make([]Probe, probes), 0, func(r Result) bool { return r.Replied })
		send := func() (took time.Duration) {
			began := time.Now()
			for i := range probes {
				if rnd.sent(i, nil); i%burst == burst-1 {
					if err := rnd.drain(context.Background(), s); err != nil {
						t.Error(err)
					}
				}
			}
			return time.Since(began)
		}
		if took := send(); took < s.Every || took > s.Every*(probes/256+1) {
			t.Errorf("the first try takes %s", took)
		}
		for range s.Tries - 1 {

			if took := send(); took > 0 {
				t.Errorf("a further try takes %s", took)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		rnd := newRound(make([]Probe, probes), 0, func(r Result) bool { return r.Replied })
		for i := range 300 {
			rnd.sent(i, nil)
		}

		answer := func(from, to uint32) {
			for n := from; n < to; n++ {
				rnd.note(n, func(_ Probe, r *Result) { r.Replied = true })
			}
		}
		answer(0, 290) // given up too early: only ten are dead
		for i := 300; i < 600; i++ {
			rnd.sent(i, nil)
		}
		go func() {
			time.Sleep(100 * time.Millisecond)
			answer(300, 400)
		}()
		began := time.Now()
		if err := rnd.drain(context.Background(), s); err != nil || time.Since(began) < 100*time.Millisecond || time.Since(began) >= s.Every {
			t.Errorf("%v: a full window is waited for %s", err, time.Since(began))
		}
	})
}
