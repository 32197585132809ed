package lab

import (
	"errors"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

const guardedLab = `
name: pwt-guard
node-prefix: pwt-guard-
runtime: netns
routers: {pe1: {as: 65000}}
vrfs: {red: {rts: "1:1"}}
segments:
  net1: {subnets: ["2001:db8:0:2::/64", 20.0.0.0/24], guard: [ra, source, dhcp]}
  up: {to: pe1, vrf: red, subnets: ["2001:db8:0:1::/64"]}
  two: {}
hosts:
  vr:
    forward: true
    attach:
    - {to: up, addresses: ["2001:db8:0:1::2/64"], routes: ["::/0"], announce: ["2001:db8:0:2::/64"], guard: [ra, source]}
    - {to: net1, addresses: ["2001:db8:0:2::1/64", 20.0.0.1/24], guard: none}
  vm1: {to: net1, addresses: ["2001:db8:0:2::11/64", 20.0.0.11/24], routes: [{prefix: "::/0", via: vr}]}
  vm2: {to: net1, addresses: ["2001:db8:0:2::12/64", 20.0.0.12/24], routes: [{prefix: "::/0", via: vr}]}
  far: {to: pe1, vrf: red, addresses: ["2001:db8:9::2/64"]}
  x: {to: two, addresses: [10.9.0.1/24]}
  y: {to: two, addresses: [10.9.0.2/24]}
`

// With port security a machine cannot forward for others, nor take another's address;
// without, it can: while the lab runs, and by what verify expects.
func TestRealPortSecurity(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-guard", guardedLab)
	l.up(t)
	must(t, "verify", l.name)
	if r := l.exec("vm1", "ping", "-c", "1", "-W", "1", "2001:db8:9::2"); r.code == 0 {
		t.Error("vr forwards although its port drops what is not its own")
	}
	if g := guardOf(t, l, "vr"); g.Source == 0 || g.Arrived <= g.Source || g.State != status.GuardActive {
		t.Errorf("show guard: %+v", g)
	}
	l.mustExec(t, "vm1", "ip", "address", "add", "20.0.0.66/24", "dev", "eth0")
	if r := l.exec("vm1", "ping", "-c", "1", "-W", "1", "-I", "20.0.0.66", "20.0.0.12"); r.code == 0 {
		t.Error("vm1 uses an address that is not its own")
	}
	l.mustExec(t, "vm1", "ping", "-c", "1", "-W", "5", "-I", "20.0.0.11", "20.0.0.12")
	l.mustExec(t, "vm1", "ip", "address", "del", "20.0.0.66/24", "dev", "eth0")

	before := guardOf(t, l, "vm1")
	out := l.apply(t, strings.Replace(guardedLab, ", guard: [ra, source]}", "}", 1))
	if !strings.Contains(out, "changed host vr") || strings.Contains(out, "vm1") {
		t.Errorf("up says of an edit of one guard:\n%s", out)
	}
	if after := guardOf(t, l, "vm1"); after.Source != before.Source || after.Arrived < before.Arrived {
		t.Errorf("the edit of another's guard changes the counters %+v to %+v", before, after)
	}
	l.mustExec(t, "vm1", "ping", "-c", "1", "-W", "5", "2001:db8:9::2")
	must(t, "verify", l.name)

	l.apply(t, strings.Replace(guardedLab, "two: {}", "two: {guard: [ra, source]}", 1)) // a wire becomes a LAN
	l.mustExec(t, "x", "ping", "-c", "1", "-W", "10", "10.9.0.2")
	command("ip", "netns", "exec", "pw-"+l.name, "nft", "flush", "table", "netdev", "pw-guard")
	if g := guardOf(t, l, "x"); g.State != status.GuardMissing {
		t.Errorf("rules that somebody has removed are %q", g.State)
	}
	if out := must(t, "up", l.file); !strings.Contains(out, "put right port guard of host x") {
		t.Errorf("up does not put the rules back, or does not say so:\n%s", out)
	}
	l.apply(t, strings.NewReplacer(", guard: [ra, source, dhcp]", "", ", guard: [ra, source]", "", ", guard: none", "").Replace(guardedLab))
	if rules := command("ip", "netns", "exec", "pw-"+l.name, "nft", "list", "ruleset").stdout; strings.TrimSpace(rules) != "" {
		t.Errorf("rules are left when no port is guarded:\n%s", rules)
	}
	eventually(t, 20*time.Second, func() error {
		r := l.exec("x", "ping", "-c", "1", "-W", "1", "10.9.0.2")
		if r.code != 0 {
			return errors.New(r.stdout + r.stderr)
		}
		return nil
	})
}

// guardOf returns the row of a host on its first interface.
func guardOf(t *testing.T, l lab, host string) status.Guard {
	t.Helper()
	for _, g := range table[status.Guard](t, l, "guard") {
		if g.Host == host {
			return g
		}
	}
	t.Fatalf("show guard has no row of %s", host)
	return status.Guard{}
}
