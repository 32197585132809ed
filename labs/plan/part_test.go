package plan

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pseudowan/topology"
	"pseudowan/topology/sites"
)

// parts plans every site of a lab.
func parts(t *testing.T, top *topology.Topology, perSite int) []*Plan {
	t.Helper()
	all, err := sites.Divide(top, perSite)
	if err != nil {
		t.Fatal(err)
	}
	whole := plan(t, top, Allocations{})
	var out []*Plan
	for _, s := range all {
		p, err := whole.Part(all, Place{Site: s.Name, PerSite: perSite, MTU: 1450})
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, p)
	}
	return out
}

// Together the sites have what the whole lab has: each node once, each wire within one
// site or as a tunnel whose parts agree.
func TestPartsMakeTheWhole(t *testing.T) {
	for _, lab := range []string{"pseudo-wan", "hub-spoke", "core", "dual-stack", "server-farm"} {
		for _, perSite := range []int{1, 2, 5} {
			t.Run(fmt.Sprint(lab, perSite), func(t *testing.T) {
				top := parseCatalog(t, lab)
				whole := plan(t, top, Allocations{})
				nodes, ends := map[string]int{}, map[string]int{}
				tunnels := map[uint32][]Segment{}
				for _, p := range parts(t, top, perSite) {
					for _, r := range p.Routers {
						nodes[r.Name]++
					}
					for _, h := range p.Hosts {
						nodes[h.Name]++
					}
					for _, w := range p.Wires {
						ends[w.A.Alias]++
						ends[w.B.Alias]++
					}
					for _, s := range p.Segments {
						for _, w := range s.Wires {
							ends[w.B.Alias]++
						}
						if s.Tunnel != nil {
							tunnels[s.Tunnel.VNI] = append(tunnels[s.Tunnel.VNI], s)
						}
					}
				}
				for _, n := range whole.nodes() {
					if n.kind != "segment" && nodes[n.name] != 1 {
						t.Errorf("%s %s is at %d sites", n.kind, n.name, nodes[n.name])
					}
				}
				for _, w := range whole.AllWires() {
					for _, e := range []End{w.A, w.B} {
						if e.Node != "" && ends[e.Alias] != 1 {
							t.Errorf("the end %s is at %d sites", e.Alias, ends[e.Alias])
						}
					}
				}
				for vni, ends := range tunnels {
					agree(t, vni, ends)
				}
			})
		}
	}
}

// agree checks that the parts of a segment know each other's stations, and leave room
// for the outer headers.
func agree(t *testing.T, vni uint32, ends []Segment) {
	t.Helper()
	if len(ends) < 2 {
		t.Errorf("tunnel %d has one end", vni)
	}
	for _, s := range ends {
		if len(s.Tunnel.Sites) != len(ends)-1 {
			t.Errorf("tunnel %d: %s leads to %v; it has %d ends", vni, s.Tunnel.Alias, s.Tunnel.Sites, len(ends))
		}
		if s.MTU != 1400 || s.Wires[0].B.MTU != 1400 {
			t.Errorf("tunnel %d: MTU %d and %d, not 1450 less 50", vni, s.MTU, s.Wires[0].B.MTU)
		}
		for _, other := range ends {
			for _, w := range other.Wires {
				here := slices.ContainsFunc(s.Wires, func(x Wire) bool { return x.B == w.B })
				known := slices.ContainsFunc(s.Tunnel.Stations, func(x Station) bool { return x.MAC == w.B.MAC })
				if here == known {
					t.Errorf("tunnel %d: %s is here %t, and known at another site %t", vni, w.B.Alias, here, known)
				}
			}
		}
	}
}

// An edit elsewhere changes nothing at a site of one router: neither what it has, nor
// what its links are called.
func TestPartsKeepTheirNumbers(t *testing.T) {
	data := `name: three
routers:
  pe1: {as: 65001, id: 10.10.10.1, labels: 1000-1999}
  pe2: {as: 65001, id: 10.10.10.2, labels: 2000-2999}
  pe4: {as: 65001, id: 10.10.10.4, labels: 4000-4999}
links:
- ends: {pe1:eth1: {address: 192.168.0.1/30}, pe2:eth1: {address: 192.168.0.2/30}}
- ends: {pe2:eth2: {address: 192.168.1.1/30}, pe4:eth1: {address: 192.168.1.2/30}}
vrfs: {red: {rd: "65001:101", rts: "65001:101"}}
hosts:
  h2: {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
  h4: {to: pe4, vrf: red, addresses: [10.4.0.2/24]}
`
	edited := strings.Replace(data, "  pe2:", "  pe0: {as: 65001, id: 10.10.10.9, labels: 9000-9999}\n  pe2:", 1)
	edited = strings.Replace(edited, "links:\n", "links:\n- ends: {pe0:eth1: {address: 192.168.9.1/30}, pe1:eth9: {address: 192.168.9.2/30}}\n", 1)
	find := func(data, site string) *Plan {
		top, err := topology.Parse("three.yaml", []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts(t, top, 1) {
			if p.Place.Site == site {
				return p
			}
		}
		t.Fatalf("no site %s", site)
		return nil
	}
	before, after := find(data, "pe4"), find(edited, "pe4")
	if !SameCore(before, after) || len(Diff(before, after)) > 0 {
		t.Errorf("the edit changed %v at pe4", Diff(before, after))
	}
}

func TestPartRefuses(t *testing.T) {
	top := parseCatalog(t, "pseudo-wan")
	all, err := sites.Divide(top, 1)
	if err != nil {
		t.Fatal(err)
	}
	whole := plan(t, top, Allocations{})
	for _, c := range []struct {
		place Place
		want  string
	}{
		{Place{Site: "pe9", MTU: 1500}, "there is no site pe9; the lab has "},
		{Place{Site: all[0].Name, MTU: 1300}, "tunnels need 1330"},
	} {
		if _, err := whole.Part(all, c.place); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.place, err, c.want)
		}
	}
}
