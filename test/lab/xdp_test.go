package lab

import (
	"cmp"
	"os"
	"strings"
	"testing"

	"pseudowan/status"
)

// Two links and a LAN, of which the first and the LAN are to be read by AF_XDP.
const byXDP = `
name: pwt-xdp
defaults: {router: {as: 65000}}
routers: {pe1: {}, pe2: {}, pe3: {}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30, "2001:db8:ffff::/64"], port-type: afxdp}
- {ends: [pe1:eth2, pe2:eth2], subnets: [192.168.1.0/30], bgp: none}
- {ends: [pe1:eth3, pe2:eth3, pe3:eth3], subnets: [192.168.2.0/24], port-type: afxdp}
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65000:2"}}
hosts:
  a: {to: pe1, vrf: red,  addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  b: {to: pe2, vrf: red,  addresses: [10.2.0.2/24, "2001:db8:2::2/64"]}
  c: {to: pe3, vrf: red,  addresses: [10.3.0.2/24]}
  d: {to: pe2, vrf: blue, addresses: [10.2.0.2/24]}
`

// Packets pass links by AF_XDP, with labels and of all sizes; what cannot be had there is
// refused, and an edited lab equals a fresh one.
func TestRealXDP(t *testing.T) {
	inUserSpace := "" // unless all tests are
	switch os.Getenv(datapathEnv) {
	case "":
		inUserSpace = "datapath: netdev"
	case "system":
		t.Skip("AF_XDP is for the datapath in user space")
	}
	l := fromText(t, t.TempDir(), "pwt-xdp", inUserSpace+byXDP)
	if has := xdpHere(t, l); has.Status != status.OK {
		t.Skip(has.Detail)
	}
	l.up(t)
	mustVerify(t, l)
	l.mustExec(t, "a", "ping", "-c", "1", "-W", "2", "-M", "do", "-s", "1472", "10.2.0.2")
	types := map[string]status.PortType{}
	for _, i := range table[status.Interface](t, l, "interface") {
		types[i.Router+" "+cmp.Or(i.Host, i.Name)] = i.Type
	}
	for port, want := range map[string]status.PortType{
		"pe1 eth1": "afxdp", "pe3 eth3": "afxdp", "pe2 eth2": "system", "pe1 bgp-eth1": "internal", "pe1 a": "system",
	} {
		if types[port] != want {
			t.Errorf("%s is of type %q, want %q", port, types[port], want)
		}
	}
	for _, c := range []struct{ args, want string }{
		{"capture pe1:eth1 --for 1s", "pe1:eth1 is a port of type afxdp, whose packets pass the kernel unseen"},
		{"link pe1:eth1 impair --loss 10%", "its ports are of type afxdp"},
	} {
		r := pseudowan(append(strings.Fields(c.args), "--lab", l.name)...)
		if r.code == 0 || !strings.Contains(r.stderr, c.want) {
			t.Errorf("%s: exit code %d\n%s; want %q", c.args, r.code, r.stderr, c.want)
		}
	}
	if r := pseudowan("audit", l.name, "--tables"); r.code != 0 {
		t.Errorf("audit: exit code %d\n%s", r.code, r.stdout)
	}
	large := strings.Replace(byXDP, ", port-type: afxdp}\n- {ends: [pe1:eth2", ", mtu: 9000}\n- {ends: [pe1:eth2", 1)
	for _, text := range []string{large, byXDP} {
		l.edit(t, inUserSpace+text)
		l.equalsFresh(t, "another port-type")
		mustVerify(t, l)
	}
}

// xdpHere returns what doctor says of AF_XDP.
func xdpHere(t *testing.T, l lab) (found status.Finding) {
	t.Helper()
	var all []status.Finding
	decode(t, pseudowan("doctor", l.file, "-o", "json").stdout, &all)
	for _, f := range all {
		if f.Check == "port-type afxdp" {
			return f
		}
	}
	t.Fatal("doctor says nothing about AF_XDP")
	return found
}
