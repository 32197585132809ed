package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

// Loopbacks of the two ends.
const ourLoopback, farLoopback = "10.255.0.1", "10.255.0.2"

// testLoopback has a session between loopbacks. What the peer announces with its own
// as next hop goes out with its label.
func testLoopback(t *testing.T, s *scene) {
	mustRun(t, "ip", "-n", farNetns, "addr", "add", farLoopback+"/32", "dev", "lo")
	t.Cleanup(func() { command("ip", "-n", farNetns, "addr", "del", farLoopback+"/32", "dev", "lo") })
	mustRun(t, "ip", "-n", farNetns, "route", "add", ourLoopback, "via", ourIPv4)
	t.Cleanup(func() { command("ip", "-n", farNetns, "route", "del", ourLoopback) })
	r := farV4
	r.nextHop = farLoopback
	c := terms{as: 65002, local: farLoopback, remote: ourLoopback, hops: 2}
	const way = "via: 192.168.0.2, update-source: 10.255.0.1"
	s.begin(t, c, way+", multihop: 2", r)
	if s.make() == "BIRD" { // it puts itself in the place of a next hop with a label
		s.unusable(t, r, "")
	} else {
		s.arrives(t, "red", r)
		s.leavesWith(t, r)
	}
	if got := s.hears(t, ourV4); got.nextHop != ourLoopback {
		t.Errorf("%s has heard the next hop %s", s.make(), got.nextHop)
	}
	before := s.session(t, c.local)
	s.edited(t, c, way+", multihop: 2, stale-path-time: 30, med: 7")
	s.stood(t, before)
	s.shows(t, c, "local 10.255.0.1 of AS 65001", "via 192.168.0.2", "multihop 2", "stale-path-time 30s", "med 7")
	guarded := c
	guarded.gtsm = true
	s.edited(t, c, way+", gtsm: 1")
	s.start(guarded)
	s.established(t, c.local) // a loopback of the neighbour is one hop away
	guarded.gtsm = false
	s.edited(t, c, way+", gtsm: 2")
	s.start(guarded)
	s.refused(t, c, "TCPMinTTLDrop") // a TTL of 2 is not 254
}

// shows checks what show neighbor says of the session, and that its JSON has every
// setting.
func (s *scene) shows(t *testing.T, c terms, wanted ...string) {
	t.Helper()
	out := strings.Join(strings.Fields(mustRun(t, program, "show", "neighbor", "--lab", s.lab.name, c.local)), " ")
	for _, want := range wanted {
		if !strings.Contains(out, want) {
			t.Errorf("show neighbor does not say %q: %s", want, out)
		}
	}
	rows := table[status.Peer](t, s.lab, "neighbor", c.local)
	if len(rows) != 1 || len(rows[0].Settings) < 30 || rows[0].HoldTime != holdTime {
		t.Errorf("%+v", rows)
	}
}

// leavesWith sends a packet to what the peer announces, and waits for it at the other
// end, with its label.
func (s *scene) leavesWith(t *testing.T, r route) {
	t.Helper()
	needs(t, "tcpdump")
	dump := exec.Command("ip", "netns", "exec", farNetns, "timeout", "20", "tcpdump", "-l", "-n", "-c", "1", "-i", farNIC, "mpls", fmt.Sprint(r.label))
	var out strings.Builder
	dump.Stdout = &out
	if err := dump.Start(); err != nil {
		t.Fatal(err)
	}
	seen := make(chan error, 1)
	go func() { seen <- dump.Wait() }()
	host := strings.TrimSuffix(r.prefix, "0/24") + "1"
	for {
		s.exec("red", "ping", "-n", "-c", "1", "-W", "1", host)
		select {
		case err := <-seen:
			if err != nil {
				t.Fatalf("no packet with label %d has come: %v", r.label, err)
			}
			return
		default:
		}
	}
}

// testRestartParts has the router keep nothing of a peer that restarts, then keep it
// and ask for nothing.
func testRestartParts(t *testing.T, s *scene) {
	c := s.terms()
	c.restart = 20
	s.begin(t, c, "graceful-restart: off", farV4)
	s.arrives(t, "red", farV4)
	s.kill(t)
	s.goes(t, 5*time.Second, "red", farV4)
	s.edited(t, c, "graceful-restart: helper")
	s.start(c)
	s.arrives(t, "red", farV4)
	s.hears(t, ourV4)
	s.withoutAgent(t, func() {
		eventually(t, 10*time.Second, func() error {
			if got := s.heard(ourV4); got != nil {
				return fmt.Errorf("%s keeps %+v", s.make(), *got)
			}
			return nil
		})
	})
	s.backWith(t, c.local)
	s.arrives(t, "red", farV4)
	s.kill(t)
	s.down(t, c)
	if s.path(t, "red", farV4.prefix, farV4.nextHop) == nil {
		t.Error("the helper has not kept the route")
	}
}

// withoutAgent runs a function while the router has no agent.
func (s *scene) withoutAgent(t *testing.T, do func()) {
	t.Helper()
	keeper := s.keeper(t)
	agent := s.agent(t)
	if err := syscall.Kill(keeper, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(keeper, syscall.SIGCONT)
	if err := syscall.Kill(agent, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	do()
}

// keeper is the process that would start another agent.
func (s *scene) keeper(t *testing.T) int {
	t.Helper()
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, file := range files {
		line, _ := os.ReadFile(file)
		if strings.Contains(string(line), "\x00keeper\x00--lab\x00"+s.lab.name+"\x00") {
			pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("the lab has no keeper")
	return 0
}

// backWith waits until the session is up, perhaps of another agent.
func (s *scene) backWith(t *testing.T, peer string) {
	t.Helper()
	eventually(t, 40*time.Second, func() error {
		p, err := s.trySession(peer)
		if err == nil && p.State != "established" {
			err = fmt.Errorf("the session is %s: %s", p.State, p.LastError)
		}
		return err
	})
}

// ribRow finds the peer's path to a prefix.
func (s *scene) ribRow(t *testing.T, r route) *status.RIB {
	t.Helper()
	for _, row := range table[status.RIB](t, s.lab, "rib", "--router", "pe1") {
		if row.Prefix.String() == r.prefix && row.RD == r.rd {
			return &row
		}
	}
	return nil
}

// testPeerLongLived has the peer stay away for longer than its restart time, and come
// back, then stay away for good.
func testPeerLongLived(t *testing.T, s *scene) {
	whole(t)
	c := s.terms()
	c.restart, c.longLived = 3, 600
	const long = "long-lived-stale-time: 20"
	s.begin(t, c, long, farV4)
	s.arrives(t, "red", farV4)
	s.shows(t, c, "vpnv4 routes of the peer are kept 3 s and as the last resort 20 s",
		"vpnv4 routes of this router by the peer 60 s and as the last resort 20 s", "long-lived-stale-time 20s")
	s.kill(t)
	lastResort := func() {
		t.Helper()
		eventually(t, 25*time.Second, func() error {
			row := s.ribRow(t, farV4)
			if row == nil || !slices.Contains(row.Communities, "llgr-stale") {
				return fmt.Errorf("the path is %+v", row)
			}
			return nil
		})
	}
	lastResort()
	if got := s.path(t, "red", farV4.prefix, farV4.nextHop); got == nil || !got.Best {
		t.Errorf("the last resort is not used: %+v", got)
	}
	s.start(c)
	s.established(t, c.local)
	eventually(t, 15*time.Second, func() error {
		if row := s.ribRow(t, farV4); row == nil || slices.Contains(row.Communities, "llgr-stale") {
			return fmt.Errorf("the path is %+v", row)
		}
		return nil
	})
	s.edited(t, c, "long-lived-stale-time: 4")
	s.established(t, c.local)
	s.arrives(t, "red", farV4)
	s.kill(t)
	lastResort()
	s.goes(t, 15*time.Second, "red", farV4)
}

// testRouterLongLived has the peer keep a route of ours when the router stays away.
func testRouterLongLived(t *testing.T, s *scene) {
	c := s.terms()
	c.restart, c.longLived = 60, 600
	s.begin(t, c, "restart-time: 2, long-lived-stale-time: 300")
	s.hears(t, ourV4)
	s.withoutAgent(t, func() {
		eventually(t, 25*time.Second, func() error {
			got := s.heard(ourV4)
			if got == nil {
				t.Fatalf("%s has not kept the route", s.make())
			}
			if !slices.ContainsFunc(got.communities, func(c string) bool { return c == "llgr-stale" || c == "llgrStale" || c == "65535:6" }) {
				return fmt.Errorf("%s has %+v", s.make(), *got)
			}
			return nil
		})
	})
	s.backWith(t, c.local)
	eventually(t, 30*time.Second, func() error {
		if got := s.heard(ourV4); got == nil || len(got.communities) > 0 {
			return fmt.Errorf("%s has %+v", s.make(), got)
		}
		return nil
	})
}

func testNotifications(t *testing.T, s *scene) {
	f, ok := s.peer.(*frr)
	if !ok {
		t.Skip(s.make() + " knows nothing of RFC 8538")
	}
	c := s.terms()
	c.restart, c.notifies = 30, true
	s.begin(t, c, "graceful-restart-notification: true", farV4)
	s.arrives(t, "red", farV4)
	s.hears(t, ourV4)
	before := s.session(t, c.local)
	s.shows(t, c, "also after NOTIFICATIONs")
	f.vtysh("clear bgp *")
	for {
		p := s.session(t, c.local)
		if got := s.path(t, "red", farV4.prefix, farV4.nextHop); got == nil {
			t.Fatalf("the route has gone with the session: %s", p.LastError)
		}
		if p.State == "established" && p.Since.After(before.Since) {
			break
		}
	}
	f.configureGlobal("bgp hard-administrative-reset")
	f.vtysh("clear bgp *")
	eventually(t, 20*time.Second, func() error {
		said := command(program, "logs", "--lab", labName, "pe1").stdout
		if !strings.Contains(said, "hard reset") {
			return fmt.Errorf("no hard reset:\n%s", said[max(0, len(said)-800):])
		}
		return nil
	})
	s.established(t, c.local)
	s.arrives(t, "red", farV4)
}

// configureGlobal configures FRR's BGP.
func (f *frr) configureGlobal(line string) {
	f.t.Helper()
	f.vtysh("configure terminal", fmt.Sprintf("router bgp %d", f.terms.as), line)
}
