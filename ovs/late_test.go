package ovs

import (
	"context"
	"errors"
	"testing"
	"time"

	"pseudowan/ovs/pipeline"
)

// A change that has waited for others until nobody wanted it any more is not made, nor
// recorded: what came after it may have undone it.
func TestLateChange(t *testing.T) {
	f := &flowTables{bridge: "br0", daemons: newDaemons(Config{})}
	flows := (pipeline.Diversion{Adjacency: 1}).Flows()
	for name, change := range map[string]func(context.Context) error{
		"commit":  func(ctx context.Context) error { return f.commit(ctx, flows, nil) },
		"correct": func(ctx context.Context) error { _, err := f.correct(ctx, flows); return err },
		"restore": f.restore,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		f.mu.Lock()
		done := make(chan error)
		go func() { done <- change(ctx) }()
		<-ctx.Done()
		f.mu.Unlock()
		if err := <-done; !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		if len(f.memory.flows) > 0 {
			t.Errorf("%s: %d flows are recorded", name, len(f.memory.flows))
		}
		cancel()
	}
}
