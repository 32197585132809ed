package docker

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"

	"pseudowan/hosts"
	"pseudowan/hosts/dockertest"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

// privateDaemon is a daemon for these tests alone.
var privateDaemon = sync.OnceValues(func() (*dockertest.Daemon, error) {
	d, err := dockertest.New(time.Minute)
	if err == nil {
		endDaemon = d.End
	}
	return d, err
})

// endDaemon ends the private daemon, if there is one.
var endDaemon = func() {}

func newDocker(t *testing.T) *containers {
	t.Helper()
	hoststest.NeedRoot(t)
	if _, err := exec.LookPath("dockerd"); err != nil {
		t.Skip("needs dockerd (package docker.io)")
	}
	d, err := privateDaemon()
	if err != nil {
		t.Fatal(err)
	}
	r, err := open(d.Host(), hosts.Options{Enter: hoststest.EnterCommand})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestRealDockerRuntime(t *testing.T) {
	runtimetest.Suite(t, func(t *testing.T) hosts.Runtime { return newDocker(t) })
}

func TestRealDockerHasNoPrivileges(t *testing.T) {
	r := newDocker(t)
	h := runtimetest.New(t, r)
	c, err := r.cli.ContainerInspect(context.Background(), h.Box.Name)
	if err != nil {
		t.Fatal(err)
	}
	if c.HostConfig.Privileged || len(c.HostConfig.CapAdd) != 2 || c.HostConfig.NetworkMode != "none" {
		t.Errorf("privileged %v, capabilities %v, network %s", c.HostConfig.Privileged, c.HostConfig.CapAdd, c.HostConfig.NetworkMode)
	}
	h.Sh(t, "ip link add name x type veth peer name y && ip link del x")
	if got := h.Sh(t, "ls /sys/class/net"); got != "lo" {
		t.Errorf("interfaces: %q", got)
	}
}

// A container that the user stops and starts keeps its name and its files.
func TestRealDockerRestartedByItsUser(t *testing.T) {
	r := newDocker(t)
	h := runtimetest.New(t, r)
	h.Sh(t, "echo kept >/root/file")
	now := 0
	if err := r.cli.ContainerStop(context.Background(), h.Box.Name, container.StopOptions{Timeout: &now}); err != nil {
		t.Fatal(err)
	}
	boxes, err := r.List(context.Background(), h.Spec.Lab)
	if err != nil || len(boxes) != 1 || boxes[0].PID != 0 || boxes[0].Running() {
		t.Errorf("stopped: %+v, %v", boxes, err)
	}
	box, err := r.Ensure(context.Background(), h.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if box.PID == 0 || box.PID == h.Box.PID {
		t.Errorf("PID %d, was %d", box.PID, h.Box.PID)
	}
	if got := h.Sh(t, "cat /root/file"); got != "kept" {
		t.Errorf("the file says %q", got)
	}
	runtimetest.Names(t, h)
	runtimetest.Settings(t, h)
}

func TestRealDockerLeavesOthersAlone(t *testing.T) {
	r := newDocker(t)
	ref, err := r.ensureImage(context.Background(), hosts.Spec{})
	if err != nil {
		t.Fatal(err)
	}
	name := hoststest.Unique()
	made, err := r.cli.ContainerCreate(context.Background(), &container.Config{Image: ref}, nil, nil, nil, name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := r.remove(context.Background(), made.ID); err != nil {
			t.Error(err)
		}
	})
	_, err = r.Ensure(context.Background(), hosts.Spec{Lab: name, Node: "h", Name: name})
	if !errors.Is(err, hosts.ErrForeign) || !strings.Contains(err.Error(), "docker rm -f "+name) {
		t.Errorf("Ensure: %v, want hosts.ErrForeign with a remedy", err)
	}
	if err := r.Remove(context.Background(), hosts.Sandbox{Lab: name, Node: "h", Name: name}); !errors.Is(err, hosts.ErrForeign) {
		t.Errorf("Remove: %v, want hosts.ErrForeign", err)
	}
	if c, err := r.cli.ContainerInspect(context.Background(), name); err != nil || c.ID != made.ID {
		t.Errorf("it was touched: %v", err)
	}
	if boxes, err := r.List(context.Background(), ""); err != nil || slices.ContainsFunc(boxes, func(b hosts.Sandbox) bool { return b.Name == name }) {
		t.Errorf("it is listed: %+v, %v", boxes, err)
	}
}

// A volume with the name of a host's is not used if it is somebody else's.
func TestRealDockerLeavesOthersVolumesAlone(t *testing.T) {
	r := newDocker(t)
	spec := hosts.Spec{Lab: "pwt-volume", Node: "h", Name: hoststest.Unique(), Keep: []string{"/keep"}}
	create := func(labels map[string]string) {
		t.Helper()
		name := volumeName(spec.Name, "/keep")
		if _, err := r.cli.VolumeCreate(context.Background(), volume.CreateOptions{Name: name, Labels: labels}); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = r.cli.VolumeRemove(context.Background(), name, true) })
	}
	create(map[string]string{labelLab: "another", labelNode: "h"})
	err := r.Check(context.Background(), []hosts.Spec{spec})
	if !errors.Is(err, hosts.ErrForeign) || !strings.Contains(err.Error(), "docker volume rm "+volumeName(spec.Name, "/keep")) {
		t.Errorf("Check: %v, want hosts.ErrForeign with a remedy", err)
	}
	spec.Name = hoststest.Unique()
	create(map[string]string{labelLab: spec.Lab, labelNode: spec.Node})
	if err := r.Check(context.Background(), []hosts.Spec{spec}); err != nil {
		t.Errorf("its own volume: %v", err)
	}
}

// A missing image that cannot be pulled, and a command that cannot be started,
// leave no container.
func TestRealDockerLeavesNothingHalfBuilt(t *testing.T) {
	r := newDocker(t)
	for image, spec := range map[string]hosts.Spec{
		"missing image":   {Image: "127.0.0.1:1/no/such:image"},
		"missing command": {Command: []string{"/no/such/program"}},
	} {
		name := hoststest.Unique()
		spec.Lab, spec.Node, spec.Name = name, "h", name
		_, err := r.Ensure(context.Background(), spec)
		if err == nil {
			t.Fatalf("%s: no error", image)
		}
		if spec.Image != "" && (!strings.Contains(err.Error(), spec.Image) || !strings.Contains(err.Error(), "docker load")) {
			t.Errorf("%s: %v, want the image's name and a remedy", image, err)
		}
		if boxes, err := r.List(context.Background(), name); err != nil || len(boxes) != 0 {
			t.Errorf("%s: left %+v, %v", image, boxes, err)
		}
	}
}

func TestDockerDaemonThatIsStopped(t *testing.T) {
	r, err := open("unix://"+filepath.Join(t.TempDir(), "docker.sock"), hosts.Options{})
	if err != nil {
		t.Fatal(err)
	}
	_, ensureErr := r.Ensure(context.Background(), hosts.Spec{Lab: "l", Node: "h", Name: "h", Image: "some"})
	_, listErr := r.List(context.Background(), "")
	for _, err := range []error{r.Ready(context.Background()), ensureErr, listErr} {
		if err == nil || !strings.Contains(err.Error(), "systemctl start docker") {
			t.Errorf("%v, want a remedy", err)
		}
	}
}

func TestRealDockerEditMakesAnotherContainer(t *testing.T) {
	r := newDocker(t)
	h := runtimetest.New(t, r)
	h.Spec.Env = map[string]string{"COLOUR": "green"}
	box, err := r.Ensure(context.Background(), h.Spec)
	if err != nil {
		t.Fatal(err)
	}
	if box.PID == h.Box.PID || h.Sh(t, "echo $COLOUR") != "green" {
		t.Errorf("PID %d, was %d; colour %s", box.PID, h.Box.PID, h.Sh(t, "echo $COLOUR"))
	}
}

func TestBuiltinImageIsTheSameBytes(t *testing.T) {
	if _, _, err := StaticBusybox(); err != nil {
		t.Skip(err)
	}
	first, err := builtinImage()
	if err != nil {
		t.Fatal(err)
	}
	second, err := builtinImage()
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("not the same bytes: %v", err)
	}
}

func TestDynamicProgramIsNoImage(t *testing.T) {
	sh, err := os.ReadFile("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	for name, program := range map[string][]byte{"a shared-library program": sh, "no program": []byte("#!/bin/sh\n")} {
		if isStatic(program) {
			t.Errorf("%s counts as static", name)
		}
	}
}

func TestDockerExecIsReadAsWritten(t *testing.T) {
	want := execLink{host: "unix:///x", container: "c", dir: "/tmp", tty: true, env: []string{"A=1", "B=x y"}}
	got, argv, err := parseExecLink(append(want.args()[1:], "ping", "-c", "1"))
	if err != nil || got.container != want.container || got.tty != want.tty || got.dir != want.dir || !slices.Equal(got.env, want.env) || len(argv) != 3 {
		t.Errorf("%+v, %v, %v", got, argv, err)
	}
	if _, _, err := parseExecLink([]string{"-container", "c"}); err == nil {
		t.Error("no command is accepted")
	}
}

// A container with endless output fills no disk: the daemon keeps the end of
// it.
func TestRealDockerLogsAreBounded(t *testing.T) {
	r := newDocker(t)
	h := runtimetest.New(t, r)
	h.EnsureCommand(t, "yes", strings.Repeat("no end of words ", 60))
	c, err := r.cli.ContainerInspect(context.Background(), h.Box.Name)
	if err != nil {
		t.Fatal(err)
	}
	size := func() (sum int64) {
		logs, err := filepath.Glob(c.LogPath + "*")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range logs {
			if st, err := os.Stat(name); err == nil { // it may have been rotated meanwhile
				sum += st.Size()
			}
		}
		return sum
	}
	const rotated, most = 1 << 20, 3 << 20
	hoststest.Eventually(t, "the log is rotated", func() bool {
		_, err := os.Stat(c.LogPath + ".1")
		return err == nil && size() > rotated
	})
	for range 100 {
		if n := size(); n > most {
			t.Fatalf("the logs hold %d octets", n)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
