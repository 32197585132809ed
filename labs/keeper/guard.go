package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/logfile"
)

// The keeper holds a lock as long as it runs, and every agent waits for that lock.
// The agent that gets it when the keeper dies starts the next keeper and passes
// the lock on, so that there is never more than one.

// keeperLockEnv passes a keeper the file descriptor of its lock.
const keeperLockEnv = "PSEUDOWAN_KEEPER_LOCK"

// openKeeperLock opens the lock's file, or creates it if the lab's directory exists.
func openKeeperLock(lab string) (*os.File, error) {
	return os.OpenFile(store.KeeperLock(lab), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
}

// tryKeeperLock takes the lock; the error wraps store.ErrBusy if a keeper runs.
func tryKeeperLock(lab string) (*os.File, error) {
	f, err := openKeeperLock(lab)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			err = store.ErrBusy
		}
		return nil, fmt.Errorf("lock of the keeper of lab %s: %w", lab, err)
	}
	return f, nil
}

// handedLock returns the lock that was passed to the keeper, or takes it.
func handedLock(lab string) (*os.File, error) {
	fd, err := strconv.Atoi(os.Getenv(keeperLockEnv))
	if err != nil {
		return tryKeeperLock(lab)
	}
	if err := os.Unsetenv(keeperLockEnv); err != nil { // agents must not inherit it
		return nil, err
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), store.KeeperLock(lab)), nil
}

// startKeeper starts the lab's keeper and passes it the lock.
func startKeeper(lab string, lock *os.File) error {
	log, err := logfile.Open(store.KeeperLog(lab))
	if err != nil {
		return err
	}
	defer log.Close()
	cmd := exec.Command(inventory.SelfPath, inventory.KeeperArgs(lab)...)
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = log, log, []*os.File{lock}
	cmd.Env = append(os.Environ(), keeperLockEnv+"=3") // the first of ExtraFiles
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Dir = "/"
	if err := (hosts.Namespace{Name: plan.LabNamespace(lab)}).Start(cmd); err != nil {
		return fmt.Errorf("start the keeper: %w", err)
	}
	go cmd.Wait() // no zombie if this process outlives it
	return nil
}

// Ensure starts the lab's keeper if none works, and reports whether it did. pid is
// the running keeper's, or 0. A keeper polls its list of routers; one of an earlier
// version reads it on SIGHUP.
func Ensure(lab string, pid int) (started bool, err error) {
	if pid != 0 && inventory.Stopped(pid) {
		if err := kill(pid); err != nil {
			return false, fmt.Errorf("the keeper of lab %s: %w", lab, err)
		}
	}
	if pid != 0 && !inventory.Zombie(pid) {
		if keeperPID(lab) != pid {
			_ = syscall.Kill(pid, syscall.SIGHUP) // fails only if it has ended
		}
		return false, nil
	}
	// A killed process holds its lock until its last thread has ended.
	for deadline := time.Now().Add(killPatience); ; time.Sleep(5 * time.Millisecond) {
		lock, err := tryKeeperLock(lab)
		switch {
		case err == nil:
			defer lock.Close()
			return true, startKeeper(lab, lock)
		case !errors.Is(err, store.ErrBusy):
			return false, err
		}
		if now := inventory.FindProcesses().Keeper(lab); now != 0 && now != pid && !inventory.Zombie(now) {
			return false, nil // an agent has just started it
		}
		if time.Now().After(deadline) {
			return false, err
		}
	}
}

const (
	// guardEvery is the interval between checks of a process that nobody else watches.
	guardEvery = time.Second

	// lookEvery is that between checks of a child, which the kernel reports when it ends or
	// is stopped, and the longest between two checks of the keeper by one of many agents.
	lookEvery = 30 * time.Second

	// silenceLimit is how long a process may give no sign of life before it counts
	// as hanging. It leaves room for slow machines.
	silenceLimit = time.Minute

	// blindLimit is how late a check may come without resetting the count: on a
	// suspended machine everything stops, the watcher included.
	blindLimit = 5 * time.Second
)

// guardKeeper restarts the lab's keeper when it ends, and kills it when it hangs,
// until ctx ends or the lab is removed.
func guardKeeper(ctx context.Context, lab string, log *slog.Logger) {
	go watchKeeper(ctx, lab, log)
	for ctx.Err() == nil {
		if err := succeedKeeper(ctx, lab, log); err != nil {
			log.Debug("guard the keeper", "error", err)
		}
		select { // by then the next keeper has the lock
		case <-ctx.Done():
		case <-time.After(guardEvery):
		}
	}
}

// watchKeeper kills the lab's keeper when it hangs, until ctx ends. The agents of a lab
// share this: the more there are, the more seldom each of them looks.
func watchKeeper(ctx context.Context, lab string, log *slog.Logger) {
	var w watched
	turn := time.NewTimer(guardEvery)
	defer turn.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		}
		// The keeper cannot find the namespace that it is in itself.
		recoverMissing(lab, []string{plan.LabNamespace(lab)}, log)
		if pid := keeperPID(lab); pid != 0 && w.hangs(pid, store.KeeperLock(lab), time.Now()) {
			log.Error("killing the keeper, which hangs", "pid", pid)
			_ = syscall.Kill(pid, syscall.SIGKILL) // fails only if it has ended
		}
		state, _ := store.ReadKeeperState(lab) // the lab may be going
		turn.Reset(w.pause(shareOfGuard(len(state.Routers))))
	}
}

// shareOfGuard returns how long one of so many agents may wait between two checks, so that
// one of them looks about every guardEvery. The waits differ, so that not all look at once.
func shareOfGuard(agents int) time.Duration {
	if agents < 2 {
		return guardEvery
	}
	share := min(time.Duration(agents)*guardEvery, lookEvery)
	return share/2 + rand.N(share)
}

// succeedKeeper waits until the keeper has ended and starts the next one.
func succeedKeeper(ctx context.Context, lab string, log *slog.Logger) error {
	lock, err := openKeeperLock(lab)
	if err != nil {
		return err
	}
	defer lock.Close()
	for {
		err := unix.Flock(int(lock.Fd()), unix.LOCK_EX)
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
	held, err1 := lock.Stat()
	there, err2 := os.Lstat(store.KeeperLock(lab))
	switch {
	case err1 != nil || err2 != nil || !os.SameFile(held, there):
		return errors.Join(err1, err2) // another file has its name: look again
	case ctx.Err() != nil || store.GoingDown(lab):
		return nil
	case keeperPID(lab) != 0 && !inventory.Zombie(keeperPID(lab)), inventory.FindProcesses().Keeper(lab) != 0:
		return nil // that keeper has lost its lock file
	}
	log.Error("restarting the keeper, which has ended")
	store.NoteMended(lab, "restarted the keeper, which had ended")
	return startKeeper(lab, lock)
}

// keeperPID returns the PID in the keeper's lock file; 0 if it is not a keeper's.
func keeperPID(lab string) int {
	data, err := os.ReadFile(store.KeeperLock(lab))
	if err != nil {
		return 0
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil || !inventory.ProcessIs(pid, inventory.KeeperArgs(lab)) {
		return 0
	}
	return pid
}

// watched is what is known about a process.
type watched struct {
	pid     int
	stopped time.Time // when it was first seen stopped; zero if it runs
	beat    time.Time // modification time of its file
	since   time.Time // when beat was first seen
	due     time.Time // of this check
}

// hangs reports whether a process has been stopped for guardEvery, or has not touched its
// file for silenceLimit. A missing file proves nothing.
func (w *watched) hangs(pid int, file string, now time.Time) bool {
	if w.pid != pid {
		*w = watched{pid: pid}
	}
	blind := now.Sub(w.due) > blindLimit
	w.due = now
	switch {
	case !inventory.Stopped(pid):
		w.stopped = time.Time{}
	case w.stopped.IsZero():
		w.stopped = now
	case now.Sub(w.stopped) >= guardEvery:
		return true
	}
	info, err := os.Stat(file)
	if err != nil || blind || !info.ModTime().Equal(w.beat) {
		w.beat, w.since = time.Time{}, now
		if err == nil {
			w.beat = info.ModTime()
		}
		return false
	}
	return now.Sub(w.since) > silenceLimit
}

// pause returns how long the next check may wait: usual, or less if the process is stopped.
func (w *watched) pause(usual time.Duration) time.Duration {
	if !w.stopped.IsZero() {
		usual = min(usual, guardEvery)
	}
	w.due = w.due.Add(usual)
	return usual
}
