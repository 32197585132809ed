package keeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
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

// The keeper holds a lock for as long as it lives, and every agent waits for
// it. Whoever gets it because the keeper has died starts the next one and hands
// the lock on, so that there is one keeper, and never two.

// keeperLockEnv tells a keeper the file descriptor of the lock that it was
// handed.
const keeperLockEnv = "PSEUDOWAN_KEEPER_LOCK"

// openKeeperLock opens the file, and makes it where the lab has its directory.
func openKeeperLock(lab string) (*os.File, error) {
	return os.OpenFile(store.KeeperLock(lab), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
}

// tryKeeperLock takes the lock; the error wraps store.ErrBusy where a keeper lives.
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

// handedLock is the lock that a keeper was started with, or takes by itself.
func handedLock(lab string) (*os.File, error) {
	fd, err := strconv.Atoi(os.Getenv(keeperLockEnv))
	if err != nil {
		return tryKeeperLock(lab)
	}
	if err := os.Unsetenv(keeperLockEnv); err != nil { // it is not for the agents
		return nil, err
	}
	unix.CloseOnExec(fd)
	return os.NewFile(uintptr(fd), store.KeeperLock(lab)), nil
}

// startKeeper starts the lab's keeper, which takes the lock over.
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
	go cmd.Wait() // buries it, should this process outlive it
	return nil
}

// Ensure sees to it that the lab has a keeper that works, and reports
// whether it has started one; pid is that of the one that was seen, or 0. The
// keeper looks at its list of routers by itself, one of an earlier version when
// it is told.
func Ensure(lab string, pid int) (started bool, err error) {
	if pid != 0 && inventory.Stopped(pid) {
		if err := kill(pid); err != nil {
			return false, fmt.Errorf("the keeper of lab %s: %w", lab, err)
		}
	}
	if pid != 0 && !inventory.Zombie(pid) {
		if keeperPID(lab) != pid {
			_ = syscall.Kill(pid, syscall.SIGHUP) // refused only where it has ended
		}
		return false, nil
	}
	// A process that is killed holds its lock until its last thread has ended.
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
			return false, nil // an agent has just started one
		}
		if time.Now().After(deadline) {
			return false, err
		}
	}
}

const (
	guardEvery = 250 * time.Millisecond // between two looks at the keeper

	// silenceLimit is how long a process may give no sign of life before it
	// counts as hanging. Machines are slow at times.
	silenceLimit = time.Minute

	// blindLimit is how long after its last look a watcher's next one still
	// continues it. A machine that was suspended stopped everybody, the watcher
	// included.
	blindLimit = 5 * time.Second
)

// guardKeeper starts the lab's keeper again whenever it has ended, and ends one
// that hangs, until ctx ends or the lab is removed.
func guardKeeper(ctx context.Context, lab string, log *slog.Logger) {
	go func() {
		tick := time.NewTicker(guardEvery)
		defer tick.Stop()
		var w watched
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			// The keeper cannot find a namespace that it is in itself.
			recoverMissing(lab, []string{plan.LabNamespace(lab)}, log)
			if pid := keeperPID(lab); pid != 0 && w.hangs(pid, store.KeeperLock(lab), time.Now()) {
				log.Error("the keeper hangs and is ended", "pid", pid)
				_ = syscall.Kill(pid, syscall.SIGKILL) // refused only where it has ended
			}
		}
	}()
	for ctx.Err() == nil {
		if err := succeedKeeper(ctx, lab, log); err != nil {
			log.Debug("guard the keeper", "error", err)
		}
		select { // the lock is busy again as soon as the next keeper has it
		case <-ctx.Done():
		case <-time.After(guardEvery):
		}
	}
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
		return nil // one that has lost its lock file
	}
	log.Error("the keeper has ended and is started again")
	store.NoteMended(lab, "restarted the keeper, which had ended")
	return startKeeper(lab, lock)
}

// keeperPID is the pid that the keeper has written into its lock; 0 where that
// is no keeper.
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

// watched is what was seen of a process.
type watched struct {
	pid       int
	wasHalted bool
	beat      time.Time // of its file
	since     time.Time // when that was first seen
	looked    time.Time // last
}

// hangs reports whether a process was stopped when seen last, too, or has not
// touched its file for long. Without the file, nothing is known.
func (w *watched) hangs(pid int, file string, now time.Time) bool {
	if w.pid != pid {
		*w = watched{pid: pid}
	}
	was := w.wasHalted
	w.wasHalted = inventory.Stopped(pid)
	if was && w.wasHalted {
		return true
	}
	blind := now.Sub(w.looked) > blindLimit
	w.looked = now
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
