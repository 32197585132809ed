package lab

import (
	"fmt"
	"testing"
	"time"

	"pseudowan/status"
)

// An interface is up if it has a carrier up to its other end: a wire, a host, and a
// NIC of the server, including one that a router reaches by its own wire.
func TestRealCarriers(t *testing.T) {
	const near, far = "pwtcar0", "pwtcar1"
	if r := command("ip", "link", "add", near, "type", "veth", "peer", "name", far); r.code != 0 {
		t.Fatal(r.stderr)
	}
	t.Cleanup(func() { command("ip", "link", "del", near) })
	command("ip", "link", "set", near, "up")
	command("ip", "link", "set", far, "up")
	l := fromText(t, t.TempDir(), "pwt-carriers", `
name: pwt-carriers
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {nic: pwtcar0, ends: [pe1:wan], subnets: [192.0.2.0/24], bgp: {peer: 192.0.2.254, as: 64999}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
`)
	l.up(t)
	is := func(what, router, name string, admin, oper status.InterfaceState) {
		t.Helper()
		eventually(t, 5*time.Second, func() error {
			for _, i := range table[status.Interface](t, l, "interface", "--router", router) {
				if (i.Name == name || i.Host == name) && (i.Admin != admin || i.Oper != oper) {
					return fmt.Errorf("%s: %s of %s is %s, %s; want %s, %s", what, i.Name, router, i.Admin, i.Oper, admin, oper)
				}
			}
			return nil
		})
	}
	set := func(node, link, state string) {
		t.Helper()
		if r := command("ip", "-n", "pw-"+l.name+"-"+node, "link", "set", link, state); r.code != 0 {
			t.Fatal(r.stderr)
		}
	}
	for _, i := range table[status.Interface](t, l, "interface") {
		is("at first", i.Router, i.Name, "up", "up")
	}
	command("ip", "link", "set", far, "down")
	is("the NIC is unplugged", "pe1", "wan", "up", "down")
	is("the NIC is unplugged", "pe1", "bgp-wan", "up", "down")
	is("the NIC is unplugged", "pe1", "eth1", "up", "up")
	must(t, "up", l.file, "--runtime", "netns") // an unchanged file changes nothing
	is("the NIC is unplugged, and up", "pe1", "wan", "up", "down")
	command("ip", "link", "set", far, "up")
	is("the NIC is plugged in", "pe1", "wan", "up", "up")
	is("the NIC is plugged in", "pe1", "bgp-wan", "up", "up")
	set("pe2", "eth1", "down")
	is("the wire's other end is down", "pe1", "eth1", "up", "down")
	is("the wire is administratively down", "pe2", "eth1", "down", "down")
	set("pe2", "eth1", "up")
	is("the wire is up", "pe1", "eth1", "up", "up")
	set("h1", "eth0", "down")
	is("the host's end is down", "pe1", "h1", "up", "down")
	set("h1", "eth0", "up")
	is("the host's end is up", "pe1", "h1", "up", "up")
}
