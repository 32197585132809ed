package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// scaled is a lab of many PEs on one core LAN, with a route reflector. Each PE has a host
// in each of the first hosts of ten VRFs; each host's subnet is in the VRF everywhere.
func scaled(name string, pes, hosts int) string {
	const vrfs = 10
	var b strings.Builder
	fmt.Fprintf(&b, "name: %s\ndefaults: {router: {as: 65000}}\nrouters:\n  rr: {}\n", name)
	for i := range pes {
		fmt.Fprintf(&b, "  pe%d: {}\n", i+1)
	}
	b.WriteString("links:\n- subnets: [192.168.0.0/22]\n  ends:\n    rr:eth1: {bgp: {route-reflector: true}}\n")
	for i := range pes {
		fmt.Fprintf(&b, "    pe%d:eth1: {}\n", i+1)
	}
	b.WriteString("vrfs:\n")
	for v := range vrfs {
		fmt.Fprintf(&b, "  v%d: {rts: \"65000:%d\"}\n", v+1, v+1)
	}
	b.WriteString("hosts:\n")
	for i := range pes {
		for h := range hosts {
			v := (i*hosts + h) % vrfs
			fmt.Fprintf(&b, "  h%d-%d: {to: pe%d, vrf: v%d, addresses: [10.%d.%d.2/24]}\n", i+1, v+1, i+1, v+1, v+1, i+1)
		}
	}
	return b.String()
}

// Many PEs with a route reflector on one LAN converge, and their hosts reach each other,
// with the kernel's neighbour table as it is. With PSEUDOWAN_SCALE, that many PEs have
// ten hosts each, and times are printed: see `make test-scale`.
func TestRealManyPEs(t *testing.T) {
	pes, hosts := 40, 2
	if whole := number(t, "PSEUDOWAN_SCALE", 0); whole > 0 {
		pes, hosts = min(whole, 250), 10
	}
	l := fromText(t, t.TempDir(), "pwt-scale", scaled("pwt-scale", pes, hosts))
	begin := time.Now()
	l.up(t, "--timeout", "15m") // how fast it should be, bench/scale.sh says
	up := time.Since(begin)
	begin = time.Now()
	mustVerify(t, l)
	took := time.Since(begin)
	findsFaultsAmongMany(t, l)
	begin = time.Now()
	must(t, "down", l.name)
	t.Logf("%d PEs, %d hosts: up and converged %.1f s, verify %.1f s, down %.1f s",
		pes, pes*hosts, up.Seconds(), took.Seconds(), time.Since(begin).Seconds())
}

// findsFaultsAmongMany spoils flows of a lab in which verify does not send all packets: it
// finds routes that lead into another VPN, and a lost one, by the hosts' names.
func findsFaultsAmongMany(t *testing.T, l lab) {
	t.Helper()
	v1, v2 := flowTo(t, l, "pe1", "10.1.1.2"), flowTo(t, l, "pe1", "10.2.1.2")
	for to, vrf := range map[string]string{v1: metadataOf(v2), v2: metadataOf(v1)} {
		l.mustExec(t, "pe1", "ovs-ofctl", "add-flow", "br0", strings.Replace(to, metadataOf(to), vrf, 1))
	}
	lost, _, _ := strings.Cut(flowTo(t, l, "pe2", "10.3.2.2"), ",actions=")
	l.mustExec(t, "pe2", "ovs-ofctl", "--strict", "mod-flows", "br0", lost+",actions=drop")
	code, rows := verified(t, l)
	if code != 1 {
		t.Errorf("with wrong flows: exit code %d, want 1", code)
	}
	inferred := 0
	for _, r := range rows {
		inferred += r.Inferred
		leaks := r.From == "h1-1" && r.To == "h1-2" || r.From == "h1-2" && r.To == "h1-1"
		loses := strings.HasSuffix(r.From, "-3") && strings.HasSuffix(r.To, "-3") && (r.From == "h2-3" || r.To == "h2-3")
		if differs := r.Result == status.Different; differs != (leaks || loses) {
			t.Errorf("%s to %s: %s %+v", r.From, r.To, r.Result, r.Differences)
		}
	}
	if inferred == 0 {
		t.Error("all packets were sent")
	}
}

// flowTo returns the flow of a router's route to a host there.
func flowTo(t *testing.T, l lab, router, address string) string {
	t.Helper()
	for line := range strings.Lines(l.mustExec(t, router, "ovs-ofctl", "--no-names", "dump-flows", "br0", "table=20")) {
		_, rest, _ := strings.Cut(strings.TrimSpace(line), "priority=")
		match, actions, ok := strings.Cut(rest, " actions=")
		if ok && strings.HasSuffix(match, "nw_dst="+address) {
			return "table=20,priority=" + match + ",actions=" + actions
		}
	}
	t.Fatalf("router %s: no flow for %s", router, address)
	return ""
}

// metadataOf returns what a flow matches the VRF with.
func metadataOf(flow string) string {
	_, rest, _ := strings.Cut(flow, "metadata=")
	value, _, _ := strings.Cut(rest, ",")
	return "metadata=" + value
}
