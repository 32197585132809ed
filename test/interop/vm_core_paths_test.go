package interop

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

// coreReach pings each customer from each other until all answer.
func coreReach(t *testing.T, v *vm, l lab) {
	t.Helper()
	eventually(t, slow, func() error {
		for _, a := range versions {
			for _, p := range [][2]string{{"r1", a.r2}, {"r2", a.r1}, {"r1", a.c1}, {"r2", a.c1}} {
				if r := l.exec(p[0], "ping", "-n", "-c", "1", "-W", "2", p[1]); r.code != 0 {
					return fmt.Errorf("%s does not reach %s:\n%s", p[0], p[1], r.stdout)
				}
			}
			for _, to := range []string{a.r1, a.r2} {
				if r := v.run("ip netns exec c1 ping -n -c 1 -W 2 " + to); r.code != 0 {
					return fmt.Errorf("c1 does not reach %s:\n%s", to, r.stdout)
				}
			}
		}
		return nil
	})
}

func coreVerify(t *testing.T, v *vm, l lab) {
	coreReach(t, v, l)
	mustRun(t, program, "verify", l.name)
}

// coreSwaps has packets of our customers pass the machine: it swaps the outer label of
// those to pe1, pops that of those to pe2, which is the next router, and leaves the
// inner one alone.
func coreSwaps(t *testing.T, v *vm, l lab) {
	coreReach(t, v, l)
	for _, a := range versions {
		toPE2(t, v, l, a)
		toPE1(t, v, l, a)
	}
}

func toPE2(t *testing.T, v *vm, l lab, a addresses) {
	t.Helper()
	var head, before status.LSP
	eventually(t, slow, func() error {
		head, before = l.lsp(t, "pe1", a.pe2), l.lsp(t, "p1", a.pe2)
		got, err := v.swaps(*before.OutLabel)
		if *head.OutLabel != *before.InLabel || before.NextHop.String() != a.vmAtP1 || err != nil || !got.equal(nil, a.pe2On) {
			return fmt.Errorf("to pe2: pe1 %+v, p1 %+v, Linux %+v, %v", head, before, got, err)
		}
		return nil
	})
	vpn, send := l.vpnLabel(t, "pe1", a.net2, a.pe2), l.large("r1", a.r2)
	l.carries(t, pe1Sends, send, *head.OutLabel, vpn)
	l.carries(t, p1Sends, send, *before.OutLabel, vpn)
	l.carries(t, pe2Hears, send, vpn)
}

func toPE1(t *testing.T, v *vm, l lab, a addresses) {
	t.Helper()
	var head, after status.LSP
	eventually(t, slow, func() error {
		head, after = l.lsp(t, "pe2", a.pe1), l.lsp(t, "p1", a.pe1)
		got, err := v.swaps(*head.OutLabel)
		if head.NextHop.String() != a.vmAtPE || err != nil || !got.equal([]uint32{*after.InLabel}, a.p1On) {
			return fmt.Errorf("to pe1: pe2 %+v, Linux %+v, p1 %+v, %v", head, got, after, err)
		}
		return nil
	})
	vpn, send := l.vpnLabel(t, "pe2", a.net1, a.pe1), l.large("r2", a.r1)
	l.carries(t, pe2Sends, send, *head.OutLabel, vpn)
	l.carries(t, p1Hears, send, *after.InLabel, vpn)
	l.carries(t, pe1Hears, send, *after.OutLabel, vpn)
}

// corePushes has packets come to the machine's customer and from it: their label is the
// one of the machine's VRF, and those that it pushes are ours.
func corePushes(t *testing.T, v *vm, l lab) {
	coreReach(t, v, l)
	for _, a := range versions {
		toVM(t, v, l, a)
		outOfVM(t, v, l, a)
	}
}

func toVM(t *testing.T, v *vm, l lab, a addresses) {
	t.Helper()
	var head status.LSP
	var vrf uint32
	eventually(t, slow, func() error {
		last := l.lsp(t, "p1", a.vm)
		head, vrf = l.lsp(t, "pe1", a.vm), l.vpnLabel(t, "pe1", a.netC, a.vm)
		got, err := v.swaps(vrf)
		if *head.OutLabel != *last.InLabel || *last.OutLabel != implicitNull || err != nil || !got.equal(nil, "red") {
			return fmt.Errorf("to the machine's VRF with label %d: pe1 %+v, p1 %+v, Linux %+v, %v", vrf, head, last, got, err)
		}
		return nil
	})
	l.carries(t, pe1Sends, l.large("r1", a.c1), *head.OutLabel, vrf)
	l.carries(t, p1Sends, l.large("r1", a.c1), vrf)
	l.carries(t, pe2Sends, l.large("r2", a.c1), l.vpnLabel(t, "pe2", a.netC, a.vm))
}

func outOfVM(t *testing.T, v *vm, l lab, a addresses) {
	t.Helper()
	var path status.LSP
	vpn1, vpn2 := l.vpnLabel(t, "pe2", a.net1, a.pe1), l.vpnLabel(t, "pe1", a.net2, a.pe2)
	eventually(t, slow, func() error {
		path = l.lsp(t, "p1", a.pe1)
		if got, err := v.pushes(a.net1); err != nil || !got.equal([]uint32{*path.InLabel, vpn1}, a.p1On) {
			return fmt.Errorf("to pe1 Linux does %+v, %v; p1 %+v, label %d", got, err, path, vpn1)
		}
		if got, err := v.pushes(a.net2); err != nil || !got.equal([]uint32{vpn2}, a.pe2On) {
			return fmt.Errorf("to pe2 Linux does %+v, %v; label %d", got, err, vpn2)
		}
		return nil
	})
	l.carries(t, p1Hears, v.large(a.r1), *path.InLabel, vpn1)
	l.carries(t, pe1Hears, v.large(a.r1), vpn1)
	l.carries(t, pe2Hears, v.large(a.r2), vpn2)
}

// coreHops: Linux's MPLS tells nobody of a TTL that ends in it, and where it pops the outer
// label it does not tell the inner one how many hops it has counted: pe2 and its own hop
// are not seen from r1.
func coreHops(t *testing.T, v *vm, l lab) {
	coreReach(t, v, l)
	for _, want := range [][]string{
		{"r1", "10.1.0.1", "192.168.1.2", "*", "10.2.0.2"},
		{"r1", "2001:db8:1::1", "2001:db8:f1::2", "*", "2001:db8:2::2"},
		{"r2", "10.2.0.1", "*", "192.168.0.1", "10.1.0.1", "10.1.0.2"},
		{"r2", "2001:db8:2::1", "*", "2001:db8:f0::1", "2001:db8:1::1", "2001:db8:1::2"},
		{"r1", "10.1.0.1", "192.168.1.2", "*", "30.1.0.2"},
	} {
		from, to := want[0], want[len(want)-1]
		if got := hopsOf(l.exec(from, "traceroute", "-n", "-q", "1", "-w", "3", to).stdout); !slices.Equal(got, want[1:]) {
			t.Errorf("from %s to %s: %v; want %v", from, to, got, want[1:])
		}
		mustRun(t, program, "trace", "--lab", l.name, from, to)
	}
	if got, want := hopsOf(v.must("ip netns exec c1 traceroute -n -q 1 -w 3 10.1.0.2")), []string{"30.1.0.1", "192.168.0.1", "10.1.0.1", "10.1.0.2"}; !slices.Equal(got, want) {
		t.Errorf("from c1: %v; want %v", got, want)
	}
}

// coreSizes: 1500 octets and two labels do not fit the machine's links, and whoever sends
// them is told 1492.
func coreSizes(t *testing.T, v *vm, l lab) {
	coreReach(t, v, l)
	for _, p := range []struct{ from, to, long, fits, says string }{
		{"r1", "10.2.0.2", "1472", "1464", "mtu = 1492"}, {"r2", "10.1.0.2", "1472", "1464", "mtu = 1492"},
		{"r1", "2001:db8:2::2", "1452", "1444", "mtu=1492"}, {"r2", "2001:db8:1::2", "1452", "1444", "mtu=1492"},
	} {
		if r := l.exec(p.from, "ping", "-n", "-M", "do", "-c", "3", "-i", "0.3", "-W", "2", "-s", p.long, p.to); r.code == 0 || !strings.Contains(r.stdout, p.says) {
			t.Errorf("1500 octets from %s to %s: exit code %d\n%s", p.from, p.to, r.code, r.stdout)
		}
		if r := l.exec(p.from, "ping", "-n", "-M", "do", "-c", "3", "-i", "0.3", "-W", "2", "-s", p.fits, p.to); r.code != 0 {
			t.Errorf("1492 octets from %s to %s: exit code %d\n%s", p.from, p.to, r.code, r.stdout)
		}
	}
	for host, from := range map[string]string{"r1": "r2", "r2": "r1"} {
		sum := l.serves(t, from)
		for _, a := range versions {
			to := map[string]string{"r1": a.r1, "r2": a.r2}[from]
			eventually(t, slow, func() error { // until the server listens
				r := l.exec(host, "sh", "-c", "timeout 60 busybox wget -q -O - http://"+net.JoinHostPort(to, "80")+"/pwt-download | sha256sum")
				if !strings.HasPrefix(r.stdout, sum) {
					return fmt.Errorf("%s has from %s: exit code %d: %s%s; want %s", host, to, r.code, r.stdout, r.stderr, sum)
				}
				return nil
			})
		}
	}
}

// coreEcho has our routers test their paths through the machine.
func coreEcho(t *testing.T, v *vm, l lab) {
	coreReach(t, v, l)
	for _, p := range [][]string{{"pe1", "pe2"}, {"pe2", "pe1"}, {"pe1", "fd00::aff:2"}, {"pe2", "fd00::aff:1"}, {"pe1", "10.2.0.2", "--vrf", "red"}} {
		mustRun(t, append([]string{program, "lsp", "ping", "--lab", l.name, "--count", "3"}, p...)...)
	}
}
