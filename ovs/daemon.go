package ovs

import (
	"context"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// The two daemons of an Open vSwitch.
const (
	databaseServer = "ovsdb-server"
	switchDaemon   = "ovs-vswitchd"
)

// killAfter is how long a daemon may take to end when asked to.
const killAfter = 2 * time.Second

// daemon is a running child.
type daemon struct {
	name   string
	cmd    *exec.Cmd
	stderr tail
	exited chan struct{}
	err    error // valid after exited
}

// startDaemon starts one of the two daemons in the foreground. It logs warnings
// and worse to a file only, listens on nothing but what args say, and is killed
// with the process that started it. Its own process group keeps a terminal's
// Ctrl-C away from it, so that the end is in our order.
func startDaemon(l *launcher, t tools, name string, args ...string) (*daemon, error) {
	d := &daemon{name: name, exited: make(chan struct{})}
	d.cmd = exec.Command(name, append(args,
		"--pidfile="+filepath.Join(t.dir, name+".pid"),
		"--log-file="+filepath.Join(t.dir, name+".log"),
		"-vconsole:warn", "-vsyslog:off", "-vfile:warn")...)
	d.cmd.Dir = t.dir
	d.cmd.Env = t.environ()
	d.cmd.Stderr = &d.stderr
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if err := l.start(d.cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w (is the package openvswitch-switch installed?)", name, err)
	}
	go func() {
		err := d.cmd.Wait()
		d.err = fmt.Errorf("%s ended: %w", name, exitReason(err, d.stderr.String()))
		close(d.exited)
	}()
	return d, nil
}

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

// await tries until the daemon serves.
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
			return fmt.Errorf("%s does not serve: %w: %w", d.name, ctx.Err(), err)
		case <-time.After(pause):
		}
		pause = min(2*pause, 4*time.Millisecond)
	}
}

// probe tells whether something accepts connections on a socket.
func probe(socket string) error {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	return c.Close()
}

// stop ends the daemon: politely, and after killAfter or with ctx by force. It
// returns when the process is gone.
func (d *daemon) stop(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, killAfter)
	defer cancel()
	// Signals to a process that has ended already are refused by os.Process.
	_ = d.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.exited:
		return
	case <-ctx.Done():
	}
	_ = d.cmd.Process.Kill()
	<-d.exited
}
