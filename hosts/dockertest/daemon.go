package dockertest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"golang.org/x/sys/unix"
)

// Daemon is a Docker daemon of a test.
type Daemon struct {
	dir      string
	patience time.Duration
	process  *os.Process
	ended    chan struct{} // closed when the process has ended
	apart    *apart        // nil if the machine has no containerd
}

// New starts a daemon in a directory of its own. patience is how long it may
// take to answer.
func New(patience time.Duration) (*Daemon, error) {
	dir, err := os.MkdirTemp("", "pwt-docker-")
	if err != nil {
		return nil, err
	}
	d := &Daemon{dir: dir, patience: patience}
	if d.apart, err = newApart(systemContainerd); err == nil {
		err = d.Start()
	}
	if err != nil {
		d.End()
		return nil, err
	}
	return d, nil
}

// Host returns the daemon's address, as in DOCKER_HOST.
func (d *Daemon) Host() string { return "unix://" + d.socket() }

func (d *Daemon) socket() string { return d.dir + "/docker.sock" }

// Start starts the daemon, for the first time or again. It returns when the
// daemon answers.
func (d *Daemon) Start() error {
	// The machine's own settings would contradict these.
	config := d.dir + "/daemon.json"
	if err := os.WriteFile(config, []byte("{}\n"), 0o600); err != nil {
		return err
	}
	argv := append(d.apart.enter(), "dockerd", "--config-file", config, "--iptables=false", "--ip6tables=false", "--bridge=none",
		"--data-root", d.dir+"/data", "--exec-root", d.dir+"/exec", "--pidfile", d.dir+"/pid", "--host", d.Host())
	cmd := exec.Command(argv[0], argv[1:]...)
	log, err := os.OpenFile(d.dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return err
	}
	d.process, d.ended = cmd.Process, make(chan struct{})
	go func(ended chan struct{}) {
		_ = cmd.Wait()
		close(ended)
	}(d.ended)
	if err := d.await(); err != nil {
		said, _ := os.ReadFile(d.dir + "/log")
		return fmt.Errorf("dockerd does not answer: %w\n%s", err, said)
	}
	return nil
}

// await returns when the daemon answers, has ended, or its patience is over.
func (d *Daemon) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), d.patience)
	defer cancel()
	for {
		err := d.ping(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-d.ended:
			return errors.New("it has ended")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (d *Daemon) ping(ctx context.Context) error {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", d.socket())
	}
	client := http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://docker/_ping", nil)
	if err != nil {
		return err
	}
	answer, err := client.Do(request)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// Kill ends the daemon as a crash does, and its containerd with it. The next
// daemon believes that a process not yet waited for is running: it does not
// know of the old containerd.
func (d *Daemon) Kill() {
	d.stop(unix.SIGKILL)
	_ = os.Remove(d.dir + "/exec/containerd/containerd.pid")
}

// End ends the daemon and removes its directory.
func (d *Daemon) End() {
	d.stop(unix.SIGTERM)
	d.endShims()
	d.unmount()
	d.apart.end()
	_ = os.RemoveAll(d.dir)
}

// stop signals the process and returns when it has ended.
func (d *Daemon) stop(by os.Signal) {
	if d.process == nil {
		return
	}
	_ = d.process.Signal(by)
	<-d.ended
}

// Hang keeps the daemon from answering until GoOn.
func (d *Daemon) Hang() { _ = d.process.Signal(unix.SIGSTOP) }

// GoOn undoes Hang.
func (d *Daemon) GoOn() { _ = d.process.Signal(unix.SIGCONT) }
