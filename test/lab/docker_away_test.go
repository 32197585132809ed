package lab

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/hosts/dockertest"
	"pseudowan/status"
)

// A daemon that does not answer, because it is dead or hangs, hides its containers,
// which keep running: every command that needs them fails, with the remedy and what
// is still running, and touches nothing.
func TestRealDockerAway(t *testing.T) {
	d := newDaemon(t)
	l := fourHostLab(t, "pwt-dkaway", "h3: {to", "h3: {runtime: netns, to", "h4: {to", "h4: {runtime: netns, to")
	alone(t)
	l.upIn(t, "--runtime", "docker")
	awayIs := func(what string, commands ...[]string) {
		t.Helper()
		for _, c := range commands {
			r := pseudowan(c[1:]...)
			if said := r.stdout + r.stderr; strconv.Itoa(r.code) != c[0] || !strings.Contains(said, "no Docker daemon answers at "+d.Host()) ||
				!strings.Contains(said, "systemctl start docker") || !strings.Contains(said, "still run") {
				t.Errorf("%s: pseudowan %s: exit code %d, want %s\n%s", what, strings.Join(c[1:], " "), r.code, c[0], said)
			}
		}
	}
	d.Hang()
	awayIs("it hangs", []string{"1", "ps"}, []string{"125", "exec", "h1", "--", "true"}, []string{"1", "down"})
	d.GoOn()
	eventually(t, 10*time.Second, pings(l.name+"-h1", "10.2.0.2"))
	must(t, "verify", l.name)
	d.Kill()
	edited := fourHostLab(t, "pwt-dkaway")
	awayIs("it is dead",
		[]string{"1", "ps"}, []string{"1", "ps", "--lab", l.name, "-o", "json"}, []string{"125", "exec", "h1", "--", "true"}, []string{"125", "exec", "-it", "h2"},
		[]string{"1", "logs", "h1"}, []string{"2", "verify"}, []string{"2", "verify", "--from", "h1"}, []string{"1", "trace", "h1", "10.2.0.2"},
		[]string{"1", "up", l.file}, []string{"1", "up", edited.file, "--runtime", "netns"}, []string{"1", "down"},
	)
	rows := map[string]status.Node{}
	var all []status.Node
	if err := json.Unmarshal([]byte(pseudowan("ps", "-o", "json").stdout), &all); err != nil {
		t.Fatal(err)
	}
	for _, n := range all {
		rows[n.Node] = n
	}
	if len(rows) != 6 || rows["h1"].State != "unknown" || rows["h1"].CommandState != "running" || rows["h3"].State != "running" || rows["pe1"].State != "running" {
		t.Errorf("ps lists %+v", all)
	}
	l.mustExec(t, "h3", "ping", "-c", "1", "-W", "2", "10.1.0.2") // h1 runs
	l.mustExec(t, "pe1", "true")
	if got := len(table[status.Neighbor](t, l, "arp", "--vrf", "red")); got == 0 {
		t.Error("show arp is empty")
	}
	if err := d.Start(); err != nil {
		t.Fatal(err)
	}
	must(t, "up", l.file)
	other, err := dockertest.New(patience(time.Minute))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(other.End)
	t.Setenv("DOCKER_HOST", other.Host())
	for _, c := range [][]string{{"ps"}, {"up", l.file}, {"down"}} {
		if r := pseudowan(c...); r.code != 1 || !strings.Contains(r.stderr, "the Docker daemon at "+other.Host()+" does not have them") {
			t.Errorf("with another daemon: pseudowan %s: %+v", c, r)
		}
	}
	t.Setenv("DOCKER_HOST", d.Host())
	must(t, "verify", l.name)
	must(t, "down", l.name)
	if left := containers(t); left != "" {
		t.Errorf("containers left behind: %s", left)
	}
}
