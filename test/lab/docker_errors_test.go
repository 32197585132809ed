package lab

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	dockerhosts "pseudowan/hosts/docker"
)

// refused checks that up fails with these words and leaves no trace.
func refused(t *testing.T, l lab, args []string, words ...string) {
	t.Helper()
	r := pseudowan(append([]string{"up", l.file}, args...)...)
	if r.code == 0 {
		t.Errorf("up %s: no error", strings.Join(args, " "))
		must(t, "down", l.name)
	}
	for _, word := range words {
		if !strings.Contains(r.stderr, word) {
			t.Errorf("the error does not say %q:\n%s", word, r.stderr)
		}
	}
	if left := residue(l); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

func TestRealDockerWithoutDaemon(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "docker.sock")
	t.Setenv("DOCKER_HOST", "unix://"+socket)
	l := fourHostLab(t, "pwt-dknone")
	refused(t, l, []string{"--runtime", "docker"}, "no Docker daemon answers at unix://"+socket, "systemctl start docker")
	limited := fourHostLab(t, "pwt-dknone", "h2: {to", "h2: {memory: 64M, to")
	refused(t, limited, nil, limited.file+":10: host h2: memory: needs a container, but the host's runtime is netns", "systemctl start docker")
}

func TestRealDockerImageThatCannotBeHad(t *testing.T) {
	useDocker(t)
	const image = "127.0.0.1:1/no/such:image"
	l := fourHostLab(t, "pwt-dkimg", "h2: {to", "h2: {image: \""+image+"\", to")
	refused(t, l, []string{"--runtime", "docker"}, "host h2: image "+image, "docker load")
	if left := containers(t); left != "" {
		t.Errorf("containers left behind: %s", left)
	}
}

// All names that are taken are reported before anything is created.
func TestRealDockerNameInUse(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkname")
	image := scratchImage(t)
	for _, name := range []string{l.name + "-h2", l.name + "-h4"} {
		t.Cleanup(func() { command("docker", "rm", "--force", name) })
		docker(t, "create", "--name", name, image)
	}
	before := dockerThings(t)
	refused(t, l, []string{"--runtime", "docker"}, "docker rm -f "+l.name+"-h2", "docker rm -f "+l.name+"-h4")
	if after := dockerThings(t); after != before {
		t.Errorf("Docker had\n%s\nand has\n%s", before, after)
	}
}

// scratchImage returns an image of the static busybox.
func scratchImage(t *testing.T) string {
	t.Helper()
	const name = "pwt-dk-scratch"
	dir := scratchContext(t)
	docker(t, "build", "--quiet", "--force-rm", "--tag", name, dir)
	return name
}

// scratchContext returns a directory with a Dockerfile that needs no registry.
func scratchContext(t *testing.T) string {
	t.Helper()
	_, busybox, err := dockerhosts.StaticBusybox()
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	for name, content := range map[string]string{
		"Dockerfile": "FROM scratch\nCOPY busybox /bin/busybox\nCOPY colour /etc/colour\nRUN [\"/bin/busybox\", \"--install\", \"-s\", \"/bin\"]\n" +
			"CMD [\"/bin/sh\", \"-c\", \"while :; do sleep 1; done\"]\n",
		"busybox": string(busybox),
		"colour":  "green\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// If the daemon dies while a lab is being created, only containers may remain of the
// lab; up says so, and `down` removes them later.
func TestRealDockerDaemonDiesDuringUp(t *testing.T) {
	d := newDaemon(t)
	l := fourHostLab(t, "pwt-dkdies")
	cmd := exec.Command(program, "up", l.file, "--runtime", "docker")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(patience(time.Minute))
	for containers(t) == "" && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	d.Kill()
	cmd.Wait()
	for _, word := range []string{"no Docker daemon answers", l.name + "-h1", "pseudowan down " + l.name} {
		if !strings.Contains(said.String(), word) {
			t.Errorf("up does not say %q:\n%s", word, said.String())
		}
	}
	if code := cmd.ProcessState.ExitCode(); code == 0 {
		t.Error("up succeeded")
	}
	if left := residue(l); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	if r := pseudowan("down", l.name); r.code != 0 {
		t.Errorf("down: exit code %d\n%s", r.code, r.stderr)
	}
	if left := containers(t); left != "" {
		t.Errorf("containers left behind: %s", left)
	}
}
