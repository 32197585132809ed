package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// segments has a segment with one router and one with two, one of hosts alone behind
// a host that forwards, and a wire between two hosts.
const segments = `
name: NAME
node-prefix: NAME-
routers: {pe1: {as: 65000}, pe2: {as: 65000}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "1:1"}}
segments:
  home: {to: pe1, vrf: red, subnets: [10.1.0.0/24], ra: "2001:db8:1::/64"}
  back: {subnets: [10.7.0.0/24, "2001:db8:7::/64"]}
  wire: {}
  dual: {mtu: 9000, subnets: [10.2.0.0/24], attach: [{to: pe1, vrf: red}, {to: pe2, vrf: red}]}
hosts:
  a1: {to: home, addresses: [10.1.0.2/24, slaac]}
  a2: {to: home, addresses: [10.1.0.3/24, slaac]}
  gw:
    forward: true
    attach:
    - {to: home, addresses: [10.1.0.4/24, "2001:db8:1::4/64"], routes: [0.0.0.0/0, "::/0"], announce: [10.7.0.0/24, "2001:db8:7::/64"]}
    - {to: back, addresses: [10.7.0.1/24, "2001:db8:7::1/64"]}
  b1: {to: back, addresses: [10.7.0.2/24, "2001:db8:7::2/64"], routes: [{prefix: 0.0.0.0/0, via: gw}, {prefix: "::/0", via: gw}]}
  b2:
    attach:
    - {to: back, addresses: [10.7.0.3/24]}
    - {to: wire, addresses: [172.16.0.1/24]}
  b3: {to: wire, addresses: [172.16.0.2/24]}
  d1: {to: dual, addresses: [10.2.0.11/24]}
  d2: {to: dual, addresses: [10.2.0.12/24], lans: [10.8.0.1/24]}
  far: {to: pe2, vrf: red, addresses: [10.9.0.2/24, "2001:db8:9::2/64"]}
expect: [far -> b1 via gw, a1 -> a2, far !-> b3]
`

// apply writes another text of a lab's file and applies it.
func (l lab) apply(t testing.TB, text string) string {
	t.Helper()
	if err := os.WriteFile(l.file, []byte(withDatapath(text)), 0o600); err != nil {
		t.Fatal(err)
	}
	return must(t, "up", l.file)
}

// Hosts on segments reach what the topology says, by real packets as by the tables.
// What is deleted by hand comes back, an edit disturbs nobody, and down leaves
// nothing behind.
func TestRealSegments(t *testing.T) {
	text := strings.ReplaceAll(segments, "NAME", "pwt-segment")
	l := fromText(t, t.TempDir(), "pwt-segment", "runtime: netns"+text)
	l.up(t)
	must(t, "verify", l.name)
	must(t, "trace", "--lab", l.name, "far", "2001:db8:7::2")
	l.mustExec(t, "d1", "ping", "-c", "1", "-W", "5", "-M", "do", "-s", "8972", "10.2.0.12")
	if out := l.mustExec(t, "b1", "ping", "-c", "2", "-i", "0.3", "ff02::1%eth0"); !strings.Contains(out, "duplicates") {
		t.Errorf("fewer than two neighbours of b1 hear its multicast:\n%s", out)
	}
	checkNeighbors(t, l)

	command("ip", "netns", "exec", "pw-"+l.name, "ip", "link", "delete", "s-home")
	l.exec("b3", "ip", "link", "delete", "eth0")
	out := must(t, "up", l.file)
	for _, want := range []string{"a1:eth0@home", "pe1:home@home", "b2:eth1 -- b3:eth0"} {
		if !strings.Contains(out, want) {
			t.Errorf("up does not say that it has put right %q:\n%s", want, out)
		}
	}
	must(t, "verify", l.name)
	testSegmentEdits(t, l, "runtime: netns"+text)

	must(t, "down", l.name)
	if r := command("ip", "netns", "list"); strings.Contains(r.stdout, l.name) {
		t.Errorf("namespaces are left:\n%s", r.stdout)
	}
}

// checkNeighbors tests that a router knows the hosts of a segment one by one, at one
// port, and that two routers on a segment know each other by different MACs.
func checkNeighbors(t *testing.T, l lab) {
	t.Helper()
	ports, macs := map[uint32]int{}, map[string]bool{}
	for _, n := range table[status.Neighbor](t, l, "arp") {
		if n.Router == "pe1" && n.VRF == "red" && n.Address.Is4() {
			ports[n.Port]++
		}
	}
	for _, i := range table[status.Interface](t, l, "interface") {
		if i.Host == "dual" {
			macs[i.MAC] = true
		}
	}
	if ports[3] != 3 || ports[4] < 2 || len(macs) != 2 {
		t.Errorf("pe1 knows %v neighbours by port; the routers on dual have the MACs %v", ports, macs)
	}
}

// testSegmentEdits adds hosts to segments, which turns a wire into a LAN, and removes
// a segment, while a host pings another.
func testSegmentEdits(t *testing.T, l lab, text string) {
	t.Helper()
	lost := make(chan error)
	go func() {
		r := l.exec("a1", "ping", "-q", "-c", "60", "-i", "0.05", "-W", "2", "10.9.0.2")
		if r.code == 0 && !strings.Contains(r.stdout, " 0% packet loss") {
			r.code = 1
		}
		if r.code != 0 {
			lost <- fmt.Errorf("pings of a host on an edited segment are lost:\n%s%s", r.stdout, r.stderr)
		}
		close(lost)
	}()
	more := strings.Replace(text, "  far:", "  a3: {to: home, addresses: [10.1.0.5/24]}\n  b4: {to: wire, addresses: [172.16.0.3/24]}\n  far:", 1)
	if out := l.apply(t, more); !strings.Contains(out, "added host a3") || strings.Contains(out, "host a1") {
		t.Errorf("up says of an edit that adds hosts:\n%s", out)
	}
	must(t, "verify", l.name)
	if err := <-lost; err != nil {
		t.Error(err)
	}
	less := strings.NewReplacer(
		"  dual: {", "  x: {subnets: [10.3.0.0/24]}\n  duo: {", "{to: dual, addresses: [10.2.0.11/24]}", "{to: duo, addresses: [10.2.0.11/24]}",
		"{to: dual, addresses: [10.2.0.12/24], lans: [10.8.0.1/24]}", "{to: pe2, vrf: red, addresses: [10.4.0.2/24]}",
	).Replace(text)
	l.apply(t, less)
	must(t, "verify", l.name)
	if out := command("ip", "-n", "pw-"+l.name, "-br", "link").stdout; strings.Contains(out, "s-dual") || strings.Contains(out, "s-wire") || !strings.Contains(out, "s-duo") {
		t.Errorf("bridges after the edit:\n%s", out)
	}
}

// The same with containers, and wires that come back with a container: to a bridge,
// and to another container.
func TestRealSegmentsOfContainers(t *testing.T) {
	useDocker(t)
	l := fromText(t, t.TempDir(), "pwt-segdock", "runtime: docker"+strings.ReplaceAll(segments, "NAME", "pwt-segdock"))
	l.upIn(t)
	must(t, "verify", l.name)
	docker(t, "restart", "--time", "0", "pwt-segdock-b2")
	eventually(t, 30*time.Second, func() error {
		for _, to := range []string{"172.16.0.1", "10.7.0.3"} {
			from := map[bool]string{true: "pwt-segdock-b3", false: "pwt-segdock-b1"}[to == "172.16.0.1"]
			if err := pings(from, to)(); err != nil {
				return err
			}
		}
		return nil
	})
	must(t, "verify", l.name)
}
