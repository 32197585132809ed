package lab

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// A Docker daemon runs inside a host: its bridge is there alone, another site reaches
// its container by the container's own address, and down ends all of it.
func TestRealDockerInHost(t *testing.T) {
	if _, err := exec.LookPath("dockerd"); err != nil {
		t.Skip("needs dockerd (package docker.io)")
	}
	l := fromCatalog(t, t.TempDir(), "docker-in-host", "pwt-inside")
	l.up(t)
	if out := l.mustExec(t, "docker1", "ip", "-4", "address", "show", "dev", "docker0"); !strings.Contains(out, "inet 172.17.0.1/16") {
		t.Errorf("docker0 of docker1:\n%s", out)
	}
	eventually(t, 30*time.Second, func() error {
		r := l.exec("client", "timeout", "5", "busybox", "wget", "-q", "-O", "-", "http://172.17.0.2/")
		if r.stdout != "a container in docker1\n" {
			return fmt.Errorf("the container answers %q, %s\n%s", r.stdout, r.stderr, l.exec("docker1", "docker", "ps").stdout)
		}
		return nil
	})
	if out := l.mustExec(t, "client", "ping", "-n", "-c", "1", "-W", "5", "172.17.0.2"); !strings.Contains(out, "ttl=61") {
		t.Errorf("the container is not behind two routers and docker1:\n%s", out)
	}
	inside := strings.TrimSpace(l.mustExec(t, "docker1", "docker", "inspect", "--format", "{{.State.Pid}}", "inner"))
	must(t, "down", l.name)
	eventually(t, 20*time.Second, func() error {
		if argv, err := os.ReadFile("/proc/" + inside + "/cmdline"); err == nil && len(argv) > 0 {
			return fmt.Errorf("the container's process %s outlives the lab: %q", inside, argv)
		}
		return nil
	})
}
