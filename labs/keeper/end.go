package keeper

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

func sayName(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }

// EndDeaf ends a keeper that does not react, because it hangs or was started by an
// earlier version of the program.
func EndDeaf(p inventory.Processes, lab string) error {
	pid := p.Keeper(lab)
	if pid == 0 || serves(pid) {
		return nil
	}
	p.ForgetKeeper(lab)
	if err := kill(pid); err != nil {
		return fmt.Errorf("end the keeper: %w", err)
	}
	return nil
}

// killPatience is how long a killed process may take to disappear.
const killPatience = 2 * time.Second

// kill kills one of the lab's own processes and waits until it is gone.
func kill(pid int) error {
	for deadline := time.Now().Add(killPatience); ; {
		err := syscall.Kill(pid, syscall.SIGKILL)
		switch {
		case errors.Is(err, syscall.ESRCH) || inventory.Zombie(pid):
			return nil
		case err != nil:
			return fmt.Errorf("end process %d: %w", pid, err)
		case time.Now().After(deadline):
			return fmt.Errorf("process %d does not end although it was killed", pid)
		}
		time.Sleep(time.Millisecond)
	}
}

// EndStaleAgent ends an agent that can no longer be reached, because its namespace
// was deleted and made again, its socket is gone, or it was stopped. The keeper
// restarts it.
func EndStaleAgent(running inventory.Processes, lab string, r plan.Router) (ended bool, err error) {
	pid := running.Agent(lab, r.Name)
	if pid == 0 {
		return false, nil
	}
	_, missing := os.Lstat(store.AgentSocket(lab, r.Name))
	if missing == nil && inventory.InNamespace(pid, hosts.Namespace{Name: r.Namespace}) && !inventory.Stopped(pid) {
		return false, nil
	}
	if err := kill(pid); err != nil {
		return false, fmt.Errorf("router %s: %w", r.Name, err)
	}
	if err := os.Remove(store.AgentSocket(lab, r.Name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("router %s: %w", r.Name, err)
	}
	return true, nil
}

// AwaitEnding waits until a keeper that is ending has ended.
func AwaitEnding(ctx context.Context, lab string) error {
	return hosts.EndProcessesAnd(ctx, nil, func(pid int) bool {
		return inventory.ProcessIs(pid, inventory.KeeperArgs(lab)) && calls(pid, endingName)
	}, EndGrace)
}

// serves waits for a keeper that may have just started, and reports whether it
// handles signals. Before it does, a signal would end it.
func serves(pid int) bool {
	const patience, poll = 2 * time.Second, 5 * time.Millisecond
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && !inventory.Zombie(pid); time.Sleep(poll) {
		if calls(pid, servingName) {
			return true
		}
		if calls(pid, endingName) {
			return false
		}
	}
	return false
}

// The names of a keeper's process once it handles signals, and while it is ending.
const (
	servingName = "pw-keeper"
	endingName  = "pw-ending"
)

func calls(pid int, name string) bool {
	says, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	return err == nil && strings.TrimSpace(string(says)) == name
}

// How long a lab's processes may take to end before they are killed.
const (
	EndGrace = 400 * time.Millisecond

	// FarewellGrace is that of agents that send a Cease (RFC 4486) to peers beyond the lab:
	// on a busy machine too, a killed one's peers would wait for their hold time.
	FarewellGrace = 5 * time.Second
)
