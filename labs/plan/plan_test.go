package plan

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/bgp/vpn"
	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func parseCatalog(t *testing.T, name string) *topology.Topology {
	t.Helper()
	data, ok := catalog.Get(name)
	if !ok {
		t.Fatalf("the catalogue has no %s", name)
	}
	top, err := topology.Parse(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func parseFile(t *testing.T, file string) *topology.Topology {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(file, data)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

func plan(t *testing.T, top *topology.Topology, previous Allocations) *Plan {
	t.Helper()
	p, err := New(top, previous, "netns")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanGolden(t *testing.T) {
	labs := map[string]*topology.Topology{"segments": parseFile(t, "testdata/segments.yaml")}
	for _, name := range catalog.Names() {
		labs[name] = parseCatalog(t, name)
	}
	for name, lab := range labs {
		t.Run(name, func(t *testing.T) {
			p := plan(t, lab, Allocations{})
			got, err := json.MarshalIndent(p, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name+".plan.json")
			if *update {
				if err := os.MkdirAll("testdata", 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(golden, append(got, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got)+"\n", "\n")); diff != "" {
				t.Errorf("plan of %s (-golden +now), accept with -update:\n%s", name, diff)
			}
		})
	}
}

// The numbers of the original: port 1 is eth1, port 2 the BGP port, ports from 3 on
// are the hosts'; host n has the labels 1000+2(n-1) and 1001+2(n-1).
func TestPlanNumbersAsTheOriginal(t *testing.T) {
	p := plan(t, parseCatalog(t, "pseudo-wan"), Allocations{})
	c := p.Routers[0].Config
	if c.Router != "pe1" || c.Core[0].Port != 1 || c.Core[0].BGPPort != 2 {
		t.Fatalf("first router is %s with ports %d and %d; want pe1, 1 and 2", c.Router, c.Core[0].Port, c.Core[0].BGPPort)
	}
	if len(c.Access) != 10 {
		t.Fatalf("pe1 has %d hosts; want 10", len(c.Access))
	}
	for i, a := range c.Access {
		if a.Port != uint32(i+3) {
			t.Errorf("host %s is on port %d; want %d", a.Host, a.Port, i+3)
		}
		wantMAC := "00:00:00:00:00:" + hexByte(i+1)
		if a.MAC != wantMAC {
			t.Errorf("the gateway of %s has MAC %s; want %s", a.Host, a.MAC, wantMAC)
		}
		v := c.VRFs[i]
		wantLabels := []vpn.Label{vpn.Label(1000 + 2*i), vpn.Label(1001 + 2*i)}
		if v.Name != a.VRF || len(v.Bindings) != 2 || v.Bindings[0].Label != wantLabels[0] || v.Bindings[1].Label != wantLabels[1] {
			t.Errorf("VRF %s of host %s has bindings %+v; want labels %v", v.Name, a.Host, v.Bindings, wantLabels)
		}
		if len(v.Statics) != 10 {
			t.Errorf("VRF %s has %d static routes; want 10", v.Name, len(v.Statics))
		}
	}
}

func hexByte(n int) string {
	const hex = "0123456789abcdef"
	return string([]byte{hex[n>>4], hex[n&15]})
}

func TestPlanDoesNotDependOnTheOrderOfHosts(t *testing.T) {
	top := parseCatalog(t, "pseudo-wan")
	want := plan(t, top, Allocations{})
	for range 20 {
		rand.Shuffle(len(top.Hosts), func(i, j int) { top.Hosts[i], top.Hosts[j] = top.Hosts[j], top.Hosts[i] })
		got := plan(t, top, Allocations{})
		if diff := cmp.Diff(want, got, cmpopts.EquateComparable(vpn.RD{}, vpn.RouteTarget{}, vpn.SiteOfOrigin{}), comparePrefixes); diff != "" {
			t.Fatalf("a shuffled file gives another plan:\n%s", diff)
		}
	}
}

// An inserted host gets new numbers; those of a removed one are not assigned again.
func TestPlanKeepsNumbers(t *testing.T) {
	full := parseCatalog(t, "pseudo-wan")
	less := *full
	less.Hosts = append([]topology.Host{}, full.Hosts[1:]...)
	first := plan(t, &less, Allocations{})
	second := plan(t, full, first.Allocations)
	for name, port := range first.Allocations.Routers["pe1"].Ports {
		if got := second.Allocations.Routers["pe1"].Ports[name]; got != port {
			t.Errorf("port of %s moved from %d to %d", name, port, got)
		}
	}
	for key, label := range first.Allocations.Routers["pe1"].Labels {
		if got := second.Allocations.Routers["pe1"].Labels[key]; got != label {
			t.Errorf("label of %s moved from %d to %d", key, label, got)
		}
	}
	third := plan(t, &less, second.Allocations)
	retired := cmpopts.IgnoreFields(RouterAllocations{}, "RetiredPorts", "RetiredVRFs", "RetiredLabels")
	if diff := cmp.Diff(first.Allocations, third.Allocations, retired); diff != "" {
		t.Errorf("allocations after insertion and removal:\n%s", diff)
	}
}

// A port towards a host never has the name of a link, whatever the link is called;
// its number stays.
func TestNamesOfHostPorts(t *testing.T) {
	for links, want := range map[string]string{"eth1": "eth3", "eth3": "vrf3", "vrf3": "eth3", "eth5 vrf5": "ovs-vrf5", "eth3 vrf3": "eth5"} {
		var file strings.Builder
		file.WriteString("name: t\nrouters: {pe1: {as: 1}, pe2: {as: 1}}\nhosts: {a: {to: pe1, vrf: v, rd: 1:1, addresses: [10.0.0.2/24]}}\nlinks:\n")
		for i, name := range strings.Fields(links) {
			fmt.Fprintf(&file, "- {ends: [pe1:%s, pe2:%[1]s], subnets: [192.168.%d.0/30]}\n", name, i)
		}
		top, err := topology.Parse("lab.yaml", []byte(file.String()))
		if err != nil {
			t.Fatal(err)
		}
		access := plan(t, top, Allocations{}).Routers[0].Config.Access[0]
		if access.Name != want {
			t.Errorf("beside links %s the port towards a host is %s, not %s", links, access.Name, want)
		}
	}
}

func TestNoLabelLeftNamesTheVRF(t *testing.T) {
	top := parseCatalog(t, "pseudo-wan")
	top.Routers[0].Labels = vpn.LabelRange{First: 1000, Last: 1005}
	_, err := New(top, Allocations{}, "netns")
	if err == nil || !strings.Contains(err.Error(), "pe1") || !strings.Contains(err.Error(), "VRF") || !strings.Contains(err.Error(), "1000-1005") {
		t.Errorf("error = %v; want one that names the router, the VRF and the range", err)
	}
}

func TestInterfaceNamesFit(t *testing.T) {
	for _, name := range []string{"eth1", "GigabitEthernet0", "abcdefghijklmno"} {
		if got := bgpPortName(name); len(got) > maxInterfaceName || !strings.HasPrefix(got, "bgp-") {
			t.Errorf("bgpPortName(%q) = %q", name, got)
		}
	}
}

func TestHostsFileNamesOnlyTheOwnVPN(t *testing.T) {
	p := plan(t, parseCatalog(t, "pseudo-wan"), Allocations{})
	var names []string
	for _, e := range HostsFile(p.Names, p.Hosts[0].VRFs) {
		names = append(names, e.Names...)
	}
	want := []string{"pe1", "pe2", "host_001_101", "remote_001_101"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("/etc/hosts of %s:\n%s", p.Hosts[0].Name, diff)
	}
}

var comparePrefixes = cmp.Options{
	cmp.Comparer(func(a, b Host) bool {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return string(x) == string(y)
	}),
	cmp.Comparer(func(a, b Name) bool {
		x, _ := json.Marshal(a)
		y, _ := json.Marshal(b)
		return string(x) == string(y)
	}),
	cmp.Transformer("json", func(r Router) string {
		b, _ := json.Marshal(r)
		return string(b)
	}),
}
