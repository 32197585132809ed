package topology

import (
	"fmt"
	"strings"
	"testing"
)

// TestAliasBomb checks that a small file cannot grow large.
func TestAliasBomb(t *testing.T) {
	var b strings.Builder
	b.WriteString("name: t\nrouters: {pe1: {as: 1}}\nx-0: &a0 {to: pe1, vrf: v, rd: 1:1, addresses: [10.0.0.2/24]}\nx-1: &a1 [*a0, *a0]\n")
	b.WriteString("hosts:\n  h: {attach: [")
	b.WriteString(strings.Repeat("*a0, ", 200000))
	b.WriteString("]}\n")
	_, err := Parse("bomb.yaml", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "YAML nodes once aliases are followed") {
		t.Errorf("not refused for its aliases: %.200v", err)
	}

	merges := "name: t\nx-0: &m0 {as: 1}\n"
	for i := range 40 {
		merges += fmt.Sprintf("x-%d: &m%d {<<: [*m%d, *m%d]}\n", i+1, i+1, i, i)
	}
	merges += "routers: {pe1: {<<: *m40}}\n"
	_, err = Parse("bomb.yaml", []byte(merges))
	if err == nil || !strings.Contains(err.Error(), "nested too deep") && !strings.Contains(err.Error(), "once aliases are followed") {
		t.Errorf("not refused for its merges: %.200v", err)
	}
}

func TestProblemsNameTheFile(t *testing.T) {
	const path = "/srv/lab.yaml"
	_, err := Parse(path, []byte("name: t\nrouter: {}\n"))
	if want := path + `:2: file: unknown key "router"; did you mean "routers"?`; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestTooManyVRFs(t *testing.T) {
	var b strings.Builder
	b.WriteString("name: t\nrouters: {pe1: {as: 1}}\nvrfs:\n")
	for i := range maxVRFs + 1 {
		fmt.Fprintf(&b, "  v%d: {rts: 1:1}\n", i)
	}
	_, err := Parse("lab.yaml", []byte(b.String()))
	if want := "lab.yaml: vrfs: more than 65535 VRFs: their numbers do not fit into an RD; split the lab"; err == nil || err.Error() != want {
		t.Errorf("got %.200v, want %s", err, want)
	}
}

// A router's port numbers have 16 bits; a link and a host with BGP need two ports
// each.
func TestTooManyPorts(t *testing.T) {
	const problem = "lab.yaml:3: router pe1: its links and hosts need 65278 ports, more than 65277; distribute them over several routers"
	for _, tt := range []struct {
		hosts   int
		refused bool
	}{{maxPorts - 4, false}, {maxPorts - 3, true}} {
		// Such short hosts are refused anyway, but they parse fast.
		_, err := Parse("lab.yaml", []byte(`name: t
routers:
  pe1: {as: 1}
  pe2: {as: 1}
links: [{ends: ["pe1:e1", "pe2:e1"], subnets: [192.168.0.0/30]}]
hosts:
  a: {to: pe1, vrf: v, rd: 1:1, addresses: [10.0.0.2/24], bgp: 2}
  b: {attach: [&one {to: pe1}`+strings.Repeat(", *one", tt.hosts-1)+"]}\n"))
		if err == nil || strings.Contains(err.Error(), problem) != tt.refused {
			t.Errorf("%d hosts, one with BGP, and a link: %.300v; want refused for their number: %t", tt.hosts+1, err, tt.refused)
		}
	}
}
