package service

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
	"pseudowan/logfile"
)

// Word is the first argument of a supervisor.
const Word = "service"

// Pauses before a service is started again. They double while it ends soon.
const (
	restartPause    = 500 * time.Millisecond
	maxRestartPause = 30 * time.Second
	soonAfterStart  = 10 * time.Second
)

// supervisor waits for a service, and writes its record.
type supervisor struct {
	Record
	dir    string
	argv   []string
	stop   chan os.Signal
	report *hosts.StartReport // nil after the first start
}

// Supervise is the supervisor of a service: it starts the service, notes when it is
// ready and how it ends, and starts it again if that is wanted. It is told to end by
// SIGTERM, which is meant for the service as well.
func Supervise(args []string) error {
	set := flag.NewFlagSet(Word, flag.ContinueOnError)
	set.SetOutput(io.Discard)
	dir, name := set.String("dir", "", ""), set.String("name", "", "")
	if err := set.Parse(args); err != nil || *dir == "" || *name == "" || set.NArg() == 0 {
		return &hosts.ExitError{Code: 125, Err: errors.Join(err, errors.New("want -dir DIR -name NAME -- COMMAND"))}
	}
	s := supervisor{dir: *dir, argv: set.Args(), report: hosts.SupervisorReport(), stop: make(chan os.Signal, 4)}
	// Caught, not ignored: the service would inherit ignored signals.
	signal.Notify(s.stop, unix.SIGTERM, unix.SIGINT, unix.SIGHUP, unix.SIGQUIT)
	known := false
	if s.Record, known = Read(*dir, *name); !known {
		return s.fail(errors.New("it has no record"))
	}
	s.Supervisor, s.SuperStart = os.Getpid(), hosts.StartTime(os.Getpid())
	for pause := restartPause; ; pause = min(2*pause, maxRestartPause) {
		code, stopped, err := s.once()
		if err != nil {
			return s.fail(err)
		}
		if time.Since(s.Since) > soonAfterStart {
			pause = restartPause
		}
		_ = s.endProcesses(context.Background()) // those that it has left behind
		if stopped || !s.again(code) {
			return nil
		}
		select {
		case <-s.stop:
			s.Phase = Ended
			_ = s.write(s.dir)
			return nil
		case <-time.After(pause):
		}
		s.Restarts++
	}
}

// fail reports an error to whoever has started the supervisor.
func (s *supervisor) fail(err error) error {
	if s.report != nil {
		s.report.Fail(err)
	}
	return &hosts.ExitError{Code: 125, Err: err}
}

// once starts the service and waits for its end.
func (s *supervisor) once() (code int, stopped bool, err error) {
	log := newTail(LogFile(s.dir, s.Name))
	cmd := exec.Command(s.argv[0], s.argv[1:]...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return 0, false, err
	}
	s.Phase, s.Since, s.PID, s.Start = Starting, time.Now(), cmd.Process.Pid, hosts.StartTime(cmd.Process.Pid)
	if err := s.write(s.dir); err != nil {
		return 0, false, errors.Join(err, cmd.Process.Kill(), cmd.Wait())
	}
	if s.report != nil {
		s.report.Runs()
		s.report = nil
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	stopped = s.attend(ended, log)
	code = hosts.ExitStatus(cmd.ProcessState)
	s.Code, s.Phase, s.PID, s.Start = &code, Ended, 0, ""
	if s.Once && code == 0 {
		s.Phase = Done
	}
	if !stopped && s.again(code) {
		s.Phase = Restarting
	}
	_ = s.write(s.dir) // it fails if the host has been removed
	return code, stopped, nil
}

// attend waits for the end of a service and looks meanwhile whether it is ready. It
// reports whether it was told to end the service.
func (s *supervisor) attend(ended <-chan error, log *tail) (stopped bool) {
	defer log.close()
	const poll = 50 * time.Millisecond
	tick := time.NewTicker(poll)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return stopped
		case <-s.stop:
			if r := s.Record; !stopped {
				go func() { _ = r.endProcesses(context.Background()) }() // ended says when
			}
			stopped = true
		case <-tick.C:
			if s.Phase != Starting || stopped {
				continue
			}
			s.findInner()
			if s.isReady(log) {
				s.Phase = Ready
				_ = s.write(s.dir)
				tick.Stop()
			}
		}
	}
}

// findInner notes the first process inside the host, if the supervisor's child only
// leads to it.
func (s *supervisor) findInner() {
	if s.Local || marked(s.PID, s.Mark) {
		return
	}
	found, err := hosts.ProcessesWhere(func(pid int) bool { return marked(pid, s.Mark) })
	if err != nil || len(found) == 0 {
		return
	}
	s.PID, s.Start = found[0], hosts.StartTime(found[0])
	_ = s.write(s.dir)
}

// openLog opens the log of a service for a new start by somebody.
func openLog(dir, name string) (*os.File, error) { return logfile.Restart(LogFile(dir, name)) }
