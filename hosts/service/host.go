package service

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/logfile"
)

// Host is a host with services.
type Host struct {
	hosts.Runtime
	Box   hosts.Sandbox
	Dir   string   // of its services: see Dir
	Enter []string // argv prefix that runs this program such that it calls Supervise with Word and the remaining arguments

	// Local: the commands of the runtime are its children, in the host's namespace,
	// where the supervisors are then as well. Otherwise they are in Outside.
	Local   bool
	Outside string // path of a network namespace

	Started func(name string) // hears of services that are started; may be nil
}

// EndedError is a service that has ended before it was ready, or is not ready in time.
type EndedError struct {
	Node, Name string
	What       string
	Last       []byte // lines of its output
	late       bool   // it has not ended
}

func (e *EndedError) Error() string { return "host " + e.Node + ": service " + e.Name + " " + e.What }

// Run brings the host's services to the wanted ones: it ends those that are not
// wanted or have changed, starts in order what does not run, and returns when all are
// ready. It keeps those that run as wanted. The error joins an EndedError for each
// service that has ended, or at the end of ctx is not ready.
func (h Host) Run(ctx context.Context, wanted []Service, wait bool) error {
	if err := h.endOthers(ctx, wanted); err != nil {
		return err
	}
	ready := map[string]chan struct{}{}
	for _, s := range wanted {
		ready[s.Name] = make(chan struct{})
	}
	last := func(s Service) bool { // nobody waits for it
		return !slices.ContainsFunc(wanted, func(o Service) bool { return slices.Contains(o.After, s.Name) })
	}
	some, cancel := context.WithCancel(ctx)
	defer cancel()
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, s := range wanted {
		all.Go(func() {
			done, err := h.one(some, s, ready, wait || !last(s))
			var ended *EndedError
			switch {
			case done:
				close(ready[s.Name])
			case err == nil, errors.As(err, &ended) && ended.late && ctx.Err() == nil: // another one has failed
			default:
				cancel()
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// one starts a service after those that it waits for, and returns when it is ready.
func (h Host) one(ctx context.Context, s Service, ready map[string]chan struct{}, wait bool) (done bool, err error) {
	for _, name := range s.After {
		select {
		case <-ready[name]:
		case <-ctx.Done():
			return false, nil // the error of the other one says why
		}
	}
	if err := h.ensure(ctx, s); err != nil {
		return false, fmt.Errorf("host %s: service %s: %w", h.Box.Node, s.Name, err)
	}
	if wait {
		err = h.await(ctx, s)
	}
	return err == nil, err
}

// await returns when a service is ready.
func (h Host) await(ctx context.Context, s Service) error {
	const poll = 20 * time.Millisecond
	for {
		r, known := Read(h.Dir, s.Name)
		switch now := r.Now(); {
		case !known:
			return fmt.Errorf("host %s: service %s has been removed", h.Box.Node, s.Name)
		case now == Ready, now == Done:
			return nil
		case now == Ended && r.Code == nil:
			return h.ended(s, "has ended with an unknown exit code", false)
		case now == Ended:
			return h.ended(s, fmt.Sprintf("has ended with exit code %d", *r.Code), false)
		}
		select {
		case <-ctx.Done():
			what := "is not ready: " + r.Lacks()
			if r.Restarts > 0 && r.Code != nil {
				what += fmt.Sprintf("; it has ended %d times, the last time with exit code %d", r.Restarts, *r.Code)
			}
			return h.ended(s, what, true)
		case <-time.After(poll):
		}
	}
}

func (h Host) ended(s Service, what string, late bool) error {
	var log bytes.Buffer
	const lines = 10
	_ = logfile.Copy(context.Background(), &log, LogFile(h.Dir, s.Name), logfile.CopyOptions{Last: lines}) // there may be none
	return &EndedError{Node: h.Box.Node, Name: s.Name, What: what, Last: log.Bytes(), late: late}
}

// endOthers ends the services that are not wanted, or not as they are.
func (h Host) endOthers(ctx context.Context, wanted []Service) error {
	var (
		all  sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, r := range Records(h.Dir) {
		i := slices.IndexFunc(wanted, func(s Service) bool { return s.Name == r.Name })
		if i >= 0 && r.same(wanted[i], h.net()) && r.fine() {
			continue
		}
		all.Go(func() {
			err := h.End(ctx, r)
			if err == nil && i < 0 {
				err = forget(h.Dir, r.Name)
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, fmt.Errorf("host %s: service %s: %w", h.Box.Node, r.Name, err))
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// net identifies the network namespace of the host. The kernel gives the numbers of
// namespaces that are gone to others, at once: a container that is restarted may have the
// number that it had.
func (h Host) net() string {
	var st unix.Stat_t
	if unix.Stat(h.Box.NetNS, &st) != nil {
		return ""
	}
	id := fmt.Sprintf("%d:%d", st.Dev, st.Ino)
	if h.Local {
		return fmt.Sprintf("%s:%d.%09d", id, st.Ctim.Sec, st.Ctim.Nsec) // its file is mounted, so that the time stays
	}
	return id + ":" + hosts.StartTime(h.Box.PID)
}

// End ends a service and its supervisor.
func (h Host) End(ctx context.Context, r Record) error {
	if r.supervised() {
		fd, err := unix.PidfdOpen(r.Supervisor, 0)
		if err == nil {
			defer unix.Close(fd)
			if r.supervised() { // not another process with its PID
				_ = unix.PidfdSendSignal(fd, unix.SIGTERM, nil, 0) // ESRCH: it has ended
				if err := hosts.WaitEnded(ctx, fd, time.Now().Add(2*grace)); err != nil {
					return err
				}
				_ = unix.PidfdSendSignal(fd, unix.SIGKILL, nil, 0)
				if err := hosts.WaitEnded(ctx, fd, time.Now().Add(grace)); err != nil {
					return err
				}
			}
		}
	}
	return r.endProcesses(ctx)
}

// ensure starts a service unless it runs as wanted, or has done its work.
func (h Host) ensure(ctx context.Context, s Service) error {
	if r, known := Read(h.Dir, s.Name); known && r.same(s, h.net()) && r.fine() {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.Started != nil {
		h.Started(s.Name)
	}
	return h.start(ctx, s)
}

// start starts the supervisor of a service, and returns when the service runs.
func (h Host) start(ctx context.Context, s Service) error {
	if err := os.MkdirAll(h.Dir, 0o700); err != nil {
		return err
	}
	lock, err := h.lock(ctx, s.Name)
	if err != nil {
		return err
	}
	defer lock.Close() // the supervisor has it, too
	record := Record{Service: s, Phase: Starting, Since: time.Now(), Net: h.net(), Mark: h.newMark(s.Name), Local: h.Local}
	cmd, err := h.supervisor(s, record.Mark)
	if err != nil {
		return err
	}
	log, err := openLog(h.Dir, s.Name)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := record.write(h.Dir); err != nil {
		return err
	}
	if err := hosts.StartSupervisor(h.within(), cmd, lock); err != nil {
		return fmt.Errorf("start %s: %w", s.Command[0], err)
	}
	return nil
}

func (h Host) within() string {
	if h.Local {
		return h.Box.NetNS
	}
	return h.Outside
}

// newMark returns a mark that no other start of a service has.
func (h Host) newMark(name string) string {
	random := make([]byte, 8)
	_, _ = rand.Read(random) // it never fails
	return strings.Join([]string{h.Box.Lab, h.Box.Node, name, hex.EncodeToString(random)}, "/")
}

// supervisor prepares the supervisor of a service. It outlives this process, so no
// context may end it.
func (h Host) supervisor(s Service, mark string) (*exec.Cmd, error) {
	e := hosts.Exec{Argv: s.Command, Env: []string{markVariable + "=" + mark}}
	if h.Local {
		e.Dir = "/"
	}
	cmd, err := h.Command(context.Background(), h.Box, e)
	if err != nil {
		return nil, err
	}
	argv := slices.Concat(h.Enter, []string{Word, "-dir", h.Dir, "-name", s.Name, "--"}, cmd.Args)
	whole := exec.Command(argv[0], argv[1:]...)
	whole.Env = cmd.Env
	whole.Dir = "/"
	whole.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	return whole, nil
}

// lock takes the lock of a service. The supervisor of an earlier start is about to
// end.
func (h Host) lock(ctx context.Context, name string) (*os.File, error) {
	const patience, poll = 5 * time.Second, 5 * time.Millisecond
	for deadline := time.Now().Add(patience); ; time.Sleep(poll) {
		f, err := tryLock(h.Dir, name)
		switch {
		case err == nil:
			return f, nil
		case !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR), ctx.Err() != nil, time.Now().After(deadline):
			return nil, errors.Join(fmt.Errorf("the supervisor of an earlier start does not end: %w", err), ctx.Err())
		}
	}
}

// Restart starts a service anew as its record says.
func (h Host) Restart(ctx context.Context, r Record) error {
	err := h.End(ctx, r)
	if err == nil {
		err = h.start(ctx, r.Service)
	}
	if err != nil {
		return fmt.Errorf("host %s: service %s: %w", h.Box.Node, r.Name, err)
	}
	return nil
}
