package lab

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// registry is the distribution's registry, on loopback.
type registry struct {
	address string
	cmd     *exec.Cmd
}

func startRegistry(t *testing.T) *registry {
	t.Helper()
	if _, err := exec.LookPath("docker-registry"); err != nil {
		t.Skip("needs docker-registry, from the package of that name")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &registry{address: free.Addr().String()}
	free.Close()
	dir := t.TempDir()
	conf := filepath.Join(dir, "config.yml")
	text := fmt.Sprintf("version: 0.1\nstorage: {filesystem: {rootdirectory: %s}}\nhttp: {addr: %q}\n", dir, r.address)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r.cmd = exec.Command("docker-registry", "serve", conf)
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(r.end)
	eventually(t, 20*time.Second, func() error {
		c, err := net.Dial("tcp", r.address)
		if err == nil {
			c.Close()
		}
		return err
	})
	return r
}

func (r *registry) end() {
	if r.cmd.ProcessState == nil {
		r.cmd.Process.Kill()
		r.cmd.Wait()
	}
}

// An image that only a registry has is pulled, and up says so. A tag that the
// registry does not have is an error, and leaves nothing. A pulled image needs no
// registry.
func TestRealDockerPulls(t *testing.T) {
	useDocker(t)
	r := startRegistry(t)
	image := r.address + "/pwt/host:1"
	docker(t, "tag", scratchImage(t), image)
	docker(t, "push", image)
	docker(t, "rmi", image, "pwt-dk-scratch")
	t.Cleanup(func() { command("docker", "rmi", image) })

	missing := fourHostLab(t, "pwt-dkpull", "h2: {to", "h2: {image: \""+r.address+"/pwt/host:2\", to")
	refused(t, missing, []string{"--runtime", "docker"}, "host h2: image "+r.address+"/pwt/host:2", "docker pull")

	l := fourHostLab(t, "pwt-dkpull", "h2: {to", "h2: {image: \""+image+"\", to")
	t.Cleanup(func() { pseudowan("down", l.name) })
	up := pseudowan("up", l.file, "--runtime", "docker")
	if up.code != 0 {
		t.Fatalf("up: exit code %d\n%s", up.code, up.stderr)
	}
	for _, line := range []string{"pulling " + image + "\n", "pulling " + image + ": 3 of 3 layers"} {
		if !strings.Contains(up.stderr, line) {
			t.Errorf("up does not say %q:\n%s", line, up.stderr)
		}
	}
	if got := docker(t, "exec", l.name+"-h2", "cat", "/etc/colour"); got != "green" {
		t.Errorf("h2 runs another image: its colour is %q", got)
	}
	eventually(t, 5*time.Second, pings(l.name+"-h1", "10.2.0.2"))
	must(t, "down", l.name)

	r.end()
	if up := pseudowan("up", l.file, "--runtime", "docker"); up.code != 0 || strings.Contains(up.stderr, "pulling") {
		t.Errorf("up without the registry: exit code %d\n%s", up.code, up.stderr)
	}
}
