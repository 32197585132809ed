package lab

import (
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// atBorder returns the labels of a packet from b1 to 10.3.0.2 on the wire between the ASes.
func atBorder(t *testing.T, l lab) []string {
	t.Helper()
	wire := startCapture(t, l, "asbr1", "eth2", 1, "mpls and greater 1000 and ether src "+macOfPort(t, l, "asbr1", "eth2"))
	l.mustExec(t, "b1", "ping", "-c", "1", "-s", "1000", "10.3.0.2")
	return wire.frames(t)[0].labels
}

// seenOnTheWay has a traceroute of b1 see every router on the way to 10.3.0.2, also those that
// swap the label of the route.
func seenOnTheWay(t *testing.T, l lab) {
	t.Helper()
	out := l.mustExec(t, "b1", "traceroute", "-n", "-w", "2", "-q", "1", "-m", "9", "10.3.0.2")
	hops := strings.Split(strings.TrimSpace(out), "\n")[1:]
	if len(hops) != 7 || strings.Contains(out, "*") || !strings.Contains(hops[6], "10.3.0.2") {
		t.Errorf("traceroute sees other routers than p1, asbr1, asbr2, p2 between the PEs:\n%s", out)
	}
}

// borderHolds kills the agent of a border router, while packets pass it, and edits the lab. The
// labels of option b depend on the order in which routes arrive, so that the edited lab is not
// compared with a fresh one there.
func borderHolds(t *testing.T, l lab, edits ...[2]string) {
	t.Helper()
	seenOnTheWay(t, l)
	if code, trace := traced(t, l, "b1", "10.3.0.2"); code != 0 || nodesOf(trace) != "b1 pe1 p1 asbr1 asbr2 p2 pe3 b3" {
		t.Errorf("trace ends with %d: %s, %v", code, nodesOf(trace), trace.Disagreements)
	}
	if outage := outageOf(t, l, "b1", []string{"10.3.0.2"}, func() { killAgent(t, l, "asbr1") }); outage > 2*time.Second {
		t.Errorf("%s without an answer, although the switch of asbr1 goes on", outage)
	}
	data, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for _, edit := range edits {
		if !strings.Contains(text, edit[0]) {
			t.Fatalf("no %q in\n%s", edit[0], text)
		}
		text = strings.Replace(text, edit[0], edit[1], 1)
	}
	l.edit(t, text)
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: %s%s", r.stdout, r.stderr)
	}
}

// In option a, packets pass the border without labels, on the link of their VRF.
func TestRealInterASA(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "inter-as-a", "pwt-intera")
	l.up(t)
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: %s%s", r.stdout, r.stderr)
	}
	if r := pseudowan("audit", l.name); r.code != 0 {
		t.Errorf("audit: %s%s", r.stdout, r.stderr)
	}
	for _, link := range []struct{ from, on string }{{"b1", "eth2"}, {"r2", "eth3"}} {
		wire := startCapture(t, l, "asbr1", link.on, 2, "greater 1000 and not tcp")
		l.mustExec(t, link.from, "ping", "-c", "1", "-s", "1000", "10.3.0.2")
		for _, f := range wire.frames(t) {
			if !slices.Equal(f.labels, []string{""}) {
				t.Errorf("between the ASes a packet of %s has labels %v", link.from, f.labels)
			}
		}
	}
	for _, p := range table[status.Peer](t, l, "peer", "--router", "asbr2") {
		if p.VRF != "" && (p.State != status.SessionEstablished || p.RemoteAS != 65001) {
			t.Errorf("a session in a VRF: %+v", p)
		}
	}
	// The second link leads into the first's VRF: another customer is there.
	borderHolds(t, l, [2]string{"{vrf: crimson}}\n  subnets: [192.168.100.0/30]", "{vrf: azure}}\n  subnets: [192.168.101.0/30]"},
		[2]string{"r2: {to: pe2, vrf: red, addresses: 10.1.0.2/24}", "r2: {to: pe2, vrf: red, addresses: 10.5.0.2/24}"}, [2]string{"- r2 -> r4", "- r2 -> b3"})
	l.equalsFresh(t, "edits of the border")
}

// In option b, packets pass the border with one label, which the border router swaps.
func TestRealInterASB(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "inter-as-b", "pwt-interb")
	l.up(t)
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: %s%s", r.stdout, r.stderr)
	}
	var in, swap uint32
	seen := map[uint32]bool{}
	for _, f := range table[status.Flow](t, l, "flow", "--router", "asbr1") {
		if f.Swap == nil || seen[*f.Label] {
			t.Errorf("a label of asbr1 that is not swapped, or stands for two routes: %+v", f)
		}
		seen[*f.Label] = true
		if f.Prefix.String() == "10.3.0.0/24" && *f.Label == outLabel(t, l, "pe1", "blue", "10.3.0.0/24") {
			in, swap = *f.Label, *f.Swap
		}
	}
	if want := []string{strconv.Itoa(int(swap))}; in == 0 || !slices.Equal(atBorder(t, l), want) {
		t.Errorf("on the wire between the ASes are not labels %v, for which asbr1 swaps %d", want, in)
	}
	borderHolds(t, l, [2]string{"  bgp: {import-policy: no-internal, export-policy: no-internal}\n", ""}, [2]string{"- i1 !-> i4", "- i1 -> i4"})
}

// In option c, packets pass the border with the label of the path to the other AS's PE
// around that of the route.
func TestRealInterASC(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "inter-as-c", "pwt-interc")
	l.up(t)
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: %s%s", r.stdout, r.stderr)
	}
	route := strconv.Itoa(int(outLabel(t, l, "pe1", "blue", "10.3.0.0/24")))
	if want := stackOf(pathTo(t, l, "asbr1", "pe3"), route); !slices.Equal(atBorder(t, l), want) || len(want) != 2 {
		t.Errorf("on the wire between the ASes are not labels %v", want)
	}
	if p := pathTo(t, l, "asbr1", "pe1"); p.Backup.IsValid() {
		t.Errorf("asbr1 would go back to its own AS through another: %+v", p)
	}
	borderHolds(t, l, [2]string{"core:\n  reflectors: [rr1, rr2]", "core: labeled-unicast"})
	l.equalsFresh(t, "edits of the border")
}

// Either of the links between two ASes may fail.
func TestRealSimpleRouter(t *testing.T) {
	t.Parallel()
	l := fromCatalog(t, t.TempDir(), "simple-router", "pwt-simple")
	l.up(t)
	if r := pseudowan("audit", l.name); r.code != 0 {
		t.Errorf("audit: %s%s", r.stdout, r.stderr)
	}
	for _, link := range []struct{ end, by string }{{"bgp1:eth3", "bgp2"}, {"bgp2:eth3", "bgp1"}} {
		must(t, "link", link.end, "down", "--lab", l.name)
		eventually(t, 10*time.Second, func() error {
			code, trace := traced(t, l, "pc1", "192.168.2.2")
			if nodes := strings.Fields(nodesOf(trace)); code != 0 || len(nodes) < 3 || nodes[2] != link.by {
				return fmt.Errorf("without %s, trace ends with %d: %v, %v", link.end, code, nodes, trace.Disagreements)
			}
			return nil
		})
		must(t, "link", link.end, "up", "--lab", l.name)
		eventually(t, 20*time.Second, func() error {
			if used := routesOf(t, l, "bgp3", "vpn", "192.168.2.0/24"); len(used) != 2 {
				return fmt.Errorf("with %s again, bgp3 has %d routes", link.end, len(used))
			}
			return nil
		})
	}
}
