package ovs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// The two daemons of an Open vSwitch.
const (
	databaseServer = "ovsdb-server"
	switchDaemon   = "ovs-vswitchd"
)

// killAfter is how long a daemon may take to end after SIGTERM.
const killAfter = 2 * time.Second

// daemon is a running daemon: a child, or one that an earlier process started.
type daemon struct {
	name   string
	pid    int
	child  bool   // of this process
	words  string // file with its last words
	exited chan struct{}
	err    error // valid after exited

	mu sync.Mutex
	fd int // pidfd: names the process even if its pid is reused; -1 after its end
}

// urgency is the niceness of the daemon that forwards packets: on a busy machine, it does
// not wait for routers that compute, and is not late with what tells peers that the path
// works (BFD).
const urgency = -5

// startDaemon starts one of the two daemons in the foreground. It logs warnings
// and errors to a file only, listens only where args say, and outlives the
// process that starts it: packets are forwarded while a router's control plane
// is away. Its own session protects it from a terminal's Ctrl-C.
func startDaemon(l *launcher, t tools, name string, args ...string) (*daemon, error) {
	d := &daemon{name: name, child: true, words: filepath.Join(t.dir, name+wordsSuffix), exited: make(chan struct{})}
	words, err := os.OpenFile(d.words, os.O_CREATE|os.O_TRUNC|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	defer words.Close()
	cmd := exec.Command(name, append(args,
		"-vconsole:off", "-vsyslog:off", "-vfile:warn",
		"--pidfile="+filepath.Join(t.dir, name+".pid"),
		"--log-file="+filepath.Join(t.dir, name+".log"))...)
	cmd.Dir = t.dir
	cmd.Env = t.environ()
	cmd.Stderr = words // only what it prints when it gives up
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, PidFD: &d.fd}
	if err := l.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w (is the package openvswitch-switch installed?)", name, err)
	}
	d.pid = cmd.Process.Pid
	if name == switchDaemon {
		// Packets come before routes. Without the privilege they are equal.
		_ = unix.Setpriority(unix.PRIO_PGRP, d.pid, urgency)
	}
	go func() {
		err := cmd.Wait()
		d.ended(err)
	}()
	return d, nil
}

// ended records the end of the process.
func (d *daemon) ended(err error) {
	d.mu.Lock()
	unix.Close(d.fd)
	d.fd = -1
	d.mu.Unlock()
	d.err = fmt.Errorf("%s ended: %w", d.name, exitReason(err, d.lastWords()))
	close(d.exited)
}

// wordsSuffix is the suffix of the file with a daemon's standard error.
const wordsSuffix = ".err"

// adoptDaemon takes over the daemon whose pid file is in the run directory, or
// returns nil if it does not run. A pid that has been reused is refused.
func adoptDaemon(t tools, name string) (*daemon, error) {
	pid, fd, err := openDaemon(t.dir, name)
	if err != nil || pid == 0 {
		return nil, err
	}
	d := &daemon{name: name, pid: pid, fd: fd, words: filepath.Join(t.dir, name+wordsSuffix), exited: make(chan struct{})}
	go func() {
		err := awaitExit(context.Background(), fd)
		if err == nil {
			err = errGone
		}
		d.ended(err)
	}()
	return d, nil
}

// errGone is all that is known of the end of a process that is not a child.
var errGone = errors.New("its process is gone")

func (d *daemon) lastWords() string {
	words, err := os.ReadFile(d.words)
	if err != nil {
		return ""
	}
	return string(bytes.TrimSpace(words[max(0, len(words)-tailSize):]))
}

// tailSize is how much of a daemon's last words is reported, in octets.
const tailSize = 2048

func exitReason(err error, stderr string) error {
	switch {
	case err == nil && stderr == "":
		return fmt.Errorf("exit status 0")
	case err == nil:
		return fmt.Errorf("exit status 0: %s", stderr)
	case stderr == "":
		return err
	}
	return fmt.Errorf("%w: %s", err, stderr)
}

// await calls try until it succeeds or the daemon ends.
func (d *daemon) await(ctx context.Context, try func() error) error {
	pause := 500 * time.Microsecond
	for {
		err := try()
		if err == nil {
			return nil
		}
		select {
		case <-d.exited:
			return d.err
		case <-ctx.Done():
			return fmt.Errorf("%s does not respond: %w: %w", d.name, ctx.Err(), err)
		case <-time.After(pause):
		}
		pause = min(2*pause, 4*time.Millisecond)
	}
}

// probe returns an error unless something accepts connections on a socket.
func probe(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return c.Close()
}

// signal sends a signal to the process unless it has ended.
func (d *daemon) signal(s unix.Signal) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.fd >= 0 {
		_ = unix.PidfdSendSignal(d.fd, s, nil, 0)
	}
}

// gone reports whether the process has ended.
func (d *daemon) gone() bool {
	select {
	case <-d.exited:
		return true
	default:
		return false
	}
}

// stopped reports whether the process was stopped by a signal such as SIGSTOP.
func (d *daemon) stopped() bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(d.pid), "stat"))
	if err != nil {
		return false
	}
	// The state follows the name, which is in parentheses (proc(5)).
	after := stat[bytes.LastIndexByte(stat, ')')+1:]
	return bytes.HasPrefix(after, []byte(" T"))
}

// kill sends SIGKILL and returns when the process is gone.
func (d *daemon) kill() {
	d.signal(unix.SIGKILL)
	<-d.exited
}

// stop sends SIGTERM, and SIGKILL after killAfter or when ctx ends. It returns
// when the process is gone.
func (d *daemon) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, killAfter)
	defer cancel()
	d.signal(unix.SIGTERM)
	select {
	case <-d.exited:
	case <-ctx.Done():
		d.kill()
	}
}
