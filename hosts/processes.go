package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// killWait is how long the kernel may take to clean up a killed process.
const killWait = 10 * time.Second

// Processes lists the processes whose main thread is inside the namespace,
// except this one.
func (n Namespace) Processes() ([]int, error) { return processesIn([]Namespace{n}) }

// EndProcesses ends every process inside the namespaces: with SIGTERM, then
// with SIGKILL those left after grace. Processes that appear meanwhile are
// ended, too. The error names those that do not end. A namespace that no longer
// carries its mark is left alone.
func EndProcesses(ctx context.Context, namespaces []Namespace, grace time.Duration) error {
	if namespaces = stillMarked(namespaces); len(namespaces) == 0 {
		return nil
	}
	return endSelected(ctx, selection{namespaceIDs(namespaces), func(int) bool { return false }}, grace)
}

// EndProcessesAnd is like EndProcesses, and also ends the processes in any
// namespace for which match returns true.
func EndProcessesAnd(ctx context.Context, namespaces []Namespace, match func(pid int) bool, grace time.Duration) error {
	return endSelected(ctx, selection{namespaceIDs(stillMarked(namespaces)), match}, grace)
}

// stillMarked returns the namespaces that carry their mark.
func stillMarked(namespaces []Namespace) []Namespace {
	if len(namespaces) == 0 {
		return nil
	}
	files, err := openMarkFiles()
	if err != nil {
		return nil
	}
	defer files.close()
	return slices.DeleteFunc(slices.Clone(namespaces), func(n Namespace) bool {
		m, err := files.of(n.Name)
		return err != nil || m != n.Mark
	})
}

// endSelected ends processes: at once with SIGKILL if there is no grace.
func endSelected(ctx context.Context, doomed selection, grace time.Duration) error {
	if grace > 0 {
		if err := doomed.signalAndWait(ctx, unix.SIGTERM, grace); err != nil {
			return err
		}
	}
	if err := doomed.signalAndWait(ctx, unix.SIGKILL, killWait); err != nil {
		return err
	}
	left, err := doomed.list()
	if err != nil {
		return err
	}
	if len(left) > 0 {
		return fmt.Errorf("processes do not end: %s", describeProcesses(left))
	}
	return nil
}

// describeProcesses names processes for a message.
func describeProcesses(pids []int) string {
	var words []string
	for _, pid := range pids {
		word := strconv.Itoa(pid)
		if name, err := os.ReadFile("/proc/" + word + "/comm"); err == nil {
			word += " (" + strings.TrimSpace(string(name)) + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, ", ")
}

// selection selects the processes inside network namespaces, and those for
// which match returns true.
type selection struct {
	ids   map[nsID]bool
	match func(pid int) bool
}

func (c selection) has(pid int) bool { return c.ids[namespaceOf(pid)] || c.match(pid) }

// signalAndWait signals the selected processes until none is left or the limit
// has passed.
func (c selection) signalAndWait(ctx context.Context, sig unix.Signal, limit time.Duration) error {
	deadline := time.Now().Add(limit)
	told := map[int]bool{}
	for {
		procs, err := c.open()
		if err != nil || len(procs) == 0 {
			return err
		}
		for _, p := range procs {
			if !told[p.pid] {
				told[p.pid] = true
				// ESRCH: it has ended already.
				_ = unix.PidfdSendSignal(p.fd, sig, nil, 0)
			}
		}
		err = waitEnded(ctx, procs, deadline)
		closeProcesses(procs)
		if err != nil || !time.Now().Before(deadline) {
			return err
		}
	}
}

// waitEnded returns when all have ended, the deadline has passed, or ctx ends.
func waitEnded(ctx context.Context, procs []process, deadline time.Time) error {
	for _, p := range procs {
		if err := WaitEnded(ctx, p.fd, deadline); err != nil {
			return fmt.Errorf("process %d: %w", p.pid, err)
		}
	}
	return nil
}

// WaitEnded returns when the process of a pidfd has ended, the deadline has
// passed, or ctx ends; only the last is an error.
func WaitEnded(ctx context.Context, pidfd int, deadline time.Time) error {
	const slice = 50 * time.Millisecond // after which ctx is checked again
	poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("wait for its end: %w", err)
		}
		rest := min(time.Until(deadline), slice)
		if rest <= 0 {
			return nil
		}
		n, err := unix.Poll(poll, int(rest.Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("wait for its end: %w", err)
		}
		if n > 0 {
			return nil
		}
	}
}

type process struct{ pid, fd int }

// open opens a pidfd for each process, and then checks the process again: a
// reused PID is not mistaken for it.
func (c selection) open() ([]process, error) {
	pids, err := c.list()
	if err != nil {
		return nil, err
	}
	var procs []process
	for _, pid := range pids {
		fd, err := unix.PidfdOpen(pid, 0)
		if errors.Is(err, unix.ESRCH) {
			continue
		}
		if err != nil {
			closeProcesses(procs)
			return nil, fmt.Errorf("process %d: %w", pid, err)
		}
		if !c.has(pid) {
			unix.Close(fd)
			continue
		}
		procs = append(procs, process{pid, fd})
	}
	return procs, nil
}

func closeProcesses(procs []process) {
	for _, p := range procs {
		unix.Close(p.fd)
	}
}

// nsID identifies a namespace: the device and inode of its file.
type nsID struct{ dev, ino uint64 }

// namespaceID returns the zero nsID if there is nothing at path.
func namespaceID(path string) nsID {
	var st unix.Stat_t
	if unix.Stat(path, &st) != nil {
		return nsID{}
	}
	return nsID{uint64(st.Dev), st.Ino}
}

func namespaceIDs(namespaces []Namespace) map[nsID]bool {
	ids := make(map[nsID]bool, len(namespaces))
	for _, n := range namespaces {
		if isNamespaceFile(n.Path()) {
			ids[namespaceID(n.Path())] = true
		}
	}
	delete(ids, nsID{})
	return ids
}

// namespaceOf returns the zero nsID for a process that has ended.
func namespaceOf(pid int) nsID {
	return namespaceID("/proc/" + strconv.Itoa(pid) + "/ns/net")
}

func processesIn(namespaces []Namespace) ([]int, error) {
	return selection{namespaceIDs(namespaces), func(int) bool { return false }}.list()
}

func (c selection) list() ([]int, error) {
	all, err := allProcesses()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(pid int) bool { return !c.has(pid) }), nil
}

// ProcessesWhere lists the processes for which match returns true, except this
// one.
func ProcessesWhere(match func(pid int) bool) ([]int, error) {
	return selection{nil, match}.list()
}

// allProcesses lists every process except this one.
func allProcesses() ([]int, error) {
	proc, err := os.Open("/proc")
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	defer proc.Close()
	names, err := proc.Readdirnames(-1)
	if err != nil {
		return nil, fmt.Errorf("list processes: %w", err)
	}
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
