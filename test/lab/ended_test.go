package lab

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// inBothRuntimes runs a test with hosts in namespaces and with hosts in
// containers.
func inBothRuntimes(t *testing.T, test func(t *testing.T, runtime string)) {
	for _, runtime := range []string{"netns", "docker"} {
		t.Run(runtime, func(t *testing.T) {
			if runtime == "docker" {
				useDocker(t)
			}
			test(t, runtime)
		})
	}
}

// node returns a node as ps lists it.
func node(t testing.TB, l lab, name string) status.Node {
	t.Helper()
	all := nodes(t, l)
	i := slices.IndexFunc(all, func(n status.Node) bool { return n.Node == name })
	if i < 0 {
		t.Fatalf("ps lists no %s: %+v", name, all)
	}
	return all[i]
}

// ps and logs show the end of a host's own command, its exit code and its last
// output, long after the process that started it has ended; up starts it again and
// says so.
func TestRealHostCommandEnds(t *testing.T) {
	inBothRuntimes(t, func(t *testing.T, runtime string) {
		l := fourHostLab(t, "pwt-end"+runtime, "h2: {to",
			`h2: {command: [sh, -c, "echo one; echo it cannot be; until rm /tmp/end 2>/dev/null; do sleep 0.05; done; printf 'last\\033[31m\\n'; exit 3"], to`)
		l.upIn(t, "--runtime", runtime)
		if n := node(t, l, "h2"); n.State != "running" || n.CommandState != "running" || n.ExitCode != nil || n.PID == 0 {
			t.Errorf("while it runs: %+v", n)
		}
		if n := node(t, l, "h1"); runtime == "netns" && (n.CommandState != "" || n.State != "running") {
			t.Errorf("a host without a command: %+v", n)
		}
		l.mustExec(t, "h2", "touch", "/tmp/end")
		eventually(t, 10*time.Second, func() error {
			if n := node(t, l, "h2"); n.CommandState != "ended" || n.State == "running" {
				return fmt.Errorf("%+v", n)
			}
			return nil
		})
		n := node(t, l, "h2")
		if n.ExitCode == nil || *n.ExitCode != 3 || !slices.Equal(n.LastLines, []string{"one", "it cannot be", "last[31m"}) {
			t.Errorf("ps: %+v", n)
		}
		if r := pseudowan("ps", "--lab", l.name); r.code != 0 || !strings.HasSuffix(r.stderr, "has ended, exit code 3\n  one\n  it cannot be\n  last[31m\n") {
			t.Errorf("ps: %+v", r)
		}
		for args, want := range map[string]string{"": "one\nit cannot be\nlast\x1b[31m\n", "-n 2": "it cannot be\nlast\x1b[31m\n", "-f": "one\nit cannot be\nlast\x1b[31m\n"} {
			if got := must(t, append([]string{"logs", "--lab", l.name, "h2"}, strings.Fields(args)...)...); got != want {
				t.Errorf("logs %s: %q", args, got)
			}
		}
		if out := must(t, "up", l.file, "--runtime", runtime); !strings.Contains(out, "restarted the command of host h2") && !strings.Contains(out, "restored host h2") {
			t.Errorf("up says %q", out)
		}
	})
}

// If a host's own command ends before the lab has converged, up fails; its error
// does not depend on the moment.
func TestRealHostCommandEndsDuringUp(t *testing.T) {
	inBothRuntimes(t, func(t *testing.T, runtime string) {
		for _, tt := range []struct {
			lasts string
			code  int
		}{{"0", 0}, {"0", 1}, {"0.02", 0}, {"0.06", 2}, {"0.15", 0}, {"0.4", 7}} {
			l := fourHostLab(t, "pwt-soon"+runtime, "h2: {to", fmt.Sprintf(
				`h2: {command: [sh, -c, "echo first; echo it cannot be; sleep %s; exit %d"], bgp: 65100, to`, tt.lasts, tt.code))
			r := pseudowan("up", l.file, "--runtime", runtime)
			want := fmt.Sprintf("pseudowan: lab %s has not converged; missing:\n"+
				"  host h2: its command sh has ended with exit code %d; its last output:\n    first\n    it cannot be\n", l.name, tt.code)
			if r.code != 3 || !strings.HasSuffix(r.stderr, want) {
				t.Errorf("it lasts %s s: exit code %d\n%s", tt.lasts, r.code, r.stderr)
			}
			if left := residue(l); len(left) > 0 {
				t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
			}
		}
	})
}

// A router's log is its agent's.
func TestRealRouterLog(t *testing.T) {
	l := sharedLab(t)
	path := "/run/pseudowan/" + l.name + "/pe1/agent.log"
	log, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	if _, err := log.WriteString("a word\nand another\n"); err != nil {
		t.Fatal(err)
	}
	if got := must(t, "logs", "--lab", l.name, "pe1", "--tail", "2"); got != "a word\nand another\n" {
		t.Errorf("logs: %q", got)
	}
	if r := pseudowan("logs", "--lab", l.name, "host_001_101"); r.code != 0 || r.stdout != "" || !strings.Contains(r.stderr, "no command of its own") {
		t.Errorf("of a host without a command: %+v", r)
	}
	if r := pseudowan("logs", "--lab", l.name, "pe7"); r.code != 4 {
		t.Errorf("of an unknown node: %+v", r)
	}
}
