package realtest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// daemon is a Docker daemon of a test.
type daemon struct {
	dir string
	cmd *exec.Cmd
	log bytes.Buffer
}

// newDaemon makes a place for a daemon and starts it there.
func newDaemon() (*daemon, error) {
	dir, err := os.MkdirTemp("", "pwt-dk")
	if err != nil {
		return nil, err
	}
	d := &daemon{dir: dir}
	if err := d.start(); err != nil {
		d.end()
		return nil, err
	}
	return d, nil
}

func (d *daemon) host() string { return "unix://" + d.dir + "/docker.sock" }

// start returns when the daemon answers.
func (d *daemon) start() error {
	d.log.Reset()
	d.cmd = exec.Command("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none",
		"--data-root", d.dir+"/data", "--exec-root", d.dir+"/exec", "--pidfile", d.dir+"/pid", "-H", d.host())
	d.cmd.Stdout, d.cmd.Stderr = &d.log, &d.log
	if err := d.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience(time.Minute)); ; {
		r := command("docker", "-H", d.host(), "version")
		if r.code == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("dockerd does not answer: %s", r.stderr)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// kill ends the daemon as a crash does.
func (d *daemon) kill() {
	d.cmd.Process.Signal(syscall.SIGKILL)
	d.cmd.Wait()
}

// end ends the daemon, what it started, and removes its place.
func (d *daemon) end() {
	if d.cmd.Process != nil && d.cmd.ProcessState == nil {
		d.cmd.Process.Signal(syscall.SIGTERM)
		d.cmd.Wait()
	}
	d.endContainerd()
	os.RemoveAll(d.dir)
}

// endContainerd ends the containerd that a killed daemon leaves behind.
func (d *daemon) endContainerd() {
	lines, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range lines {
		argv, _ := os.ReadFile(path)
		if name, _, _ := strings.Cut(string(argv), "\x00"); filepath.Base(name) == "containerd" && strings.Contains(string(argv), d.dir+"/") {
			var pid int
			if _, err := fmt.Sscanf(path, "/proc/%d/", &pid); err == nil {
				syscall.Kill(pid, syscall.SIGTERM)
			}
		}
	}
}

// sharedDaemon is the daemon of all tests that do no harm to it.
var sharedDaemon struct {
	sync.Once
	daemon *daemon
	err    error
}

func endDaemon() {
	if sharedDaemon.daemon != nil {
		sharedDaemon.daemon.end()
	}
}

// useDocker has the test and the programs that it starts talk to a daemon of
// these tests alone.
func useDocker(t *testing.T) *daemon {
	t.Helper()
	needDockerd(t)
	sharedDaemon.Do(func() { sharedDaemon.daemon, sharedDaemon.err = newDaemon() })
	if sharedDaemon.err != nil {
		t.Skip("dockerd does not run here: ", sharedDaemon.err)
	}
	t.Setenv("DOCKER_HOST", sharedDaemon.daemon.host())
	return sharedDaemon.daemon
}

func needDockerd(t *testing.T) {
	t.Helper()
	for _, program := range []string{"dockerd", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs dockerd and docker, from the package docker.io")
		}
	}
}

// docker runs the Docker client and fails the test where that fails.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	r := command(append([]string{"docker"}, args...)...)
	if r.code != 0 {
		t.Fatalf("docker %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}
