package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

// edited is the lab's text with words replaced, in pairs.
func edited(t *testing.T, words ...string) string {
	t.Helper()
	text := vmCoreText
	for i := 0; i < len(words); i += 2 {
		if !strings.Contains(text, words[i]) {
			t.Fatalf("no %q in the lab", words[i])
		}
		text = strings.ReplaceAll(text, words[i], words[i+1])
	}
	return text
}

// coreExplicit has packets end at pe2 with an explicit null, which the machine is told
// and sends.
func coreExplicit(t *testing.T, v *vm, l lab) {
	l.apply(t, edited(t, "core: {", "core: {null: explicit, "))
	defer l.apply(t, vmCoreText)
	for _, a := range versions {
		eventually(t, slow, func() error {
			if got, err := v.swaps(*l.lsp(t, "p1", a.pe2).OutLabel); err != nil || !got.equal([]uint32{a.null}, a.pe2On) {
				return fmt.Errorf("to pe2 Linux does %+v, %v", got, err)
			}
			return nil
		})
	}
	coreReach(t, v, l)
	for _, a := range versions {
		before, vpn := l.lsp(t, "p1", a.pe2), l.vpnLabel(t, "pe1", a.net2, a.pe2)
		l.carries(t, p1Sends, l.large("r1", a.r2), *before.OutLabel, vpn)
		l.carries(t, pe2Hears, l.large("r1", a.r2), a.null, vpn)
		l.carries(t, pe2Hears, v.large(a.r2), a.null, vpn)
	}
	mustRun(t, program, "verify", l.name)
}

// coreEdits edits the running lab: the metric of a link to the machine, another VPN, and a
// link past the machine, which paths then take until it is removed.
func coreEdits(t *testing.T, v *vm, l lab) {
	l.apply(t, edited(t,
		"transport: true", "metric: 77",
		"vrfs: {", `vrfs: {blue: {rts: "65001:102"}, `,
		"hosts:\n", "hosts:\n  b1: {to: pe1, vrf: blue, addresses: [10.1.0.2/24]}\n  b2: {to: pe2, vrf: blue, addresses: [10.2.0.2/24]}\n",
		"expect: [", "expect: [b1 -> b2, "))
	for _, c := range table[status.CoreLink](t, l, "core", "--router", "p1") {
		if c.Interface == "eth2" && c.Metric != 77 {
			t.Errorf("the edited link is %+v", c)
		}
	}
	mustRun(t, program, "verify", l.name)
	if r := l.exec("b1", "ping", "-n", "-c", "1", "-W", "1", "30.1.0.2"); r.code == 0 {
		t.Errorf("the other VPN reaches the machine's customer:\n%s", r.stdout)
	}
	coreSwaps(t, v, l)

	l.apply(t, edited(t, "vrfs:", "- {ends: [p1:eth3, pe2:eth2], subnets: [192.168.8.0/30, \"2001:db8:f8::/64\"]}\nvrfs:"))
	around := []via{{"p1", "10.255.0.2", "192.168.8.2"}, {"pe2", "10.255.0.1", "192.168.8.1"}, {"p1", "fd00::aff:2", "2001:db8:f8::2"}, {"pe2", "fd00::aff:1", "2001:db8:f8::1"}}
	l.leads(t, around...)
	coreVerify(t, v, l)
	l.apply(t, vmCoreText)
	for _, a := range versions {
		l.leads(t, via{"p1", a.pe2, a.vmAtP1}, via{"pe2", a.pe1, a.vmAtPE})
	}
	coreSwaps(t, v, l)
}

// via is a router's path to a loopback over a next hop.
type via struct{ router, loopback, nextHop string }

// leads waits for paths.
func (l lab) leads(t *testing.T, paths ...via) {
	t.Helper()
	for _, want := range paths {
		eventually(t, slow, func() error {
			rows := table[status.LSP](t, l, "lsp", "--router", want.router)
			if !slices.ContainsFunc(rows, func(p status.LSP) bool {
				return p.FEC.Addr().String() == want.loopback && p.NextHop.String() == want.nextHop
			}) {
				return fmt.Errorf("want %+v: %+v", want, rows)
			}
			return nil
		})
	}
}

// coreRestart kills FRR: no path of ours leads into the machine until it is back.
func coreRestart(t *testing.T, v *vm, l lab) {
	l.apply(t, vmCoreText)
	coreReach(t, v, l)
	v.must("kill -9 $(cat /run/frr/bgpd.pid) $(cat /run/frr/zebra.pid)")
	eventually(t, slow, func() error {
		for _, p := range table[status.LSP](t, l, "lsp", "--router", "p1") {
			if p.NextHop.String() == "192.168.0.2" || p.NextHop.String() == "2001:db8:f0::2" {
				return fmt.Errorf("p1 still has %+v", p)
			}
		}
		return nil
	})
	if r := l.exec("r1", "ping", "-n", "-c", "1", "-W", "1", "10.2.0.2"); r.code == 0 {
		t.Errorf("packets still pass:\n%s", r.stdout)
	}
	v.must(startFRR)
	coreSwaps(t, v, l)
	corePushes(t, v, l)
	mustRun(t, program, "verify", l.name)
}
