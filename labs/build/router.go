package build

import (
	"context"
	"time"

	"pseudowan/router"
	"pseudowan/router/config"
)

// startPoll is the first interval between attempts to reach an agent that is starting.
// It grows up to startPollMax: while a hundred start, asking must not slow them down.
const (
	startPoll    = 5 * time.Millisecond
	startPollMax = 80 * time.Millisecond
)

// HandOver sends an agent its configuration as soon as the agent answers.
func HandOver(ctx context.Context, c *router.Client, cfg config.Router) error {
	for poll := startPoll; ; poll = min(2*poll, startPollMax) {
		err := c.Configure(ctx, cfg)
		if !router.NotStarted(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(poll):
		}
	}
}
