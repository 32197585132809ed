package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// Down removes a lab: its processes, namespaces, wires, containers and files.
// It works from the marks alone, and returns no error only when it has looked
// again and nothing is left. With lab empty the only running lab is meant.
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

// takeDown removes a lab unless hosts of it cannot be seen.
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
	return teardown(ctx, lab)
}

// pickLeft is pick for what is left of a lab, too: its state directory alone
// after a reboot, processes whose namespaces somebody has deleted, files of a
// command that was killed. Where that is no more than a lock file, it goes.
func pickLeft(ctx context.Context, lab string) (string, error) {
	picked, err := inventory.Pick(ctx, lab)
	if !errors.Is(err, status.ErrNotFound) {
		return picked, err
	}
	if lab == "" {
		return onlyOneLeft(err)
	}
	if strings.ContainsAny(lab, "/") || lab[0] == '.' {
		return "", err
	}
	for _, dir := range []string{store.RunDir(lab), store.StateDir(lab)} {
		if info, statErr := os.Lstat(dir); statErr == nil && info.IsDir() {
			return lab, nil
		}
	}
	left, leftErr := inventory.FindTraces(lab)
	if leftErr != nil || !left.Empty() {
		return lab, leftErr
	}
	store.DropLeftLock(lab)
	return "", err
}

// onlyOneLeft picks the lab of which something but no name is left.
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

// teardown ends and removes everything of a lab, and looks again until nothing
// is left. Keepers and agents start each other, and root in a host may start
// anything: what was made meanwhile goes in the next round.
func teardown(ctx context.Context, lab string) error {
	const (
		rounds   = 5
		pause    = 50 * time.Millisecond
		patience = 30 * time.Second
	)
	// The file is for what else might start something. Where it cannot be written,
	// as on a full disk, the rounds are enough.
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
			return fmt.Errorf("lab %s is removed in part; `pseudowan down %s` goes on: %w", lab, lab, errors.Join(ctx.Err(), err))
		}
		if round == rounds || time.Since(begin) > patience {
			return stillThere(ctx, lab, err)
		}
		if err != nil {
			time.Sleep(pause)
		}
	}
	if err := store.RemoveDirs(lab); err != nil {
		return fmt.Errorf("remove lab %s: %w", lab, err)
	}
	return nil
}

// stillThere is the error of a teardown that has given up; nil where the last
// round was enough after all.
func stillThere(ctx context.Context, lab string, cause error) error {
	left, err := findRemains(ctx, lab)
	if err == nil && left.none() {
		if err = store.RemoveDirs(lab); err == nil {
			return nil
		}
	}
	if what := left.describe(); what != "" {
		err = errors.Join(err, fmt.Errorf("left is %s", what))
	}
	return fmt.Errorf("remove lab %s: %w", lab, errors.Join(cause, err))
}
