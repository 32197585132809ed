package catalog_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
	"pseudowan/labs/catalog"
	"pseudowan/topology"
)

func parse(t *testing.T, name string) *topology.Topology {
	t.Helper()
	data, ok := catalog.Get(name)
	if !ok {
		t.Fatalf("no lab %q", name)
	}
	lab, err := topology.Parse(name+".yaml", data)
	if err != nil {
		t.Fatalf("refused:\n%v", err)
	}
	return lab
}

func TestEveryLabIsValid(t *testing.T) {
	if !slices.Contains(catalog.Names(), "pseudo-wan") {
		t.Fatalf("names: %v", catalog.Names())
	}
	for i, l := range catalog.List() {
		lab := parse(t, l.Name)
		if lab.Name != l.Name || l.Name != catalog.Names()[i] {
			t.Errorf("file %s.yaml has the lab %s", l.Name, lab.Name)
		}
		if l.Description == "" || strings.Contains(l.Description, "\n") || l.Description != lab.Description {
			t.Errorf("%s: description %q", l.Name, l.Description)
		}
	}
}

func TestUnknownLab(t *testing.T) {
	for _, name := range []string{"", "pseudo", "../catalog", "pseudo-wan.yaml"} {
		if _, ok := catalog.Get(name); ok {
			t.Errorf("there is a lab %q", name)
		}
	}
}

func TestPseudoWANRouters(t *testing.T) {
	lab := parse(t, "pseudo-wan")
	if len(lab.Routers) != 2 || len(lab.Hosts) != 20 || len(lab.VRFs) != 20 || len(lab.Links) != 1 || len(lab.Sessions) != 2 {
		t.Fatalf("%d routers, %d hosts, %d VRFs, %d links, %d sessions", len(lab.Routers), len(lab.Hosts), len(lab.VRFs), len(lab.Links), len(lab.Sessions))
	}
	var got []string
	for _, r := range lab.Routers {
		got = append(got, fmt.Sprint(r.Name, " ", r.AS, " ", r.ID, " ", r.Labels))
	}
	if want := []string{"pe1 65001 10.10.10.1 1000-1999", "pe2 65002 10.10.10.2 2000-2999"}; !slices.Equal(got, want) {
		t.Errorf("routers %q", got)
	}
	for i, e := range lab.Links[0].Ends {
		if want := fmt.Sprintf("192.168.0.%d/30", i+1); e.Interface != "eth1" || len(e.Addresses) != 1 || e.Addresses[0].String() != want {
			t.Errorf("end %+v", e)
		}
	}
	if mac := lab.Links[0].Ends[0].MAC.String(); mac != "00:00:00:01:01:01" {
		t.Errorf("MAC of pe1's eth1: %s", mac)
	}
	for _, s := range lab.Sessions {
		if s.MED == nil || *s.MED != 100 || s.PeerAS != map[string]uint32{"pe1": 65002, "pe2": 65001}[s.Router] {
			t.Errorf("session %+v", s)
		}
	}
	if lab.NodePrefix != "" {
		t.Errorf("containers are named with %q", lab.NodePrefix)
	}
}

// TestPseudoWANHosts checks the hosts against the original's table.
func TestPseudoWANHosts(t *testing.T) {
	lab := parse(t, "pseudo-wan")
	vrfs := []int{101, 102, 103, 201, 202, 203, 301, 302, 401, 402}
	for n, vrf := range vrfs {
		local, far := lab.Hosts[n], lab.Hosts[10+n]
		site, nth := vrf/100*10, vrf%100
		checkHost(t, local, fmt.Sprintf("host_%03d_%d", n+1, vrf), "pe1", vrf, site, nth)
		checkHost(t, far, fmt.Sprintf("remote_%03d_%d", n+1, vrf), "pe2", vrf, 30, n+1)
	}
	for i, v := range lab.VRFs {
		vrf := fmt.Sprint(vrfs[i%10])
		rd := "65001:" + vrf
		if v.Name != vrf || v.RD.String() != rd || len(v.Import) != 1 || v.Import[0].String() != rd || !slices.Equal(v.Import, v.Export) {
			t.Errorf("VRF %+v, want %s", v, rd)
		}
		if v.RedistributeConnected != topology.RedistributeHosts || !v.RedistributeStatic || v.LabelMode != vpn.PerNextHop {
			t.Errorf("VRF %+v: not as the original announces", v)
		}
	}
}

func checkHost(t *testing.T, h topology.Host, name, router string, vrf, site, nth int) {
	t.Helper()
	if h.Name != name || len(h.Attachments) != 1 || len(h.LANs) != 10 {
		t.Fatalf("host %+v, want %s", h, name)
	}
	a := h.Attachments[0]
	if a.Router != router || a.VRF != fmt.Sprint(vrf) || a.Interface != "eth0" || a.MTU != 1500 {
		t.Errorf("%s: attachment %+v", name, a)
	}
	subnet := fmt.Sprintf("%d.%d.0.", site, nth)
	if a.Addresses[0].String() != subnet+"2/24" || a.Gateways[0].String() != subnet+"1/24" || fmt.Sprint(a.Routes) != "[0.0.0.0/0]" {
		t.Errorf("%s: addresses %v, gateways %v, routes %v", name, a.Addresses, a.Gateways, a.Routes)
	}
	for k := range 10 {
		lan := fmt.Sprintf("%d.%d.%d.", 100+site, nth, k)
		if h.LANs[k].String() != lan+"1/24" || a.Statics[k].Prefix.String() != lan+"0/24" || a.Statics[k].NextHop != a.Addresses[0].Addr() {
			t.Errorf("%s: LAN %s, static %+v, want %s0/24", name, h.LANs[k], a.Statics[k], lan)
		}
	}
}
