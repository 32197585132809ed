package lab

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// fourHosts is a lab of two PEs with two hosts each, h1 with a LAN.
const fourHosts = `
name: NAME
node-prefix: NAME-
routers: {pe1: {as: 65001}, pe2: {as: 65002}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
redistribute: {connected: hosts}
vrfs: {red: {rts: "1:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"], lans: [10.11.0.0/24]}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  h3: {to: pe1, vrf: red, addresses: [10.3.0.2/24]}
  h4: {to: pe2, vrf: red, addresses: [10.4.0.2/24]}
`

func fourHostLab(t testing.TB, name string, edits ...string) lab {
	t.Helper()
	return fromText(t, t.TempDir(), name, strings.NewReplacer(append(edits, "NAME", name)...).Replace(fourHosts))
}

// upIn starts the lab with its hosts in containers and takes it down when the
// test ends.
func (l lab) upIn(t testing.TB, args ...string) string {
	t.Helper()
	t.Cleanup(func() {
		if r := pseudowan("down", l.name); r.code != 0 && r.code != 4 {
			t.Errorf("down %s: exit code %d\n%s", l.name, r.code, r.stderr)
		}
	})
	return must(t, append([]string{"up", l.file}, args...)...)
}

// containers returns the names of all containers.
func containers(t testing.TB) string {
	t.Helper()
	return docker(t, "ps", "--all", "--format", "{{.Names}}")
}

func pings(host, to string) func() error {
	return func() error {
		if r := command("docker", "exec", host, "ping", "-c", "1", "-W", "1", to); r.code != 0 {
			return fmt.Errorf("%s does not reach %s: %s%s", host, to, r.stdout, r.stderr)
		}
		return nil
	}
}

func routed(t testing.TB, l lab, router, prefix string) bool {
	t.Helper()
	return slices.ContainsFunc(table[status.VRF](t, l, "vrf", "--router", router), func(v status.VRF) bool {
		return slices.ContainsFunc(v.Routes, func(r status.Route) bool { return r.Prefix.String() == prefix })
	})
}

func TestRealDockerLab(t *testing.T) {
	useDocker(t)
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-dkwan")
	if said := l.upIn(t); !strings.Contains(said, "(docker)") {
		t.Errorf("up does not say what hosts run in, or not docker where a daemon answers: %s", said)
	}
	running := docker(t, "ps", "--format", "{{.Names}} {{.Status}}")
	for _, name := range strings.Fields("001_101 002_102 003_103 004_201 005_202 006_203 007_301 008_302 009_401 010_402") {
		if !strings.Contains("\n"+running, "\nhost_"+name+" Up ") {
			t.Errorf("docker ps does not list host_%s:\n%s", name, running)
		}
	}
	if got := docker(t, "exec", "host_001_101", "sh", "-c", "hostname; ping -c 1 -W 2 130.1.0.1 >/dev/null && echo reached"); !strings.HasSuffix(got, "host_001_101\nreached") {
		t.Errorf("in host_001_101: %q", got)
	}
	must(t, "exec", "--lab", l.name, "host_001_101", "--", "ping", "-c", "1", "-W", "2", "30.1.0.2")
	// The command that users of the original know, at a terminal.
	for _, line := range []string{"docker exec -it host_001_101 bash", program + " exec --lab " + l.name + " -it host_001_101 bash"} {
		r := command("sh", "-c", `echo 'hostname; exit 5' | script -qec "$0" /dev/null`, line)
		if r.code != 5 || !strings.Contains(r.stdout, "\nhost_001_101\r\n") {
			t.Errorf("%s: exit code %d\n%s%s", line, r.code, r.stdout, r.stderr)
		}
	}
	if out := must(t, "up", l.file); !strings.Contains(out, "nothing to change") {
		t.Errorf("the second up says %q", out)
	}
	must(t, "down", l.name)
	if left := containers(t); left != "" {
		t.Errorf("containers left behind: %s", left)
	}
}

// A host that its user stops loses its routes; when it is started again, its wires,
// addresses, routes and LANs are restored.
func TestRealDockerRestartHeals(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkheal")
	l.upIn(t, "--runtime", "docker")
	h1, h2 := l.name+"-h1", l.name+"-h2"
	docker(t, "stop", "--time", "0", h1)
	eventually(t, 10*time.Second, func() error {
		if routed(t, l, "pe2", "10.1.0.2/32") || routed(t, l, "pe2", "10.11.0.0/24") {
			return fmt.Errorf("pe2 still has routes to the stopped host")
		}
		return nil
	})
	docker(t, "start", h1)
	for _, to := range []string{"10.1.0.2", "10.11.0.1", "2001:db8:1::2"} {
		eventually(t, 15*time.Second, pings(h2, to))
	}
	if hosts := docker(t, "exec", h1, "cat", "/etc/hosts"); !strings.Contains(hosts, "10.2.0.2\th2") {
		t.Errorf("/etc/hosts is\n%s", hosts)
	}
	docker(t, "restart", "--time", "0", l.name+"-h1", l.name+"-h2", l.name+"-h3", l.name+"-h4")
	for _, to := range []string{"10.1.0.2", "10.3.0.2", "10.4.0.2"} {
		eventually(t, 15*time.Second, pings(h2, to))
	}
}

// A stopped host keeps neither its router's agent nor its neighbours from coming
// back.
func TestRealDockerStoppedHostHarmsNobody(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkstop")
	l.upIn(t, "--runtime", "docker")
	docker(t, "stop", "--time", "0", l.name+"-h3")
	if i := slices.IndexFunc(nodes(t, l), func(n status.Node) bool { return n.Node == "h3" && n.State == "stopped" }); i < 0 {
		t.Errorf("ps does not say that h3 is stopped: %+v", nodes(t, l))
	}
	docker(t, "restart", "--time", "0", l.name+"-h1")
	eventually(t, 15*time.Second, pings(l.name+"-h2", "10.1.0.2"))
	killed := killAgent(t, l, "pe1")
	eventually(t, 15*time.Second, func() error {
		for _, n := range nodes(t, l) {
			if n.Node == "pe1" && n.State == "running" && n.PID != killed && n.Datapath != "" {
				return nil
			}
		}
		return fmt.Errorf("pe1's agent does not answer again")
	})
	eventually(t, 30*time.Second, pings(l.name+"-h2", "10.1.0.2"))
	docker(t, "start", l.name+"-h3")
	eventually(t, 15*time.Second, pings(l.name+"-h2", "10.3.0.2"))
	docker(t, "stop", "--time", "0", l.name+"-h3")
	docker(t, "pause", l.name+"-h4")
	if n := node(t, l, "h4"); n.State != "paused" {
		t.Errorf("a paused host: %+v", n)
	}
	if r := l.exec("h3", "true"); r.code != 125 || !strings.Contains(r.stderr, "is not running: its container has ended with exit code ") {
		t.Errorf("exec in a stopped host: %+v", r)
	}
	if out := must(t, "up", l.file); !strings.Contains(out, "restored host h3") || !strings.Contains(out, "restored host h4") {
		t.Errorf("up with stopped and paused hosts says %q", out)
	}
	if n := node(t, l, "h4"); n.State != "running" {
		t.Errorf("after up: %+v", n)
	}
	eventually(t, 15*time.Second, pings(l.name+"-h2", "10.3.0.2"))
}

// Without a command, exec starts the container's shell, not the server's.
func TestRealDockerShell(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkshell")
	l.upIn(t, "--runtime", "docker")
	for node, shell := range map[string]string{"h1": "sh", "pe1": "bash"} {
		inside := exec.Command(program, "exec", "--lab", l.name, "-t", node)
		var out bytes.Buffer
		inside.Stdout, inside.Stderr = &out, &out
		keyboard, err := inside.StdinPipe() // stays open until the shell ends
		if err == nil {
			err = inside.Start()
		}
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(keyboard, "echo it is $0; exit 7")
		_ = inside.Wait()
		if code := inside.ProcessState.ExitCode(); code != 7 || !strings.Contains(out.String(), "it is "+shell) {
			t.Errorf("%s: exit code %d: %s", node, code, out.String())
		}
	}
}

// When a daemon dies and comes back, its containers have ended; those that are
// started again are healed.
func TestRealDockerDaemonComesBack(t *testing.T) {
	d := newDaemon(t)
	l := fourHostLab(t, "pwt-dkback")
	l.upIn(t, "--runtime", "docker")
	d.Kill()
	if r := pseudowan("down", l.name); r.code == 0 || !strings.Contains(r.stderr, "no Docker daemon answers") {
		t.Errorf("down without the daemon: exit code %d\n%s", r.code, r.stderr)
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	h1, h2 := l.name+"-h1", l.name+"-h2"
	docker(t, "restart", "--time", "0", h1, h2)
	eventually(t, 30*time.Second, pings(h2, "10.1.0.2"))
	must(t, "up", l.file)
	eventually(t, 15*time.Second, pings(h2, "10.3.0.2"))
	must(t, "down", l.name)
	if left := containers(t); left != "" {
		t.Errorf("containers left behind: %s", left)
	}
}

// dockerRoundsEnv asks for more rounds than usual.
const dockerRoundsEnv = "PSEUDOWAN_TEST_DOCKER_ROUNDS"

func dockerRounds() int {
	if n, err := strconv.Atoi(os.Getenv(dockerRoundsEnv)); err == nil && n > 0 {
		return n
	}
	return rounds(5)
}

// dockerThings returns everything that a daemon has except images: the built-in one
// is kept for the next lab.
func dockerThings(t testing.TB) string {
	t.Helper()
	return docker(t, "ps", "--all", "--no-trunc", "--format", "{{.ID}} {{.Names}} {{.Status}}") + "\n" +
		docker(t, "network", "ls", "--no-trunc", "--format", "{{.ID}} {{.Name}}") + "\n" +
		docker(t, "volume", "ls", "--format", "{{.Name}}")
}

func TestRealDockerUpAndDownLeaveNothing(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkcycle")
	before := dockerThings(t)
	for i := range dockerRounds() {
		l.upIn(t, "--runtime", "docker")
		must(t, "down", l.name)
		if left := residue(l); len(left) > 0 {
			t.Fatalf("round %d: left behind:\n%s", i+1, strings.Join(left, "\n"))
		}
		if after := dockerThings(t); after != before {
			t.Fatalf("round %d: Docker had\n%s\nand has\n%s", i+1, before, after)
		}
	}
}

// What looks like a lab's but does not belong to it survives.
func TestRealDockerForeignThingsSurvive(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkfor")
	l.upIn(t, "--runtime", "docker") // makes the image
	image := docker(t, "inspect", "--format", "{{.Config.Image}}", l.name+"-h1")
	foreign := [][]string{
		{"--name", l.name + "-h11"},
		{"--name", l.name},
		{"--name", "pw-" + l.name + "-h2", "--label", "pseudowan=" + l.name, "--label", "pseudowan.node=h2"},
		{"--name", l.name + "-h5", "--label", "pseudowan.lab=" + l.name + "x", "--label", "pseudowan.node=h5"},
		{"--name", l.name + "-h6", "--label", "pseudowan.laboratory=" + l.name},
	}
	for _, args := range foreign {
		name := args[1]
		t.Cleanup(func() { command("docker", "rm", "--force", name) })
		docker(t, append(append([]string{"run", "--detach", "--network", "none"}, args...), image, "sleep", "600")...)
	}
	namespace := "pw-" + l.name + "-h7"
	if r := command("ip", "netns", "add", namespace); r.code != 0 {
		t.Fatal(r.stderr)
	}
	t.Cleanup(func() { command("ip", "netns", "del", namespace) })
	id := inode(t, "/run/netns/"+namespace)
	of := func() string { return docker(t, "ps", "--no-trunc", "--format", "{{.ID}} {{.Names}}") }
	must(t, "down", l.name)
	before := of()
	if n := len(strings.Split(before, "\n")); n != len(foreign) {
		t.Fatalf("%d containers run after down; want the %d foreign ones:\n%s", n, len(foreign), before)
	}
	l.upIn(t, "--runtime", "docker")
	docker(t, "restart", "--time", "0", l.name+"-h1")
	eventually(t, 15*time.Second, pings(l.name+"-h2", "10.1.0.2"))
	must(t, "down", l.name)
	if after := of(); after != before {
		t.Errorf("foreign containers were\n%s\nand are\n%s", before, after)
	}
	if got := inode(t, "/run/netns/"+namespace); got != id {
		t.Error("the foreign namespace was replaced")
	}
}

// A lab can have hosts of both runtimes.
func TestRealDockerMixedLab(t *testing.T) {
	useDocker(t)
	l := fourHostLab(t, "pwt-dkmix", "h2: {to", "h2: {runtime: netns, to", "h3: {to", "h3: {runtime: netns, to")
	l.upIn(t, "--runtime", "docker")
	if got := containers(t); !strings.Contains(got, l.name+"-h1") || strings.Contains(got, l.name+"-h2") {
		t.Errorf("containers: %s", got)
	}
	eventually(t, 5*time.Second, pings(l.name+"-h1", "10.2.0.2"))
	l.mustExec(t, "h3", "ping", "-c", "1", "-W", "2", "10.4.0.2")
	docker(t, "restart", "--time", "0", l.name+"-h1")
	eventually(t, 15*time.Second, func() error {
		if r := l.exec("h2", "ping", "-c", "1", "-W", "1", "10.11.0.1"); r.code != 0 {
			return fmt.Errorf("h2 does not reach the LAN of the restarted h1")
		}
		return nil
	})
	must(t, "down", l.name)
	if left := residue(l); len(left) > 0 || containers(t) != "" {
		t.Errorf("left behind: %s\n%s", strings.Join(left, "\n"), containers(t))
	}
}

// A container has the image, mounts and limits of its file. If what its image is
// built from changes, the container is replaced.
func TestRealDockerHostOptions(t *testing.T) {
	useDocker(t)
	context := scratchContext(t)
	l := fourHostLab(t, "pwt-dkopt", "h2: {to",
		`h2: {build: image, mounts: ["image:/context:ro"], memory: 64M, cpus: 0.5, env: {SHAPE: round}, to`)
	if err := os.Rename(context, filepath.Join(filepath.Dir(l.file), "image")); err != nil {
		t.Fatal(err)
	}
	context = filepath.Join(filepath.Dir(l.file), "image")
	l.upIn(t, "--runtime", "docker")
	h2 := l.name + "-h2"
	if got := docker(t, "exec", h2, "sh", "-c", "cat /etc/colour /context/colour; echo $SHAPE; echo x >/context/colour || echo refused"); got != "green\ngreen\nround\nrefused" {
		t.Errorf("inside: %q", got)
	}
	if got := docker(t, "inspect", "--format", "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}}", h2); got != "67108864 500000000" {
		t.Errorf("limits: %s", got)
	}
	if out := must(t, "up", l.file); !strings.Contains(out, "nothing to change") {
		t.Errorf("the second up says %q", out)
	}
	if err := os.WriteFile(filepath.Join(context, "colour"), []byte("red\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if out := must(t, "up", l.file); !strings.Contains(out, "changed host h2") {
		t.Errorf("up after the edit says %q", out)
	}
	if got := docker(t, "exec", h2, "cat", "/etc/colour"); got != "red" {
		t.Errorf("the colour is %s", got)
	}
	eventually(t, 5*time.Second, pings(l.name+"-h1", "10.2.0.2"))
}
