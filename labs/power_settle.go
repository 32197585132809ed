package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"pseudowan/labs/store"
	"pseudowan/status"
)

// do acts on the node. Until it has ended, what it does is recorded, for whoever finds the
// lab half-way.
func (p *power) do(ctx context.Context, action PowerAction) (err error) {
	p.state.Begun = &store.PowerBegun{Node: p.name, Action: string(action)}
	if err := p.save(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, p.ended()) }()
	switch action {
	case PowerPause:
		return p.pause(ctx)
	case PowerStart:
		return p.start(ctx)
	}
	if err := p.stop(ctx); err != nil || action == PowerStop {
		return err
	}
	return p.start(ctx)
}

// save records the state.
func (p *power) save() error {
	if err := p.write(p.state); err != nil {
		return err
	}
	p.saved = p.state
	p.saved.Routers, p.saved.Halted = slices.Clone(p.state.Routers), slices.Clone(p.state.Halted)
	return nil
}

// ended records that nothing is being done to the node any more: it is what was recorded
// last.
func (p *power) ended() error {
	p.state = p.saved
	p.state.Begun = nil
	return p.save()
}

// settlePower completes what was done to a node of a lab by a process that was killed, and
// tells what that was; "" if nothing was.
func settlePower(ctx context.Context, lab string) (string, error) {
	state, err := store.ReadKeeperState(lab)
	if err != nil || state.Begun == nil {
		return "", nil // whoever needs the state says that it is gone
	}
	p, err := newPower(ctx, lab, state.Begun.Node)
	what := state.Begun.Action + " " + state.Begun.Node
	if err == nil {
		err = p.do(ctx, PowerAction(state.Begun.Action))
	} else {
		state.Begun = nil // it is told once
		werr := store.WriteKeeperState(state)
		if werr != nil || errors.Is(err, status.ErrNotFound) { // the node has gone meanwhile
			return "", werr
		}
	}
	if err != nil {
		return "", fmt.Errorf("lab %s: %s was interrupted, and cannot be completed: %w", lab, what, err)
	}
	what = "an interrupted command was completed: " + what
	store.NoteCommand(lab, "", what)
	return what, nil
}
