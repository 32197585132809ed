package realtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// daemon is a Docker daemon of a test.
type daemon struct {
	dir string
	cmd *exec.Cmd
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
	d.cmd = exec.Command("dockerd", "--iptables=false", "--ip6tables=false", "--bridge=none",
		"--data-root", d.dir+"/data", "--exec-root", d.dir+"/exec", "--pidfile", d.dir+"/pid", "-H", d.host())
	log, err := os.OpenFile(d.dir+"/log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if err := d.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(patience(time.Minute)); ; {
		r := command("docker", "-H", d.host(), "version")
		if r.code == 0 {
			return nil
		}
		if time.Now().After(deadline) {
			said, _ := os.ReadFile(d.dir + "/log")
			return fmt.Errorf("dockerd does not answer: %s%s", r.stderr, said)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// kill ends the daemon as a crash does, and its containerd with it. The next
// daemon takes a process that nobody has waited for yet for one that runs: it
// is not told of the old containerd.
func (d *daemon) kill() {
	d.cmd.Process.Signal(syscall.SIGKILL)
	d.cmd.Wait()
	os.Remove(d.dir + "/exec/containerd/containerd.pid")
}

// end ends the daemon and removes its place.
func (d *daemon) end() {
	if d.cmd.Process != nil && d.cmd.ProcessState == nil {
		d.cmd.Process.Signal(syscall.SIGTERM)
		d.cmd.Wait()
	}
	d.endShims()
	d.unmount()
	os.RemoveAll(d.dir)
}

// endShims ends what a killed daemon leaves running: its containers' shims, and
// its containerd. They name the daemon's own directory.
func (d *daemon) endShims() {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		line, err := os.ReadFile(f)
		if err != nil || !strings.Contains(string(line), d.dir+"/") {
			continue
		}
		if pid, err := strconv.Atoi(filepath.Base(filepath.Dir(f))); err == nil && pid != os.Getpid() {
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// unmount takes away the mounts that a killed daemon leaves, the last first.
func (d *daemon) unmount() {
	lines := strings.Split(command("cat", "/proc/self/mounts").stdout, "\n")
	for _, line := range slices.Backward(lines) {
		if fields := strings.Fields(line); len(fields) > 1 && strings.HasPrefix(fields[1], d.dir+"/") {
			unix.Unmount(fields[1], unix.MNT_DETACH)
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
