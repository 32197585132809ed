package bgp

import (
	"testing"

	"pseudowan/bgp/gate"
)

// endWatcher counts the paths that it hears of after the end of a session.
type endWatcher struct {
	watcher
	paths, late int
	over        bool
}

func (w *endWatcher) ended(sessionEnd)  { w.over = true }
func (w *endWatcher) shown(*gate.Judge) {}
func (w *endWatcher) judged(v gate.Verdict) {
	w.paths += len(v.Strange)
	if w.over {
		w.late += len(v.Strange)
	}
}

// A path that no receiver can use is not noted any more when its message is carried out after
// the end of the session: nothing would ever forget it, and it would hide the next one.
func TestNoPathsAfterTheEnd(t *testing.T) {
	w := &endWatcher{}
	j := newTestJudge(true)
	r := newRelay(nil, nil, j, nil, w)
	v := j.Received(updateOf(nil, octetsOf(attrsBase+twoLabels), nil))
	r.note(v)
	if w.paths != 1 {
		t.Fatalf("%d paths before the end", w.paths)
	}
	r.end(sessionEnd{})
	r.note(v)
	if w.late > 0 {
		t.Errorf("%d paths after the end", w.late)
	}
}
