package uplink

import (
	"testing"
	"time"
)

// step is what a Tracker hears at a time since its start, and what it then says.
type step struct {
	at             time.Duration
	path, complete bool
	cutOff         bool
	next           time.Duration // 0: nothing is due
}

func TestTracker(t *testing.T) {
	const delay = 2 * time.Second
	s := func(n float64) time.Duration { return time.Duration(n * float64(time.Second)) }
	for name, c := range map[string]struct {
		before func(*Tracker)
		steps  []step
	}{
		"one that has just started waits for its first path": {nil, []step{
			{at: s(1), next: startPatience}, {at: s(100), next: startPatience}, {at: s(101), path: true}, {at: s(102), cutOff: true},
		}},
		"and gives up": {nil, []step{{at: startPatience - s(1), next: startPatience}, {at: startPatience, cutOff: true}}},
		"the core comes back": {nil, []step{
			{at: s(1), path: true}, {at: s(2), cutOff: true},
			{at: s(3), path: true, complete: true, cutOff: true, next: s(5)},
			{at: s(4.9), path: true, complete: true, cutOff: true, next: s(5)}, {at: s(5), path: true, complete: true},
		}},
		"its routes come late": {nil, []step{
			{at: s(1), path: true}, {at: s(2), cutOff: true}, {at: s(3), path: true, cutOff: true, next: s(5)},
			{at: s(5), path: true, cutOff: true, next: s(5) + returnPatience}, {at: s(9), path: true, complete: true},
		}},
		"or never": {nil, []step{
			{at: s(1), path: true}, {at: s(2), cutOff: true}, {at: s(3), path: true, cutOff: true, next: s(5)},
			{at: s(5) + returnPatience, path: true},
		}},
		"it flaps": {nil, []step{
			{at: s(1), path: true}, {at: s(2), cutOff: true}, {at: s(3), path: true, complete: true, cutOff: true, next: s(5)},
			{at: s(4), cutOff: true}, {at: s(6), path: true, complete: true, cutOff: true, next: s(8)},
			{at: s(7), path: true, complete: true, cutOff: true, next: s(8)}, {at: s(8), path: true, complete: true},
		}},
		"an earlier process was cut off": {func(t *Tracker) { t.Resume(true) }, []step{
			{at: 0, cutOff: true}, {at: s(1), path: true, complete: true, cutOff: true, next: s(3)}, {at: s(3), path: true, complete: true},
		}},
		"an earlier process had a path": {func(t *Tracker) { t.Resume(false) }, []step{{at: s(1), cutOff: true}}},
		"what an earlier process has left no longer counts": {func(t *Tracker) {
			t.Follow(time.Unix(0, 0), true, true)
			t.Resume(true)
		}, []step{{at: s(1), path: true}}},
		"off": {func(t *Tracker) { t.Configure(time.Unix(0, 0), false, 0) }, []step{{at: s(1), path: true}, {at: s(2)}}},
		"off and on again": {func(t *Tracker) {
			t.Follow(time.Unix(0, 0), true, true)
			t.Configure(time.Unix(0, 0), false, 0)
			t.Configure(time.Unix(0, 0), true, delay)
		}, []step{{at: s(1), next: startPatience}}},
		"configured again while cut off": {func(t *Tracker) {
			t.Resume(true)
			t.Configure(time.Unix(0, 0), true, delay)
		}, []step{{at: s(1), cutOff: true}}},
	} {
		start := time.Unix(0, 0)
		var tracker Tracker
		tracker.Configure(start, true, delay)
		if c.before != nil {
			c.before(&tracker)
		}
		for _, x := range c.steps {
			before, now := tracker.CutOff(), start.Add(x.at)
			changed := tracker.Follow(now, x.path, x.complete)
			at, due := tracker.Next(now)
			if tracker.CutOff() != x.cutOff || changed != (before != x.cutOff) || due != (x.next > 0) || due && at.Sub(start) != x.next {
				t.Errorf("%s: at %s: cut off %t, changed %t, next %s %t; want %+v", name, x.at, tracker.CutOff(), changed, at.Sub(start), due, x)
			}
			if tracker.Returning() != (x.cutOff && x.path) {
				t.Errorf("%s: at %s: returning is %t", name, x.at, tracker.Returning())
			}
		}
	}
}
