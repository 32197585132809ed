package look

import (
	"context"
	"errors"
	"testing"
	"time"

	"pseudowan/capture"
)

// Packets that the end of a capture hands over may be as many as were asked for.
func TestCaptureEndsWithEnough(t *testing.T) {
	full := errors.New("no space left")
	for _, c := range []struct {
		count, want int
		emit        error
	}{{0, 3, nil}, {2, 2, nil}, {3, 3, nil}, {4, 3, nil}, {2, 2, full}} {
		k := &capturing{
			options: CaptureOptions{Count: c.count}, settle: settleOrder,
			points: []capture.Point{{Node: "pe1", Interface: "eth1"}},
			emit:   func([]capture.Packet) error { return c.emit },
		}
		for range 3 {
			k.waiting = append(k.waiting, capture.Packet{Time: time.Now(), Data: make([]byte, 60)})
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // as --for does
		if err := k.run(ctx); err != c.emit || k.done.Packets != c.want {
			t.Errorf("%d asked for: %d packets, %v", c.count, k.done.Packets, err)
		}
	}
}
