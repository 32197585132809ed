package router

import (
	"context"
	"time"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
)

// cut has packets take their backups instead of what is behind interfaces that have lost
// their carrier, before anything that takes longer the more routes there are.
func (l *loop) cut() {
	lost := map[uint32]bool{}
	for _, p := range l.links.Ports() {
		if l.carriers.Lost(p.Name) {
			lost[p.Port] = true
		}
	}
	for _, p := range l.ports.All() {
		if l.carriers.Lost(p.Name) {
			lost[p.Port] = true
		}
	}
	l.fib.Cut(lost, l.liveness.hops(l.links))
	l.lsps.Cut()
	l.divertNow()
}

// divertNow brings new diversions into the switch.
func (l *loop) divertNow() {
	if flows := l.fib.Urgent(); len(flows) > 0 && l.divert != nil {
		l.divert(flows)
	}
}

// patience is how long the loop waits for diversions. They are one flow for each next
// hop; a switch that takes longer is being restarted, or compared, with all flows.
const patience = time.Second

// commitNow waits no longer than that, whatever the switch does: it changes nothing after
// the end of a context.
func (l *loop) commitNow(ctx context.Context, sw fib.Switch, flows []pipeline.Flow) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	done := make(chan error, 1)
	l.background.Go(func() { done <- sw.Commit(ctx, flows, nil) })
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = ctx.Err()
	}
	if err != nil {
		l.log.Warn("cannot divert packets to their backups at once", "error", err)
	}
}
