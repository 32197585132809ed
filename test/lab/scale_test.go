package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"
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
	verified := time.Since(begin)
	begin = time.Now()
	must(t, "down", l.name)
	t.Logf("%d PEs, %d hosts: up and converged %.1f s, verify %.1f s, down %.1f s",
		pes, pes*hosts, up.Seconds(), verified.Seconds(), time.Since(begin).Seconds())
}
