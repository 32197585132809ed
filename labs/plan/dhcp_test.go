package plan

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pseudowan/topology"
)

const dhcpLab = `name: lab
routers: {pe1: {as: 65000}}
segments: {wan: {}, lan: {}, v4: {}, info: {}}
hosts:
  gw:
    forward: true
    keep: [/var/lib/kea]
    services: {radvd: {command: [radvd, -n], after: dhcpcd}}
    attach:
    - {to: wan, mac: "02:00:00:00:00:01", addresses: [slaac, dhcp6], delegated: {length: 56, to: [lan0, eth2]}}
    - {to: lan, interface: lan0, addresses: []}
    - {to: v4, addresses: [dhcp]}
    - {to: info, addresses: [dhcp6-stateless], dad: true}
  own: {to: v4, addresses: [dhcp], duid: "00:02:00:00:ab:11", files: {/etc/dhcpcd.conf: "mine"}}
  plain: {to: v4, addresses: [10.0.0.2/24]}`

// The client's configuration asks for what the file says, each on its interface, and
// leaves alone what others do.
func TestDHCPClient(t *testing.T) {
	lab, err := topology.Parse("lab.yaml", []byte(dhcpLab), topology.Runtime{Name: "netns"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := New(lab, Allocations{}, "netns")
	if err != nil {
		t.Fatal(err)
	}
	host := func(name string) Host {
		return p.Hosts[slices.IndexFunc(p.Hosts, func(h Host) bool { return h.Name == name })]
	}
	gw := host("gw")
	const want = `allowinterfaces eth0 lan0 eth2 eth3
duid 00:03:00:01:02:00:00:00:00:01
nodev
noipv6rs
noipv4ll
nodelay
timeout 0
option domain_name_servers, domain_name, domain_search, classless_static_routes
option dhcp6_name_servers, dhcp6_domain_search
interface eth0
  noipv4
  ia_na
  ia_pd 1/::/56 lan0/0/64 eth2/1/64
interface lan0
  noipv4
  nodhcp6
interface eth2
  dhcp
  noarp
  nodhcp6
interface eth3
  noipv4
  inform6
`
	if got := gw.Files[topology.ClientConfig]; got != want {
		t.Errorf("configuration:\n%s\nwant:\n%s", got, want)
	}
	if got := gw.Services[0]; len(gw.Services) != 2 || got.Name != "dhcpcd" || got.Ready != topology.ClientReady {
		t.Errorf("services %+v", gw.Services)
	}
	if !slices.Equal(gw.Keep, []string{"/var/lib/kea", "/var/lib/dhcpcd"}) || !slices.Contains(gw.Packages, "dhcpcd-base") || !gw.Resolves() {
		t.Errorf("keeps %v, packages %v, resolves %t", gw.Keep, gw.Packages, gw.Resolves())
	}
	own := host("own")
	if own.Files[topology.ClientConfig] != "mine" || !strings.Contains(own.Files[topology.ClientHook], `wanted="eth0.dhcp"`) {
		t.Errorf("files of own: %q", own.Files)
	}
	if none := host("plain"); len(none.Services)+len(none.Files)+len(none.Keep) != 0 || none.Resolves() {
		t.Errorf("a host without DHCP: %+v", none)
	}
	for i, hears := range []bool{false, false, false, true} {
		if gw.Interfaces[i].Hears != hears {
			t.Errorf("interface %d hears advertisements without forming addresses: %t; want %t", i, gw.Interfaces[i].Hears, hears)
		}
	}
}

// The client's script writes what it is told for resolv.conf, says when everything is
// there, and takes back what has ended.
func TestDHCPScript(t *testing.T) {
	dir := t.TempDir()
	script := clientScript([]Interface{{Name: "eth0", DHCP: &topology.DHCP{V4: true, V6: true}}}, true)
	script = strings.NewReplacer("/run/resolv", dir+"/resolv", "/etc/resolv.conf", dir+"/resolv.conf", "/etc/dhcpcd", dir+"/dhcpcd").Replace(script)
	if err := os.WriteFile(dir+"/hook", []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/resolv.conf", nil, 0o644); err != nil {
		t.Fatal(err)
	}
	run := func(env ...string) string {
		t.Helper()
		cmd := exec.Command("sh", dir+"/hook")
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		return string(out)
	}
	if out := run("interface=eth0", "reason=CARRIER"); out != "" {
		t.Errorf("said %q", out)
	}
	if out := run("interface=eth0", "reason=BOUND6", "new_dhcp6_name_servers=2001:db8::53 2001:db8::54", "new_dhcp6_domain_search=a.example b.example"); out != "" {
		t.Errorf("said %q before all is there", out)
	}
	if out := run("interface=eth0", "reason=BOUND", "new_domain_name_servers=10.0.0.53 2001:db8::53", "new_domain_name=b.example"); out != topology.ClientReady+"\n" {
		t.Errorf("said %q", out)
	}
	resolv := func(want string) {
		t.Helper()
		got, err := os.ReadFile(filepath.Join(dir, "resolv.conf"))
		if err != nil || string(got) != want {
			t.Errorf("resolv.conf %q, %v; want %q", got, err, want)
		}
	}
	resolv("search b.example a.example\nnameserver 10.0.0.53\nnameserver 2001:db8::53\nnameserver 2001:db8::54\n")
	run("interface=eth0", "reason=EXPIRE6")
	resolv("search b.example\nnameserver 10.0.0.53\nnameserver 2001:db8::53\n")
	run("interface=eth0", "reason=STOPPED")
	resolv("")
}
