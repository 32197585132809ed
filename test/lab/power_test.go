package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

// nodeState returns the state of a node by ps.
func nodeState(t testing.TB, l lab, node string) status.NodeState {
	t.Helper()
	var nodes []status.Node
	if err := json.Unmarshal([]byte(must(t, "ps", "--lab", l.name, "-o", "json")), &nodes); err != nil {
		t.Fatal(err)
	}
	for _, n := range nodes {
		if n.Node == node {
			return n.State
		}
	}
	t.Fatalf("ps does not list %s", node)
	return ""
}

// reaches waits until h1 reaches h2, or does not.
func (l lab) reaches(t testing.TB, want bool) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		r := l.exec("h1", "ping", "-c", "1", "-W", "1", "10.2.0.2")
		if (r.code == 0) != want {
			return fmt.Errorf("h1 reaches h2: %v, want %v\n%s", !want, want, r.stdout)
		}
		return nil
	})
}

// sessionAt waits until the router's session is established, or is not.
func sessionAt(t testing.TB, l lab, router string, up bool) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		rows := table[status.Peer](t, l, "peer", "--router", router)
		if len(rows) != 1 || (rows[0].State == status.SessionEstablished) != up {
			return fmt.Errorf("the session of %s is %+v", router, rows)
		}
		return nil
	})
}

// A stopped node has no processes, its neighbours lose the carrier, and nobody starts it
// until somebody says so; then the lab is as before.
func TestRealStopAndStart(t *testing.T) {
	l := smallLab(t, "pwt-power")
	l.up(t)
	for _, node := range []string{"pe2", "h2"} {
		must(t, "stop", "--lab", l.name, node)
		if got := nodeState(t, l, node); got != status.NodeStopped {
			t.Errorf("a stopped %s is %s", node, got)
		}
		l.reaches(t, false)
		if pids := processesIn(l.netns(node)); len(pids) > 0 {
			t.Errorf("in stopped %s run %v", node, pids)
		}
		killByArgs(syscall.SIGKILL, "keeper", l.name) // the next one does not start it, either
		eventually(t, 15*time.Second, func() error {
			if len(processesIn("/run/netns/pw-"+l.name)) == 0 {
				return errors.New("no keeper")
			}
			return nil
		})
		must(t, "stop", "--lab", l.name, node) // again
		if pids := processesIn(l.netns(node)); len(pids) > 0 {
			t.Errorf("in stopped %s run %v", node, pids)
		}
		if r := pseudowan("pause", "--lab", l.name, node); r.code != 1 || !strings.Contains(r.stderr, "is stopped") {
			t.Errorf("pause of a stopped node: exit code %d\n%s", r.code, r.stderr)
		}
		must(t, "start", "--lab", l.name, node)
		must(t, "wait", l.name, "--for", "converged", "--for", "node="+node)
		l.reaches(t, true)
		l.sound(t, "--tables")
	}
	must(t, "stop", "--lab", l.name, "pe2")
	sessionAt(t, l, "pe1", false)
	eventually(t, 15*time.Second, func() error {
		rows := table[status.Interface](t, l, "interface", "--router", "pe1")
		if !slices.ContainsFunc(rows, func(i status.Interface) bool { return i.Name == "eth1" && i.Oper == "down" }) {
			return fmt.Errorf("beside a stopped router, pe1 has %+v", rows)
		}
		return nil
	})
	must(t, "start", "--lab", l.name, "pe2")
	must(t, "restart", "--lab", l.name, "pe1")
	must(t, "restart", "--lab", l.name, "h1")
	must(t, "wait", l.name, "--for", "converged")
	l.works(t)
	l.sound(t)
	if r := pseudowan("stop", "--lab", l.name, "pe3"); r.code != 4 || !strings.Contains(r.stderr, "pe") {
		t.Errorf("stop of a node that is not there: exit code %d\n%s", r.code, r.stderr)
	}
}

// A paused router keeps its ports up and gets packets, its sessions end with their hold
// time, and the keeper leaves it alone. It runs on where it was.
func TestRealPause(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-pause", `name: pwt-pause
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30], bgp: {hold-time: 3s}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24], command: [sh, -c, "while :; do sleep 1; done", pwt-pause]}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`)
	l.up(t)
	before := processesIn(l.netns("pe2"))
	must(t, "pause", "--lab", l.name, "pe2")
	if got := nodeState(t, l, "pe2"); got != status.NodePaused {
		t.Errorf("a paused router is %s", got)
	}
	l.reaches(t, false)
	sessionAt(t, l, "pe1", false) // after the hold time
	for _, i := range table[status.Interface](t, l, "interface", "--router", "pe1") {
		if i.Oper != "up" {
			t.Errorf("beside a paused router, %+v", i)
		}
	}
	must(t, "start", "--lab", l.name, "pe2")
	must(t, "wait", l.name, "--for", "converged", "--for", "peer=192.168.0.2")
	l.reaches(t, true)
	if after := processesIn(l.netns("pe2")); !slices.Equal(before, after) {
		t.Errorf("pe2 had the processes %v, and has %v", before, after)
	}
	must(t, "pause", "--lab", l.name, "h1")
	if got := nodeState(t, l, "h1"); got != status.NodePaused {
		t.Errorf("a paused host is %s", got)
	}
	must(t, "start", "--lab", l.name, "h1")
	l.works(t)
	l.sound(t, "--tables")
}

// up starts whatever was stopped or paused, also together with an edit, and down removes
// it.
func TestRealUpStartsWhatWasStopped(t *testing.T) {
	l := smallLab(t, "pwt-halted")
	l.up(t)
	halt := func() {
		must(t, "stop", "--lab", l.name, "pe1")
		must(t, "pause", "--lab", l.name, "pe2")
		must(t, "stop", "--lab", l.name, "h1")
		must(t, "pause", "--lab", l.name, "h2")
	}
	halt()
	out := must(t, "up", l.file, "--runtime", "netns")
	for _, line := range []string{"started router pe1", "started router pe2", "started host h1", "started host h2"} {
		if !strings.Contains(out, line) {
			t.Errorf("up does not say %q:\n%s", line, out)
		}
	}
	l.works(t)
	l.sound(t)
	halt()
	must(t, "down", l.name)
	l.gone(t)
}
