package bgp

import (
	"encoding/json"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// labeledFRR has FRR tell us of its IPv6 loopback, over a session between IPv6 addresses.
const labeledFRR = `router bgp 65000
 bgp router-id 10.0.0.38
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor fd01::25 remote-as 65000
 neighbor fd01::25 update-source fd01::26
 neighbor fd01::25 timers connect 1
 address-family ipv6 unicast
  network 2001:db8:ffff::38/128
 exit-address-family
 address-family ipv6 labeled-unicast
  neighbor fd01::25 activate
 exit-address-family
`

// FRR and a speaker of labelled routes tell each other of IPv6 loopbacks, with their labels
// and IPv6 next hops (RFC 8277).
func TestRealLabeledIPv6WithFRR(t *testing.T) {
	vtysh := startLabeledFRR(t)
	n := startNodeOf(t, Config{AS: 65000, Labeled: true}, "fd01::25")
	frr := netip.MustParseAddr("fd01::26")
	n.set(Neighbor{Address: frr, LocalAddress: n.addr, AS: 65000, Client: true, Settings: settings(vpn.LabeledIPv6)})
	ours := Route{Prefix: netip.MustParsePrefix("2001:db8:ffff::37/128"), Label: 5003}
	n.announce(ours)
	theirs := n.waitRoute(Key{Prefix: netip.MustParsePrefix("2001:db8:ffff::38/128"), Peer: frr}, func(Route) bool { return true })
	if theirs.NextHop != frr || theirs.Label != 3 || theirs.Unusable != "" {
		t.Errorf("from FRR: %+v", theirs)
	}
	type path struct {
		RemoteLabel int                       `json:"remoteLabel"`
		NextHops    []struct{ IP netip.Addr } `json:"nexthops"`
	}
	var out []byte
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		var heard struct{ Paths []path }
		out = vtysh("show bgp ipv6 labeled-unicast " + ours.Prefix.String() + " json")
		if err := json.Unmarshal(out, &heard); err == nil && len(heard.Paths) == 1 {
			p := heard.Paths[0]
			if p.RemoteLabel != 5003 || len(p.NextHops) == 0 || p.NextHops[0].IP != n.addr {
				t.Errorf("FRR has heard: %+v\n%s", p, out)
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("FRR has heard:\n%s", out)
		}
	}
}

// startLabeledFRR starts FRR's bgpd with labeledFRR at the other end of a wire, and returns
// what asks it. It takes no next hop that is an address of its own network.
func startLabeledFRR(t *testing.T) (vtysh func(string) []byte) {
	t.Helper()
	needRoot(t)
	const space = "pwt-lu6"
	for _, program := range []string{"/usr/lib/frr/bgpd", "vtysh"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skip("FRR is not installed")
		}
	}
	dir, err := os.MkdirTemp("", "pwt-lu6-") // which FRR's user can read
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	conf := filepath.Join(dir, "bgpd.conf")
	if err := os.WriteFile(conf, []byte(labeledFRR), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("install", "-d", "-o", "frr", "-g", "frr", "/run/frr", "/run/frr/"+space).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, line := range []string{
		"netns add " + space, "link add pwtlu6 type veth peer name pwtlu6far netns " + space,
		"address add fd01::25/64 dev pwtlu6 nodad", "link set pwtlu6 up", "-n " + space + " link set lo up",
		"-n " + space + " address add fd01::26/64 dev pwtlu6far nodad", "-n " + space + " link set pwtlu6far up",
	} {
		command(t, "ip", strings.Fields(line)...)
	}
	t.Cleanup(func() { command(t, "ip", "netns", "del", space) })
	for _, argv := range [][]string{{"/usr/lib/frr/zebra", "-f", "/dev/null"}, {"/usr/lib/frr/bgpd", "-f", conf, "-l", "fd01::26"}} { // labels come from zebra
		cmd := exec.Command("ip", append(append([]string{"netns", "exec", space}, argv...), "-N", space)...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		awaitFile(t, "/run/frr/"+space+"/"+filepath.Base(argv[0])+".vty")
	}
	return func(line string) []byte {
		out, _ := exec.Command("vtysh", "-N", space, "-c", line).Output() // it also complains that it has no configuration
		return out
	}
}

// awaitFile waits until a program has made a file.
func awaitFile(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("there is no %s", path)
		}
	}
}
