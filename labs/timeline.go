package labs

import (
	"sync"
	"time"

	"pseudowan/status"
)

// timeline records when the parts of a command ran.
type timeline struct {
	begin time.Time

	mu     sync.Mutex
	phases []status.Phase
}

// start notes that a phase begins. Call what it returns when the phase ends.
func (t *timeline) start(name, router string) (end func()) {
	begin := time.Now()
	return func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.phases = append(t.phases, status.Phase{Name: name, Router: router, Begin: begin.Sub(t.begin), Took: time.Since(begin)})
	}
}
