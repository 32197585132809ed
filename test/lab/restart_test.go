package lab

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ours finds the lab's own processes by their command lines.
func (l lab) ours(t *testing.T, want string) (pids []int) {
	t.Helper()
	for pid, line := range commandLines(t) {
		if line == want {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (l lab) agents(t *testing.T, router string) []int {
	return l.ours(t, "/proc/self/exe agent --lab "+l.name+" --router "+router)
}

func (l lab) keepers(t *testing.T) []int {
	return l.ours(t, "/proc/self/exe keeper --lab "+l.name)
}

// daemon returns the pid of one of the two daemons of a router's switch.
func (l lab) daemon(t *testing.T, router, name string) []int {
	t.Helper()
	var pid int
	eventually(t, 20*time.Second, func() error { // it may just be starting again
		data, err := os.ReadFile(filepath.Join("/run/pseudowan", l.name, router, "run/openvswitch", name+".pid"))
		if err == nil {
			pid, err = strconv.Atoi(strings.TrimSpace(string(data)))
		}
		return err
	})
	return []int{pid}
}

func signalAll(t *testing.T, pids []int, s syscall.Signal) {
	t.Helper()
	if len(pids) == 0 {
		t.Fatal("there is no such process")
	}
	for _, pid := range pids {
		if err := syscall.Kill(pid, s); err != nil && !errors.Is(err, syscall.ESRCH) {
			t.Fatal(err)
		}
	}
}

var received = regexp.MustCompile(`(\d+) packets transmitted, (\d+) received`)

// lostWhile pings every 10 ms for some seconds, breaks something after half a
// second, and returns how many packets got no answer.
func (l lab) lostWhile(t *testing.T, from, to string, seconds int, ruin func(), options ...string) int {
	t.Helper()
	args := append([]string{"--net=" + l.netns(from), "ping", "-n", "-q", "-i", "0.01", "-c", strconv.Itoa(100 * seconds)}, options...)
	cmd := exec.Command("nsenter", append(args, to)...)
	var out strings.Builder
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	time.Sleep(500 * time.Millisecond) // until the ping has begun
	ruin()
	<-ended // the output has more than the exit code
	m := received.FindStringSubmatch(out.String())
	if m == nil {
		t.Fatalf("ping says\n%s", out.String())
	}
	sent, _ := strconv.Atoi(m[1])
	got, _ := strconv.Atoi(m[2])
	return sent - got
}

// whole proves that the lab is complete: it has one keeper and one agent per
// router, each with its own switch, and every packet goes where it should.
func (l lab) whole(t *testing.T, routers ...string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if n := len(l.keepers(t)); n != 1 {
			return fmt.Errorf("%d keepers", n)
		}
		for _, r := range routers {
			if n := len(l.agents(t, r)); n != 1 {
				return fmt.Errorf("%d agents of %s", n, r)
			}
		}
		for _, n := range nodes(t, l) {
			if n.State != "running" || n.Kind == "router" && n.Datapath == "" {
				return fmt.Errorf("%s: %q, datapath %q", n.Node, n.State, n.Datapath)
			}
		}
		if r := pseudowan("verify", l.name); r.code != 0 {
			return fmt.Errorf("verify: %s%s", r.stdout, r.stderr)
		}
		return nil
	})
}

// If any process of a lab is killed or stopped, packets keep flowing, and it is
// replaced. A killed switch costs less than 300 ms. On a busy machine, the best of
// several attempts counts.
func TestRealForwardingOutlivesControl(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-outlive")
	l.up(t)
	pe1 := func() []int { return l.agents(t, "pe1") }
	both := func() []int { return append(l.agents(t, "pe1"), l.agents(t, "pe2")...) }
	keeper := func() []int { return l.keepers(t) }
	daemon := func(name string) func() []int { return func() []int { return l.daemon(t, "pe1", name) } }
	const hung = 200 // a switch that hangs forwards nothing before it is noticed
	for _, c := range []struct {
		what  string
		pids  func() []int
		how   syscall.Signal
		limit int
	}{
		{"an agent is killed", pe1, syscall.SIGKILL, 0},
		{"an agent is stopped", pe1, syscall.SIGSTOP, 0},
		{"an agent is asked to end", pe1, syscall.SIGTERM, 0},
		{"both agents are killed", both, syscall.SIGKILL, 0},
		{"the keeper is killed", keeper, syscall.SIGKILL, 0},
		{"the keeper is stopped", keeper, syscall.SIGSTOP, 0},
		{"the keeper is asked to end", keeper, syscall.SIGTERM, 0},
		{"keeper and agents are killed one after the other", func() []int { return append(keeper(), pe1()...) }, syscall.SIGKILL, 0},
		{"ovsdb-server is killed", daemon("ovsdb-server"), syscall.SIGKILL, 0},
		{"ovs-vswitchd is killed", daemon("ovs-vswitchd"), syscall.SIGKILL, 30},
		{"ovs-vswitchd is stopped", daemon("ovs-vswitchd"), syscall.SIGSTOP, hung},
	} {
		best := 1 << 20
		for try := 0; try < 4 && best > c.limit; try++ {
			before := c.pids()
			best = min(best, l.lostWhile(t, "host_001_101", "130.1.3.4", 4, func() { signalAll(t, before, c.how) }))
			eventually(t, 10*time.Second, func() error {
				for _, pid := range before {
					for _, now := range c.pids() {
						if pid == now {
							return fmt.Errorf("%s: process %d still exists", c.what, pid)
						}
					}
				}
				return nil
			})
			l.whole(t, "pe1", "pe2")
		}
		t.Logf("%s: %d of 400 packets are lost", c.what, best)
		if best > c.limit {
			t.Errorf("%s: %d packets are lost, want at most %d", c.what, best, c.limit)
		}
	}
	if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, "restarted router pe1\n") || strings.Contains(said, "nothing to change") {
		t.Errorf("up says\n%s", said)
	}
	if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, "nothing to change") {
		t.Errorf("the next up says\n%s", said)
	}
	must(t, "down", l.name)
	if left := residue(l); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

// The routes of customers that speak BGP survive their router's agent, with their
// labels: GoBGP and BIRD in one lab, FRR in the other.
func TestRealCustomersOutliveARestart(t *testing.T) {
	t.Parallel() // it waits more than it works
	for _, c := range []struct {
		needs                []string
		name, from, src, dst string
		lab                  func() lab
	}{
		{[]string{"gobgpd", "gobgp", "bird", "birdc"}, "pwt-cegr", "red-b", "172.16.2.1", "172.16.1.1",
			func() lab { return fromCatalog(t, t.TempDir(), "ce-bgp", "pwt-cegr") }},
		{[]string{"vtysh"}, "pwt-frrgr", "host", "10.2.0.2", "172.16.1.1",
			func() lab { return fromTestdata(t, "ce-frr.yaml", "pwt-frrgr") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			needs(t, c.needs...)
			l := c.lab()
			l.up(t)
			l.pings(t, c.from, "-I", c.src, c.dst)
			label := *l.route(t, "pe1", "red", "172.16.1.0/24").Label
			for _, router := range []string{"pe1", "pe2"} {
				best := 1 << 20
				for try := 0; try < 3 && best > 0; try++ {
					best = min(best, l.lostWhile(t, c.from, c.dst, 12, func() { signalAll(t, l.agents(t, router), syscall.SIGKILL) }, "-I", c.src))
					l.whole(t, "pe1", "pe2")
				}
				if best > 0 {
					t.Errorf("the agent of %s is killed: %d packets are lost", router, best)
				}
			}
			if now := *l.route(t, "pe1", "red", "172.16.1.0/24").Label; now != label {
				t.Errorf("the label was %d and is %d", label, now)
			}
		})
	}
}

// A lab whose processes are killed again and again heals, and ends clean.
func TestRealKilledAgainAndAgain(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "pseudo-wan", "pwt-again")
	l.up(t)
	for i := range rounds(24) {
		var victims []int
		switch i % 4 {
		case 0:
			victims = l.agents(t, "pe1")
		case 1:
			victims = l.keepers(t)
		case 2:
			victims = l.daemon(t, "pe2", "ovs-vswitchd")
		case 3:
			victims = l.agents(t, "pe2")
		}
		for _, pid := range victims {
			syscall.Kill(pid, syscall.SIGKILL) // it may not be running just now
		}
		time.Sleep(300 * time.Millisecond)
	}
	l.whole(t, "pe1", "pe2")
	must(t, "down", l.name)
	if left := residue(l); len(left) > 0 {
		t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
	}
}

// What somebody breaks in a running lab heals without a command, and the next up
// reports it.
func TestRealHealsByItself(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-self", strings.Replace(oneRouter, "pwt-heal", "pwt-self", 1))
	l.up(t)
	for _, c := range []struct {
		argv []string
		told string
	}{
		{[]string{"ip", "netns", "del", "pw-" + l.name + "-pe1"}, "gave namespace pw-pwt-self-pe1 its name back"},
		{[]string{"ip", "netns", "del", "pw-" + l.name}, "gave namespace pw-pwt-self its name back"},
		{[]string{program, "exec", "--lab", l.name, "pe1", "--", "ovs-vsctl", "remove", "bridge", "br0", "fail_mode", "secure"}, "router pe1: restored the settings of br0"},
		{[]string{program, "exec", "--lab", l.name, "pe1", "--", "ovs-vsctl", "del-br", "br0"}, "router pe1: restored br0, which was removed"},
		{[]string{"rm", "/run/pseudowan/" + l.name + "/pe1/run/openvswitch/db.sock"}, "router pe1: restarted ovsdb-server, which had ended"},
	} {
		if r := command(c.argv...); r.code != 0 {
			t.Fatalf("%q: %s", c.argv, r.stderr)
		}
		begin := time.Now()
		eventually(t, 15*time.Second, func() error {
			data, err := os.ReadFile("/run/pseudowan/" + l.name + "/.mended")
			if err != nil || !strings.Contains(string(data), c.told) {
				return fmt.Errorf("%q: not noted: %s", c.argv, c.told)
			}
			if mode := strings.TrimSpace(l.exec("pe1", "ovs-vsctl", "get-fail-mode", "br0").stdout); mode != "secure" {
				return fmt.Errorf("%q: fail_mode is %q", c.argv, mode)
			}
			if r := l.exec("h1", "ping", "-c", "1", "-W", "1", "10.2.0.2"); r.code != 0 {
				return fmt.Errorf("%q: no way through the router", c.argv)
			}
			return nil
		})
		t.Logf("%q: healed after %s", c.argv, time.Since(begin).Round(10*time.Millisecond))
		if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, c.told+"\n") {
			t.Errorf("%q: up says\n%s", c.argv, said)
		}
		if said := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(said, "nothing to change") {
			t.Errorf("%q: the up after that says\n%s", c.argv, said)
		}
	}
}

// If everything hangs, only up can notice.
func TestRealUpReplacesWhatHangs(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-hang", strings.Replace(oneRouter, "pwt-heal", "pwt-hang", 1))
	l.up(t)
	for _, what := range []string{"ovs-vswitchd", "ovsdb-server", "agent and keeper"} {
		pids := append(l.keepers(t), l.agents(t, "pe1")...)
		if what != "agent and keeper" {
			pids = l.daemon(t, "pe1", what)
		}
		signalAll(t, pids, syscall.SIGSTOP)
		if what == "agent and keeper" {
			for _, n := range nodes(t, l) {
				if n.Kind == "router" && n.State == "running" && n.PID == pids[1] {
					t.Errorf("ps says that %s is running", n.Node)
				}
			}
		}
		must(t, "up", l.file, "--runtime", "netns", "--timeout", "5s")
		if r := l.exec("h1", "ping", "-c", "1", "-W", "2", "10.2.0.2"); r.code != 0 {
			t.Errorf("%s hung, then up: no way through the router", what)
		}
		l.whole(t, "pe1")
	}
}
