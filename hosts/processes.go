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

// killWait is how long the kernel may take to clear a killed process away.
const killWait = 10 * time.Second

// Processes lists the processes inside the namespace, by their main thread,
// without our own.
func (n Namespace) Processes() ([]int, error) { return processesIn([]Namespace{n}) }

// EndProcesses ends every process inside the namespaces: SIGTERM, and SIGKILL
// to those that are there after grace. Processes that appear meanwhile are
// ended too. The error names the processes that would not go.
// A namespace that does not carry its mark any more is left alone.
func EndProcesses(ctx context.Context, namespaces []Namespace, grace time.Duration) error {
	return EndProcessesAnd(ctx, namespaces, func(int) bool { return false }, grace)
}

// EndProcessesAnd is EndProcesses for the processes that also picks, too, in
// whatever namespace they are.
func EndProcessesAnd(ctx context.Context, namespaces []Namespace, also func(pid int) bool, grace time.Duration) error {
	namespaces = slices.DeleteFunc(slices.Clone(namespaces), func(n Namespace) bool {
		m, err := readMarkOf(n.Name)
		return err != nil || m != n.Mark
	})
	doomed := condemned{namespaceIDs(namespaces), also}
	if err := doomed.signalAndWait(ctx, unix.SIGTERM, grace); err != nil {
		return err
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

// condemned are the processes to end: those inside network namespaces, and
// those that also picks.
type condemned struct {
	ids  map[nsID]bool
	also func(pid int) bool
}

func (c condemned) has(pid int) bool { return c.ids[namespaceOf(pid)] || c.also(pid) }

// signalAndWait signals what it finds until nothing is left or the time is over.
func (c condemned) signalAndWait(ctx context.Context, sig unix.Signal, limit time.Duration) error {
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
				// ESRCH: it ended by itself.
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
// passed, or ctx ends: only the last is an error.
func WaitEnded(ctx context.Context, pidfd int, deadline time.Time) error {
	const slice = 50 * time.Millisecond // how late an ended ctx may be noticed
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

// open holds each process by a pidfd, taken before a second look at it: a number
// that was reused meanwhile is not mistaken for it.
func (c condemned) open() ([]process, error) {
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

// namespaceID is the zero nsID where there is nothing at path.
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

// namespaceOf is the zero nsID for a process that has ended.
func namespaceOf(pid int) nsID {
	return namespaceID("/proc/" + strconv.Itoa(pid) + "/ns/net")
}

func processesIn(namespaces []Namespace) ([]int, error) {
	return condemned{namespaceIDs(namespaces), func(int) bool { return false }}.list()
}

func (c condemned) list() ([]int, error) {
	all, err := allProcesses()
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(all, func(pid int) bool { return !c.has(pid) }), nil
}

// ProcessesWhere lists the processes that are meant, without our own.
func ProcessesWhere(meant func(pid int) bool) ([]int, error) { return condemned{nil, meant}.list() }

// allProcesses lists every process but our own.
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
