package lab

import (
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"pseudowan/hosts/dockertest"
)

// newDaemon starts a Docker daemon for one test.
func newDaemon(t *testing.T) *dockertest.Daemon {
	t.Helper()
	needDockerd(t)
	d, err := dockertest.New(patience(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.End)
	t.Setenv("DOCKER_HOST", d.Host())
	return d
}

// sharedDaemon is the daemon of all tests that do not harm it.
var sharedDaemon = sync.OnceValues(func() (*dockertest.Daemon, error) {
	d, err := dockertest.New(patience(time.Minute))
	if err == nil {
		endDaemon = d.End
	}
	return d, err
})

// endDaemon ends the shared daemon, if there is one.
var endDaemon = func() {}

// useDocker makes the test and the programs that it starts use a daemon that
// belongs to these tests alone.
func useDocker(t *testing.T) {
	t.Helper()
	needDockerd(t)
	d, err := sharedDaemon()
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("DOCKER_HOST", d.Host())
}

func needDockerd(t *testing.T) {
	t.Helper()
	for _, program := range []string{"dockerd", "docker"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("needs dockerd and docker, from the package docker.io")
		}
	}
}

// docker runs the Docker client, and fails the test if it fails.
func docker(t testing.TB, args ...string) string {
	t.Helper()
	r := command(append([]string{"docker"}, args...)...)
	if r.code != 0 {
		t.Fatalf("docker %s: exit code %d\n%s%s", strings.Join(args, " "), r.code, r.stdout, r.stderr)
	}
	return strings.TrimSpace(r.stdout)
}
