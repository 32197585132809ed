package lab

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"pseudowan/status"
)

// outLabel returns the label that a router pushes for a prefix, as `show mpls` says.
func outLabel(t testing.TB, l lab, router, vrf, prefix string) uint32 {
	t.Helper()
	for _, m := range table[status.MPLS](t, l, "mpls", "--router", router, "--vrf", vrf) {
		if m.Direction == "out" && m.Prefix.String() == prefix {
			return m.Label
		}
	}
	t.Fatalf("router %s pushes no label for %s in VRF %s", router, prefix, vrf)
	return 0
}

// The labels on the wire are those that `show mpls` prints; the bottom of the stack
// is marked; each router decrements the TTL.
func TestRealLabelsOnTheWire(t *testing.T) {
	l := sharedLab(t)
	for _, c := range []struct {
		target, prefix string
		there          uint32
	}{
		{"30.1.0.2", "30.1.0.2/32", 2000},
		{"130.1.7.99", "130.1.7.0/24", 2001},
	} {
		t.Run(c.target, func(t *testing.T) {
			there := outLabel(t, l, "pe1", "101", c.prefix)
			back := outLabel(t, l, "pe2", "101", "10.1.0.2/32")
			if there != c.there || back != 1000 {
				t.Errorf("labels %d and %d; the original gave %d and 1000", there, back, c.there)
			}
			const pings = 3
			wire := startCapture(t, l, "pe1", "eth1", 2*pings, "mpls")
			l.mustExec(t, "host_001_101", "ping", "-c", strconv.Itoa(pings), "-i", "0.2", c.target)
			for i, f := range wire.frames(t) {
				label := strconv.Itoa(int(there))
				if f.src == c.target {
					label = strconv.Itoa(int(back))
				}
				if len(f.labels) != 1 || f.labels[0] != label || !isTrue(f.bottoms[0]) || f.ttls[0] != "63" || f.ipTTL != "63" {
					t.Errorf("packet %d: %s; want label %s, bottom of stack, TTLs 63", i, f, label)
				}
			}
		})
	}
}

// tshark 3 prints 1, tshark 4 True.
func isTrue(s string) bool { return s == "1" || s == "True" }

// The host sees a TTL that both routers have decremented.
func TestRealTTLEndToEnd(t *testing.T) {
	l := sharedLab(t)
	const pings = 2
	edge := startCapture(t, l, "remote_001_101", "eth0", pings, "icmp[0] == 8")
	l.mustExec(t, "host_001_101", "ping", "-c", strconv.Itoa(pings), "-i", "0.2", "30.1.0.2")
	for _, f := range edge.frames(t) {
		if f.ipTTL != "62" {
			t.Errorf("request arrives as %s; want TTL 62", f)
		}
	}
}

// rowName identifies a row of `show flow`.
func rowName(f status.Flow) string {
	label := "-"
	if f.Label != nil {
		label = strconv.Itoa(int(*f.Label))
	}
	return fmt.Sprintf("%s %s %s %s %s", f.Router, f.VRF, f.Direction, f.Prefix, label)
}

func flowPackets(t testing.TB, l lab) map[string]uint64 {
	t.Helper()
	out := map[string]uint64{}
	for _, f := range table[status.Flow](t, l, "flow") {
		out[rowName(f)] = f.Packets
	}
	return out
}

// Counters rise by exactly the packets sent, in the rows of their path and in no
// other.
func TestRealFlowCounters(t *testing.T) {
	l := sharedLab(t)
	const pings = 7
	l.mustExec(t, "host_003_103", "ping", "-c", "1", "-W", "5", "130.3.4.5") // afterwards, all neighbours are resolved
	before := flowPackets(t, l)
	out := l.mustExec(t, "host_003_103", "ping", "-c", strconv.Itoa(pings), "-i", "0.01", "130.3.4.5")
	if !strings.Contains(out, fmt.Sprintf(" %d received", pings)) {
		t.Fatalf("an answer is lost:\n%s", out)
	}
	after := flowPackets(t, l)
	want := map[string]uint64{
		"pe1 103 out 130.3.4.0/24 2005":  pings, // the customer's packets leave
		"pe2 103 in invalid Prefix 2005": pings, // the label for the next hop arrives
		"pe2 103 out 10.3.0.2/32 1004":   pings,
		"pe1 103 in invalid Prefix 1004": pings,
		"pe1 103 out 10.3.0.2/32 -":      pings, // a VRF's connected label is looked up in the VRF
	}
	for row := range after {
		if got := after[row] - before[row]; got != want[row] {
			t.Errorf("row %q rose by %d; want %d", row, got, want[row])
		}
	}
	for row := range want {
		if _, ok := after[row]; !ok {
			t.Errorf("no row %q", row)
		}
	}
}

// A packet that a router itself sends has passed no router when it leaves: a host
// on its link sees the initial TTL, one behind another router one less.
func TestRealTTLOfARouterItself(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-ttl", nameLine.ReplaceAllString(fairLab, "name: pwt-ttl"))
	l.up(t)
	for address, want := range map[string]string{
		"10.1.0.1": "64", "10.2.0.1": "63", "2001:db8:1::1": "64", "2001:db8:2::1": "63",
	} {
		if out := l.mustExec(t, "red1", "ping", "-c", "1", "-W", "2", address); !strings.Contains(out, " ttl="+want+" ") {
			t.Errorf("%s does not answer with TTL %s:\n%s", address, want, out)
		}
	}
	errors := startCapture(t, l, "red1", "eth0", 2, "icmp[0] == 11")
	l.exec("red1", "ping", "-c", "1", "-W", "1", "-t", "1", "10.2.0.2")
	l.exec("red1", "ping", "-c", "1", "-W", "1", "-t", "2", "10.2.0.2")
	for i, f := range errors.frames(t) { // the TTL of the quoted packet comes second
		if want := strconv.Itoa(64 - i); !strings.HasPrefix(f.ipTTL, want+",") {
			t.Errorf("error %d: %s; want TTL %s", i, f, want)
		}
	}
}
