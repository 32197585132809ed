package labs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// Down removes a lab: its processes, namespaces, wires, containers and files. It
// needs only the marks, and succeeds only if a second look finds nothing left. If
// lab is empty, it removes the only running lab.
func Down(ctx context.Context, lab string, p Progress) (string, error) {
	if err := inventory.NeedRoot(); err != nil {
		return "", err
	}
	lab, err := pickLeft(ctx, lab)
	if err != nil {
		return "", err
	}
	held, err := store.Acquire(ctx, lab)
	if err != nil {
		return "", err
	}
	defer held.Release()
	p.Step("removing lab " + lab)
	if err := adoptEarlier(lab); err != nil {
		return "", fmt.Errorf("remove lab %s: %w", lab, err)
	}
	return lab, takeDown(ctx, lab)
}

// takeDown removes a lab unless it has unseen hosts.
func takeDown(ctx context.Context, lab string) error {
	found, err := inventory.Of(ctx, lab, nil)
	if err == nil {
		err = found.Unseen.Err()
	}
	if err == nil {
		err = settleContainers(ctx, lab)
	}
	if err != nil {
		return fmt.Errorf("remove lab %s: %w", lab, err)
	}
	if err := store.RestoreKept(lab); err != nil { // it goes with the rest
		return fmt.Errorf("remove lab %s: %w", lab, err)
	}
	return teardown(ctx, lab)
}

// finishRemoval completes an interrupted removal. What its hosts keep goes with a down, and
// stays if an up was undone.
func finishRemoval(ctx context.Context, lab string) error {
	if store.IsKeptAside(lab) {
		return undone(ctx, lab)
	}
	return takeDown(ctx, lab)
}

// undone removes a lab except for what its hosts keep, which is aside. If something is left,
// it stays there: beside the mark of a removal it would go with the rest.
func undone(ctx context.Context, lab string) error {
	if err := teardown(ctx, lab); err != nil {
		return err
	}
	return store.RestoreKept(lab)
}

// pickLeft is like inventory.Pick, but also finds the remains of a lab: its state
// directory after a reboot, processes in namespaces without names, files of a
// killed command. If only a lock file remains, it is removed.
func pickLeft(ctx context.Context, lab string) (string, error) {
	picked, err := inventory.Pick(ctx, lab)
	if err == nil && !store.IsName(picked) {
		err = status.NotFound(fmt.Sprintf("%q is not the name of a lab", picked))
	}
	if !errors.Is(err, status.ErrNotFound) || lab != "" && !store.IsName(lab) {
		return picked, err
	}
	if lab == "" {
		return onlyOneLeft(err)
	}
	if store.Present(lab) || store.Begun(lab) {
		return lab, nil
	}
	left, leftErr := inventory.FindTraces(lab)
	if leftErr != nil || !left.Empty() {
		return lab, leftErr
	}
	store.DropLeftLock(lab)
	return "", err
}

// onlyOneLeft returns the only lab that has remains without a name.
func onlyOneLeft(none error) (string, error) {
	labs, err := inventory.LabsWithoutNames()
	switch {
	case err != nil:
		return "", err
	case len(labs) == 1:
		return labs[0], nil
	case len(labs) > 1:
		return "", status.SeveralLabs(labs)
	}
	for _, lab := range store.LeftLocks() {
		store.DropLeftLock(lab)
	}
	return "", none
}

// teardown removes everything of a lab, in rounds until nothing is left: keepers
// and agents start each other, and root in a host may start anything.
func teardown(ctx context.Context, lab string) error {
	const (
		rounds   = 5
		pause    = 50 * time.Millisecond
		patience = 30 * time.Second
	)
	// The mark stops others from starting anything. If it cannot be written, as on a
	// full disk, the rounds suffice.
	_ = store.MarkGoingDown(lab)
	begin := time.Now()
	for round := 1; ; round++ {
		left, err := findRemains(ctx, lab)
		if err == nil && left.none() {
			break
		}
		if err == nil {
			err = left.remove(ctx)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("lab %s is partly removed; `pseudowan down %s` removes the rest: %w", lab, lab, errors.Join(ctx.Err(), err))
		}
		if round == rounds || time.Since(begin) > patience {
			return stillThere(ctx, lab, err)
		}
		if err != nil {
			time.Sleep(pause)
		}
	}
	if err := errors.Join(removeKept(ctx, lab), store.RemoveDirs(lab)); err != nil {
		return fmt.Errorf("remove lab %s: %w", lab, err)
	}
	return nil
}

// removeKept removes what hosts in containers have kept, also of those that somebody
// else has removed. A daemon that does not answer has no say: its containers are gone.
func removeKept(ctx context.Context, lab string) error {
	r := inventory.FindRuntimes(ctx, nil)
	var errs []error
	for _, name := range r.Select(inventory.Opened.Usable) {
		if c := r.Containers(name); c != nil {
			errs = append(errs, c.RemoveKept(ctx, lab, ""))
		}
	}
	return errors.Join(errs...)
}

// stillThere returns the error of a teardown that gives up; nil if nothing is left
// after all.
func stillThere(ctx context.Context, lab string, cause error) error {
	left, err := findRemains(ctx, lab)
	if err == nil && left.none() {
		if err = store.RemoveDirs(lab); err == nil {
			return nil
		}
	}
	if what := left.describe(); what != "" {
		err = errors.Join(err, fmt.Errorf("not removed: %s", what))
	}
	return fmt.Errorf("remove lab %s: %w", lab, errors.Join(cause, err))
}
