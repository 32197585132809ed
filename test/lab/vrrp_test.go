package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// master waits until a router alone has the virtual addresses.
func (l lab) master(t *testing.T, is, other string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		for _, address := range []string{"20.0.0.1/24", "fe80::1/64", "2001:db8:0:2::1/64"} {
			has := func(host string) bool {
				return strings.Contains(l.mustExec(t, host, "ip", "-br", "address", "show", "dev", "eth1"), " "+address)
			}
			if !has(is) || has(other) {
				return fmt.Errorf("%s at %s: %t, at %s: %t", address, is, has(is), other, has(other))
			}
		}
		return nil
	})
}

// outage measures for how long a machine gets no answer from the far site while a
// command runs.
func (l lab) outage(t *testing.T, command string) time.Duration {
	t.Helper()
	out := must(t, "measure", "--lab", l.name, "vm1", "far", "--while", command, "--within", "30s", "-o", "json")
	var m status.Measurement
	if err := json.Unmarshal([]byte(out), &m); err != nil || !m.Back {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s: %.0f ms without answers", command, m.Outage)
	return time.Duration(m.Outage * float64(time.Millisecond))
}

// Two routers share an address. When the master dies, the other has it after three
// intervals and a bit; when its way out is cut, it says so, and the other has it at once.
// The one with the higher priority takes it back. The far site reaches the machines
// throughout.
func TestRealVRRP(t *testing.T) {
	needs(t, "keepalived")
	l := fromCatalog(t, t.TempDir(), "vrrp", "pwt-vrrp")
	l.up(t)
	l.master(t, "r1", "r2")

	// 3 × 1 s and a skew of (256-100)/256 s (RFC 9568 section 6.1), less the time since
	// the last advertisement.
	if d := l.outage(t, "exec --lab "+l.name+" r1 -- sh /run/die"); d < 2*time.Second || d > patience(10*time.Second) {
		t.Errorf("the master has died: %s without answers, not 2.6 s to 3.6 s", d)
	}
	must(t, "verify", l.name)
	if out := l.mustExec(t, "vm1", "traceroute", "-n", "-q", "1", "-m", "1", "10.3.0.2"); !strings.Contains(out, " 20.0.0.3 ") {
		t.Errorf("the way does not lead by r2:\n%s", out)
	}

	must(t, "up", l.file, "--runtime", "netns") // puts the dead router's links right
	l.master(t, "r1", "r2")
	if d := l.outage(t, "link --lab "+l.name+" r1:eth0 down"); d > patience(3*time.Second) {
		t.Errorf("the master's way out is cut: %s without answers", d)
	}
	l.master(t, "r2", "r1")
	must(t, "verify", l.name)
}
