package lab

import (
	"fmt"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/status"
)

// routesOf returns the paths to a prefix in a router's VRF, as "next hop reason",
// with a star for those that packets take.
func routesOf(t testing.TB, l lab, router, vrf, prefix string) []string {
	t.Helper()
	var out []string
	for _, v := range table[status.VRF](t, l, "vrf", "--router", router, "--vrf", vrf) {
		for _, r := range v.Routes {
			if r.Prefix.String() != prefix {
				continue
			}
			mark := ""
			if r.Best {
				mark = "* "
			}
			out = append(out, mark+r.NextHop.String()+" "+r.Reason)
		}
	}
	return out
}

// mustHaveRoutes waits until the paths to a prefix are the wanted ones.
func mustHaveRoutes(t testing.TB, l lab, router, vrf, prefix string, want ...string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if got := routesOf(t, l, router, vrf, prefix); !slices.Equal(got, want) {
			return fmt.Errorf("%s in VRF %s of %s: %q; want %q", prefix, vrf, router, got, want)
		}
		return nil
	})
}

// sent returns how many packets have left a router's port.
func sent(t testing.TB, l lab, router, port string) uint64 {
	t.Helper()
	for _, p := range table[status.Port](t, l, "port", "--router", router) {
		if p.Name == port {
			return p.TxPackets
		}
	}
	t.Fatalf("router %s has no port %s", router, port)
	return 0
}

const parallelLinks = `
name: pwt-parallel
defaults: {router: {as: 65000}}
routers: {pe1: {id: 10.0.0.1}, pe2: {id: 10.0.0.2}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.1.0/30]}
- {ends: [pe1:eth2, pe2:eth2], subnets: ["2001:db8:ffff::/64"]}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], lans: [10.20.0.1/24, "2001:db8:20::1/64"]}
`

// Two links between two routers share the flows, and each flow stays on one link;
// if a link fails, everything uses the other.
func TestRealParallelLinks(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-parallel", parallelLinks)
	l.up(t)
	ways := []string{"* 192.168.1.2 Multipath", "* 2001:db8:ffff::2 Multipath"}
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", ways...)
	mustHaveRoutes(t, l, "pe1", "red", "2001:db8:20::/64", ways...)
	t.Run("many flows", func(t *testing.T) {
		before := [2]uint64{sent(t, l, "pe1", "eth1"), sent(t, l, "pe1", "eth2")}
		flows := flowPackets(t, l)
		const destinations = 24
		for i := range destinations {
			checkReach(t, l, []reach{{"a", fmt.Sprintf("10.20.0.%d", i+1), true}, {"a", fmt.Sprintf("2001:db8:20::%x", i+1), true}})
		}
		for i, port := range []string{"eth1", "eth2"} {
			if got := sent(t, l, "pe1", port) - before[i]; got < destinations/4 {
				t.Errorf("%d packets of %d flows leave %s", got, 2*destinations, port)
			}
		}
		after := flowPackets(t, l)
		for row, n := range after {
			if strings.HasPrefix(row, "pe1 red out 10.20.0.0/24 ") && n-flows[row] != destinations {
				t.Errorf("row %q rose by %d; want %d", row, n-flows[row], destinations)
			}
		}
	})
	t.Run("one flow", func(t *testing.T) {
		for _, to := range []string{"10.20.0.77", "2001:db8:20::77"} {
			testOneFlow(t, l, to)
		}
	})
	t.Run("failover", func(t *testing.T) {
		outage := outageOf(t, l, "a", []string{"10.20.0.1", "10.20.0.2", "10.20.0.3", "2001:db8:20::1", "2001:db8:20::2"}, func() {
			l.mustExec(t, "pe2", "ip", "link", "set", "eth1", "down")
		})
		t.Logf("a link between two routers is cut: %s without an answer", outage)
		if outage > 5*time.Second {
			t.Errorf("outage of %s", outage)
		}
		mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", "* 2001:db8:ffff::2 Reachable Next Hop", "192.168.1.2 Unreachable Next Hop")
		l.mustExec(t, "pe2", "ip", "link", "set", "eth1", "up")
		mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", ways...)
	})
}

// testOneFlow shows that the packets of one flow stay on one path. BGP sends some
// packets, too.
func testOneFlow(t *testing.T, l lab, to string) {
	t.Helper()
	const pings = 100
	before := [2]uint64{sent(t, l, "pe1", "eth1"), sent(t, l, "pe1", "eth2")}
	l.mustExec(t, "a", "ping", "-n", "-q", "-c", strconv.Itoa(pings), "-i", "0.01", to)
	one, two := sent(t, l, "pe1", "eth1")-before[0], sent(t, l, "pe1", "eth2")-before[1]
	if max(one, two) < pings || min(one, two) > pings/2 {
		t.Errorf("%d pings to %s: %d packets leave eth1, %d eth2", pings, to, one, two)
	}
}

// stamped matches the time of an answer as ping -D prints it.
var stamped = regexp.MustCompile(`(?m)^\[([0-9.]+)\] .* bytes from`)

// outageOf pings addresses while something happens, and returns the longest time
// that one of them did not answer. It waits until all answer again.
func outageOf(t testing.TB, l lab, from string, to []string, happens func()) time.Duration {
	t.Helper()
	const interval = 20 * time.Millisecond
	var pings []*exec.Cmd
	var outputs []*strings.Builder
	for _, a := range to {
		var out strings.Builder
		cmd := exec.Command("nsenter", "--net="+l.netns(from), "ping", "-n", "-D", "-i", fmt.Sprint(interval.Seconds()), "-w", "60", a)
		cmd.Stdout = &out
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		pings, outputs = append(pings, cmd), append(outputs, &out)
	}
	for _, a := range to { // the pings have begun
		l.mustExec(t, from, "ping", "-n", "-c", "3", "-i", "0.1", a)
	}
	happens()
	for _, a := range to {
		eventually(t, 30*time.Second, func() error {
			if r := l.exec(from, "ping", "-n", "-c", "5", "-i", "0.05", "-W", "1", a); !strings.Contains(r.stdout, " 5 received") {
				return fmt.Errorf("%s does not answer again:\n%s", a, r.stdout)
			}
			return nil
		})
	}
	var worst time.Duration
	for i, cmd := range pings {
		cmd.Process.Signal(syscall.SIGINT)
		cmd.Wait()
		worst = max(worst, longestPause(t, outputs[i].String()))
	}
	return worst
}

func longestPause(t testing.TB, output string) time.Duration {
	t.Helper()
	var worst, last float64
	for _, m := range stamped.FindAllStringSubmatch(output, -1) {
		at, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			t.Fatal(err)
		}
		if last > 0 {
			worst = max(worst, at-last)
		}
		last = at
	}
	if last == 0 {
		t.Fatalf("ping printed no answer:\n%s", output)
	}
	return time.Duration(worst * float64(time.Second))
}

const dualHomed = `
name: pwt-homes
defaults: {router: {as: 65000}}
routers: {pe1: {id: 10.0.0.1}, pe2: {id: 10.0.0.2}, pe3: {id: 10.0.0.3}}
links: [{ends: {pe1:eth1: {}, pe2:eth1: {}, pe3:eth1: %s}, subnets: [192.168.0.0/29], bgp: full-mesh}]
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b:
    attach:
    - {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"], routes: [0.0.0.0/0, "::/0"]}
    - {to: pe3, vrf: red, addresses: [10.3.0.2/24, "2001:db8:3::2/64"], routes: [0.0.0.0/0, "::/0"]}
    lans: [10.20.0.1/24, "2001:db8:20::1/64"]
    lans-via: [eth0, eth1]
`

// A host with two routers is reached through both and, if a wire or a router fails,
// through the other one.
func TestRealDualHomed(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-homes", fmt.Sprintf(dualHomed, "{}"))
	l.up(t)
	lans := []string{"10.20.0.1", "10.20.0.2", "10.20.0.3", "2001:db8:20::1", "2001:db8:20::2"}
	ways := []string{"* 192.168.0.2 Multipath", "* 192.168.0.3 Multipath"}
	for _, prefix := range []string{"10.20.0.0/24", "2001:db8:20::/64"} {
		mustHaveRoutes(t, l, "pe1", "red", prefix, ways...)
	}
	outage := outageOf(t, l, "a", lans, func() { l.mustExec(t, "b", "ip", "link", "set", "eth0", "down") })
	t.Logf("a host's wire is cut: %s without an answer", outage)
	if outage > 5*time.Second {
		t.Errorf("outage of %s after a wire was cut", outage)
	}
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", "* 192.168.0.3 Only Path")
	l.mustExec(t, "b", "ip", "link", "set", "eth0", "up")
	must(t, "up", l.file, "--runtime", "netns") // the routes that the host lost with its link
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", ways...)

	outage = outageOf(t, l, "a", lans, func() { l.kill(t, "pe3") })
	t.Logf("a router dies behind a LAN, with carrier at its peers: %s without an answer", outage)
	if outage > 15*time.Second { // the hold time is 40 s
		t.Errorf("outage of %s after a router's death", outage)
	}
	// Its routes are there again as soon as the keeper has made it anew.
	eventually(t, 20*time.Second, func() error {
		if events := must(t, "events", "--lab", l.name); !strings.Contains(events, "next hop 192.168.0.3 is unreachable") {
			return fmt.Errorf("pe1 has not noticed that pe3 is gone:\n%s", events)
		}
		return nil
	})
	must(t, "up", l.file, "--runtime", "netns")
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", ways...)
	checkReach(t, l, []reach{{"a", "10.20.0.1", true}, {"a", "2001:db8:20::1", true}})
}

// kill ends everything in a router at once and darkens its wires. Its
// namespace is lost, so that nothing can be started there again until the keeper has made
// another.
func (l lab) kill(t testing.TB, router string) {
	t.Helper()
	name := "pw-" + l.name + "-" + router
	pids, err := exec.Command("ip", "netns", "pids", name).Output()
	if err != nil || len(strings.Fields(string(pids))) == 0 {
		t.Fatalf("no process runs in %s: %v", router, err)
	}
	wires, err := exec.Command("ip", "-n", name, "-br", "link", "show", "type", "veth").Output()
	if err != nil {
		t.Fatal(err)
	}
	exec.Command("kill", append([]string{"-9"}, strings.Fields(string(pids))...)...).Run() // some end with others
	for line := range strings.Lines(string(wires)) {
		wire, _, _ := strings.Cut(strings.Fields(line)[0], "@")
		if out, err := exec.Command("ip", "-n", name, "link", "set", wire, "down").CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", wire, err, out)
		}
	}
	if out, err := exec.Command("ip", "netns", "del", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// Of two routers with the same prefix, the one with the higher local preference is
// used; the other is the backup.
func TestRealBestAndBackup(t *testing.T) {
	text := strings.ReplaceAll(fmt.Sprintf(dualHomed, "{bgp: {med: 50}}"), "pwt-homes", "pwt-backup")
	l := fromText(t, t.TempDir(), "pwt-backup", text)
	l.up(t)
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", "* 192.168.0.2 MED", "192.168.0.3 MED")
	for _, prefix := range []string{"10.20.0.0/24", "2001:db8:20::/64"} {
		mustHaveBackup(t, l, prefix, "192.168.0.3")
	}
	testOneExit(t, l, "pe2", "pe3")
	l.mustExec(t, "b", "ip", "link", "set", "eth0", "down")
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", "* 192.168.0.3 Only Path")
	testOneExit(t, l, "pe3", "pe2")
}

// mustHaveBackup waits until one path to a prefix in pe1's VRF is marked as the backup.
func mustHaveBackup(t *testing.T, l lab, prefix, nextHop string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		var backups []string
		for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", "red", "--prefix", prefix) {
			for _, r := range v.Routes {
				if r.Backup {
					backups = append(backups, r.NextHop.String())
				}
			}
		}
		if !slices.Equal(backups, []string{nextHop}) {
			return fmt.Errorf("the backups of %s are %q; want %s", prefix, backups, nextHop)
		}
		return nil
	})
}

// testOneExit shows that every flow from a leaves by one router.
func testOneExit(t *testing.T, l lab, takes, idles string) {
	t.Helper()
	row := func(router string) (n uint64) {
		for name, packets := range flowPackets(t, l) {
			if strings.HasPrefix(name, router+" red in ") {
				n += packets
			}
		}
		return n
	}
	before := [2]uint64{row(takes), row(idles)}
	const flows = 8
	for i := range flows {
		checkReach(t, l, []reach{{"a", fmt.Sprintf("10.20.0.%d", i+1), true}})
	}
	if got := row(takes) - before[0]; got < flows {
		t.Errorf("%d labelled packets of %d come to %s", got, flows, takes)
	}
	if got := row(idles) - before[1]; got != 0 {
		t.Errorf("%d labelled packets come to %s, the backup", got, idles)
	}
}

// If the addresses between routers change, both start afresh, and up waits for that.
func TestRealRenumberedCore(t *testing.T) {
	dir := t.TempDir()
	text := strings.ReplaceAll(parallelLinks, "pwt-parallel", "pwt-renumber")
	l := fromText(t, dir, "pwt-renumber", text)
	l.up(t)
	fromText(t, dir, l.name, strings.ReplaceAll(text, "192.168.1.0/30", "192.168.9.0/30"))
	must(t, "up", l.file, "--runtime", "netns")
	mustHaveRoutes(t, l, "pe1", "red", "10.20.0.0/24", "* 192.168.9.2 Multipath", "* 2001:db8:ffff::2 Multipath")
	checkReach(t, l, append(both("a", 2, true), both("b", 1, true)...))
}
