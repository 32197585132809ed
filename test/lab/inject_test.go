package lab

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"pseudowan/bgp/mrt"
	"pseudowan/status"
)

const injectLab = `name: x
routers:
  pe1: {as: 65001}
  pe2: {as: 65001}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "65001:1"}, blue: {rts: "65001:2"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: pe2, vrf: red, addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  c: {to: pe2, vrf: blue, addresses: [10.1.0.2/24]}
`

// injected returns the routes that a router has received from a speaker.
func (l lab) injected(t testing.TB, name string) []status.SessionRoute {
	t.Helper()
	return table[status.SessionRoute](t, l, "neighbor", name, "received")
}

// hasInjected waits until a router has so many routes of speakers.
func (l lab) hasInjected(t testing.TB, n int) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		r := pseudowan("show", "peer", "--lab", l.name, "--router", "pe1", "-o", "json") // its agent may be starting
		var peers []status.Peer
		if err := json.Unmarshal([]byte(r.stdout), &peers); err != nil {
			return fmt.Errorf("%w: %s", err, r.stderr)
		}
		got := 0
		for _, p := range peers {
			if strings.Contains(p.Description, "injected") {
				got += p.Received
			}
		}
		if got != n {
			return fmt.Errorf("%d injected routes, want %d", got, n)
		}
		return nil
	})
}

// routes counts the prefixes of a VRF.
func (l lab) routes(t testing.TB, router, vrf string) (n int) {
	t.Helper()
	for _, v := range table[status.VRF](t, l, "vrf", "--router", router, "--vrf", vrf) {
		n += len(v.Routes)
	}
	return n
}

// hasRoutes waits until a VRF has so many prefixes.
func (l lab) hasRoutes(t testing.TB, router, vrf string, want int) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		if got := l.routes(t, router, vrf); got != want {
			return fmt.Errorf("VRF %s of %s has %d routes, want %d", vrf, router, got, want)
		}
		return nil
	})
}

// noInjection waits until nothing of speakers is left.
func (l lab) noInjection(t testing.TB) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		for _, pattern := range []string{"/run/netns/pw-" + l.name + "-*inj*", "/run/pseudowan/" + l.name + "/.inject*"} {
			if found, _ := filepath.Glob(pattern); len(found) > 0 {
				return fmt.Errorf("left: %v", found)
			}
		}
		if list := l.injectors(); len(list) > 0 {
			return fmt.Errorf("processes %v", list)
		}
		return nil
	})
	if out := l.mustExec(t, "pe1", "ip", "-br", "link"); strings.Contains(out, "inj") {
		t.Errorf("left in pe1:\n%s", out)
	}
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "nothing to change") {
		t.Errorf("up changes what inject has left:\n%s", out)
	}
}

// injectors are the processes of the lab's speakers.
func (l lab) injectors() (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, d := range dirs {
		line, _ := os.ReadFile(d + "/cmdline")
		if strings.HasPrefix(string(line), "/proc/self/exe\x00injector\x00--lab\x00"+l.name+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(d))
			pids = append(pids, pid)
		}
	}
	return pids
}

// inject starts a command in the background.
func (l lab) inject(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(program, append([]string{"inject", l.name, "--router", "pe1", "--vrf", "red"}, args...)...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}

func TestRealInject(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-inject", nameLine.ReplaceAllString(injectLab, "name: pwt-inject"))
	l.up(t)
	own := l.routes(t, "pe2", "red")
	injectedIntoVRF(t, l, own)
	injectedFromCore(t, l, own)
	injectedFromDump(t, l)
	injectorsDie(t, l, own)
	t.Run("down", func(t *testing.T) { downWhileInjecting(t, l) })
}

// A customer's routes of both families reach the other router with labels, hosts still
// reach each other, a restarted agent gets the routes again, and nothing is left.
func injectedIntoVRF(t *testing.T, l lab, own int) {
	t.Helper()
	const n = 1000
	out := must(t, "inject", l.name, "--router", "pe1", "--vrf", "red", "--count", strconv.Itoa(n), "--family", "both", "--keep")
	if !strings.Contains(out, "inject1 announced 1000 routes of VRF red to router pe1, which had received the last after") {
		t.Errorf("inject says\n%s", out)
	}
	const subnets = 2 // of the speaker's wire
	l.hasRoutes(t, "pe2", "red", own+n+subnets)
	for _, r := range []int{0, n / 2, n - 1} {
		prefix := l.injected(t, "inject1")[r].Prefix.String()
		far := table[status.VRF](t, l, "vrf", "--router", "pe2", "--vrf", "red", "--prefix", prefix)
		if len(far) != 1 || len(far[0].Routes) != 1 || far[0].Routes[0].Label == nil || far[0].Routes[0].Prefix.String() != prefix {
			t.Errorf("pe2 has of %s %+v", prefix, far)
		}
		if flows := table[status.Flow](t, l, "flow", "--router", "pe2", "--vrf", "red", "--prefix", prefix); len(flows) != 1 {
			t.Errorf("pe2 has of %s the flows %+v", prefix, flows)
		}
	}
	l.pings(t, "a", "10.2.0.2")
	l.pings(t, "b", "2001:db8:1::2")
	if out := must(t, "verify", l.name); !strings.Contains(out, "as intended") {
		t.Errorf("verify:\n%s", out)
	}
	killAgent(t, l, "pe1")
	l.hasInjected(t, n)
	l.hasRoutes(t, "pe2", "red", own+n+subnets)
	if out := must(t, "inject", l.name, "--withdraw"); !strings.Contains(out, "removed inject1: 1000 IPv4 and IPv6 routes of seed 1 at router pe1") {
		t.Errorf("inject --withdraw says\n%s", out)
	}
	l.hasRoutes(t, "pe2", "red", own)
	must(t, "up", l.file, "--runtime", "netns") // it tells of the restarted router
	l.noInjection(t)
}

// Labelled routes come from a router of the core, each with its own label, and flap.
func injectedFromCore(t *testing.T, l lab, own int) {
	t.Helper()
	const n = 300
	before := l.routes(t, "pe1", "red")
	cmd := l.inject(t, "--vpn", "--count", strconv.Itoa(n), "--family", "both", "--labels", "per-route", "--seed", "7")
	l.hasRoutes(t, "pe1", "red", before+n)
	labels := map[uint32]bool{}
	for _, v := range table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", "red") {
		for _, r := range v.Routes {
			if r.NextHop.String() == "198.18.1.2" && r.Label != nil {
				labels[uint32(*r.Label)] = true
			}
		}
	}
	if len(labels) != n {
		t.Errorf("%d different labels", len(labels))
	}
	l.pings(t, "a", "10.2.0.2")
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("inject after Ctrl-C: %v", err)
	}
	l.noInjection(t)
	l.hasRoutes(t, "pe2", "red", own)
	out := must(t, "inject", l.name, "--router", "pe1", "--vrf", "red", "--count", "200", "--flap", "50ms", "--share", "50%", "--for", "1s", "--withdraw")
	for _, want := range []string{"flapped ", "withdrew them in ", "nothing of it is left"} {
		if !strings.Contains(out, want) {
			t.Errorf("inject --flap says\n%s", out)
		}
	}
	l.noInjection(t)
}

// The routes of a dump, without those that the lab has; a broken one touches nothing.
func injectedFromDump(t *testing.T, l lab) {
	t.Helper()
	at := time.Unix(1_700_000_000, 0)
	data := mrt.PeerIndexTable(at, netip.MustParseAddr("9.9.9.9"), "v", []mrt.Session{{PeerAS: 64900, Peer: netip.MustParseAddr("192.0.2.1"), PeerID: netip.MustParseAddr("1.1.1.1")}})
	attributes := []byte{0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfd, 0x84, 0x40, 3, 4, 192, 0, 2, 1}
	for i, nlri := range [][]byte{{24, 8, 8, 8}, {16, 9, 9}, {24, 10, 2, 0}} {
		data = append(data, mrt.Route(at, uint32(i), 1, 1, nlri, []mrt.Entry{{Since: at, Attributes: attributes}})...)
	}
	file := filepath.Join(t.TempDir(), "rib.mrt")
	if err := os.WriteFile(file, data, 0o600); err != nil {
		t.Fatal(err)
	}
	out := must(t, "inject", l.name, "--router", "pe1", "--vrf", "red", "--mrt", file, "--keep")
	if !strings.Contains(out, "left out: 1 of prefixes that the lab has") {
		t.Errorf("inject --mrt says\n%s", out)
	}
	if r := l.waitRoute(t, "pe2", "red", "8.8.8.0/24", true); r.ASPath != "4200000001 64900" {
		t.Errorf("8.8.8.0/24 at pe2: %+v", r)
	}
	must(t, "up", l.file, "--runtime", "netns") // it is not in the file
	l.waitRoute(t, "pe2", "red", "8.8.8.0/24", false)
	l.noInjection(t)
	if err := os.WriteFile(file, data[:len(data)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	r := pseudowan("inject", l.name, "--router", "pe1", "--vrf", "red", "--mrt", file)
	if r.code != 1 || !strings.Contains(r.stderr, file+": record 4, at octet ") {
		t.Errorf("a dump that is cut: exit code %d\n%s", r.code, r.stderr)
	}
	l.noInjection(t)
}

// Whoever is killed half-way, the routes go with the session.
func injectorsDie(t *testing.T, l lab, own int) {
	t.Helper()
	slow := []string{"--count", "10000", "--rate", "500"}
	some := func() {
		t.Helper()
		eventually(t, 30*time.Second, func() error {
			if l.routes(t, "pe2", "red") < own+20 {
				return fmt.Errorf("no routes yet")
			}
			return nil
		})
	}
	cmd := l.inject(t, slow...)
	some()
	cmd.Process.Kill()
	l.hasRoutes(t, "pe2", "red", own)
	l.noInjection(t)

	cmd = l.inject(t, slow...)
	some()
	for _, pid := range l.injectors() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	if err := cmd.Wait(); err == nil {
		t.Error("inject does not mind that its speaker was killed")
	}
	l.hasRoutes(t, "pe2", "red", own)
	l.noInjection(t)

	cmd = l.inject(t, slow...)
	some()
	cmd.Process.Signal(syscall.SIGSTOP) // it cannot clean up
	for _, pid := range l.injectors() {
		syscall.Kill(pid, syscall.SIGKILL)
	}
	cmd.Process.Kill()
	cmd.Wait()
	if out := must(t, "up", l.file, "--runtime", "netns"); !strings.Contains(out, "removed the routes inject1") {
		t.Errorf("up after both were killed:\n%s", out)
	}
	l.hasRoutes(t, "pe2", "red", own)
	l.noInjection(t)
}

func downWhileInjecting(t *testing.T, l lab) {
	cmd := l.inject(t, "--count", "1000")
	l.hasInjected(t, 1000)
	must(t, "down", l.name)
	if err := cmd.Wait(); err == nil {
		t.Error("inject does not mind that its lab is gone")
	}
	if len(l.injectors()) > 0 {
		t.Error("a speaker is left")
	}
	if found, _ := filepath.Glob("/run/netns/pw-" + l.name + "*"); len(found) > 0 {
		t.Errorf("left: %v", found)
	}
}

func TestRealInjectRefuses(t *testing.T) {
	l := sharedLab(t)
	for _, tt := range []struct {
		code int
		want string
		args []string
	}{
		{2, "--vrf is needed", []string{"--count", "5"}},
		{2, "--count N", []string{"--vrf", "101"}},
		{2, "--count is not between", []string{"--vrf", "101", "--count", "0"}},
		{2, "choose one of ipv4, ipv6, both", []string{"--vrf", "101", "--count", "5", "--family", "ipv5"}},
		{2, "--labels belongs to --vpn", []string{"--vrf", "101", "--count", "5", "--labels", "one"}},
		{2, "--share \"0%\"", []string{"--vrf", "101", "--count", "5", "--flap", "1s", "--share", "0%"}},
		{4, "did you mean 101", []string{"--router", "pe1", "--vrf", "1001", "--count", "5"}},
		{4, "name one with --router: pe1, pe2", []string{"--vrf", "101", "--count", "5"}},
		{4, "has no router pe9", []string{"--router", "pe9", "--vrf", "101", "--count", "5"}},
		{4, "there is no file /nowhere", []string{"--router", "pe1", "--vrf", "101", "--mrt", "/nowhere"}},
		{1, "AS 65001 is that of router pe1", []string{"--router", "pe1", "--vrf", "101", "--count", "5", "--as", "65001"}},
		{1, "of memory in the routers of lab", []string{"--router", "pe1", "--vrf", "101", "--count", "9000000"}},
	} {
		r := pseudowan(append([]string{"inject", l.name}, tt.args...)...)
		if r.code != tt.code || !strings.Contains(r.stderr, tt.want) {
			t.Errorf("inject %v: exit code %d, want %d\n%s", tt.args, r.code, tt.code, r.stderr)
		}
	}
}
