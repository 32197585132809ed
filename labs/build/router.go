package build

import (
	"context"
	"time"

	"pseudowan/router"
	"pseudowan/router/config"
)

// startPoll is the interval between attempts to reach an agent that is starting.
const startPoll = 5 * time.Millisecond

// HandOver sends an agent its configuration as soon as the agent answers.
func HandOver(ctx context.Context, c *router.Client, cfg config.Router) error {
	for {
		err := c.Configure(ctx, cfg)
		if !router.NotStarted(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(startPoll):
		}
	}
}
