package audit

import (
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }
func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func label(n uint32) *uint32       { return &n }

// healthy are the tables of two routers that agree.
func healthy() Tables {
	return Tables{
		Nodes: []status.Node{{Node: "pe1", Kind: status.Router, State: status.NodeRunning}, {Node: "h1", Kind: status.Host, State: status.NodeRunning}},
		Interfaces: []status.Interface{
			{Router: "pe1", Name: "eth1", Addresses: []netip.Prefix{prefix("192.168.0.1/30")}, MAC: "02:00:00:00:00:01"},
			{Router: "pe2", Name: "eth1", Addresses: []netip.Prefix{prefix("192.168.0.2/30")}, MAC: "02:00:00:00:00:02"},
		},
		Neighbors: []status.Neighbor{
			{Router: "pe1", Interface: "eth1", Address: addr("192.168.0.2"), MAC: "02:00:00:00:00:02"},
			{Router: "pe1", Interface: "eth2", VRF: "red", Address: addr("10.1.0.2"), MAC: "02:00:00:00:01:01"},
			{Router: "pe1", Interface: "eth2", VRF: "red", Address: addr("10.1.0.9")},
		},
		RIB: []status.RIB{
			{Router: "pe1", RD: "1:1", Prefix: prefix("10.2.0.0/24"), NextHop: addr("192.168.0.2"), Label: 1000, Peer: addr("192.168.0.2")},
			{Router: "pe1", RD: "9:9", Prefix: prefix("10.9.0.0/24"), NextHop: addr("192.0.2.9"), Label: 7, Peer: addr("192.0.2.9")},
			{Router: "pe1", RD: "1:1", Prefix: prefix("10.7.0.0/24"), NextHop: addr("10.255.0.2"), Label: 2000, Peer: addr("10.255.0.2")},
		},
		LSPs: []status.LSP{
			{
				Router: "pe1", FEC: prefix("10.255.0.9/32"), OutLabel: label(5000), NextHop: addr("192.168.0.2"),
				Equal: []status.Way{{NextHop: addr("192.168.0.2"), OutLabel: 5000}, {NextHop: addr("192.168.9.9"), OutLabel: 7}},
			},
			{Router: "pe1", FEC: prefix("10.255.0.8/32"), OutLabel: label(8), NextHop: addr("192.168.9.9"), Backup: addr("192.168.0.2"), BackupOut: label(5100)},
			{Router: "pe2", FEC: prefix("10.255.0.9/32"), InLabel: label(5000)},
			{Router: "pe2", FEC: prefix("10.255.0.8/32"), InLabel: label(5100)},
			{Router: "pe2", FEC: prefix("10.255.0.2/32"), InLabel: label(3)},
		},
		MPLS: []status.MPLS{
			{Router: "pe2", RD: "1:1", Prefix: prefix("10.2.0.0/24"), Label: 1000, Direction: status.DirectionIn},
			{Router: "pe1", VRF: "red", RD: "1:1", Prefix: prefix("10.2.0.0/24"), NextHop: addr("192.168.0.2"), Label: 1000, Direction: status.DirectionOut},
			{Router: "pe2", RD: "1:1", Prefix: prefix("10.7.0.0/24"), Label: 2000, Direction: status.DirectionIn},
		},
		Stations: []Station{{Host: "h1", Router: "pe1", VRF: "red", Address: addr("10.1.0.2"), MAC: "02:00:00:00:01:01"}},
	}
}

// Each fault is found by name, and nothing else is.
func TestJudge(t *testing.T) {
	if got := Judge(healthy()); len(got) > 0 {
		t.Errorf("healthy tables: %v", got)
	}
	for name, tt := range map[string]struct {
		spoil func(*Tables)
		want  string // check, node, and parts of the object and the detail
	}{
		"a node ended":      {func(t *Tables) { t.Nodes[1].State = status.NodeEnded }, "process h1 host ended"},
		"a service ended":   {func(t *Tables) { t.Nodes[1].Services = []status.Service{{Name: "web", State: status.ServiceEnded}} }, "process h1 web ended"},
		"another label":     {func(t *Tables) { t.MPLS[0].Label = 1001 }, "label pe1 10.2.0.0/24 1000 pe2 1001"},
		"a withdrawn label": {func(t *Tables) { t.MPLS = t.MPLS[1:] }, "label pe1 10.2.0.0/24 1000 pe2"},
		"a route that a border router tells on": {func(t *Tables) {
			t.MPLS = t.MPLS[1:]
			t.RIB = append(t.RIB, status.RIB{Router: "pe2", RD: "1:1", Prefix: prefix("10.2.0.0/24"), Label: 1000})
		}, ""},
		"another label of a path":           {func(t *Tables) { t.LSPs[2].InLabel = label(5001) }, "label pe1 10.255.0.9/32 5000 pe2 5001"},
		"another label of a backup":         {func(t *Tables) { t.LSPs[1].BackupOut = label(5102) }, "label pe1 10.255.0.8/32 5102 pe2 5100"},
		"a path that the next has not":      {func(t *Tables) { t.LSPs = slices.Delete(t.LSPs, 2, 3) }, "label pe1 10.255.0.9/32 5000 pe2 no label"},
		"another label of a far route":      {func(t *Tables) { t.RIB[2].Label = 2001 }, "label pe1 10.7.0.0/24 2001 pe2 2000"},
		"a path through one that is silent": {func(t *Tables) { t.LSPs = t.LSPs[:2] }, ""},
		"a route from nowhere":              {func(t *Tables) { t.RIB = t.RIB[1:] }, "vrf pe1 red 192.168.0.2 1000"},
		"a port set down":                   {func(t *Tables) { t.Interfaces[0].Admin = status.InterfaceDown }, "port pe1 eth1 down"},
		"a port without a wire":             {func(t *Tables) { t.Interfaces[1].Oper = status.InterfaceDown }, "port pe2 eth1 carrier"},
		"a port that is gone":               {func(t *Tables) { t.Interfaces[1].Admin = status.InterfaceAbsent }, "port pe2 eth1 interface"},
		"a router's wrong MAC":              {func(t *Tables) { t.Neighbors[0].MAC = "02:00:00:00:00:99" }, "neighbor pe1 192.168.0.2 eth1 pe2"},
		"a host's wrong MAC":                {func(t *Tables) { t.Neighbors[1].MAC = "02:00:00:00:00:99" }, "neighbor pe1 10.1.0.2 eth2 h1"},
		"no answer of a router":             {func(t *Tables) { t.Interfaces, t.MPLS = t.Interfaces[:1], t.MPLS[1:] }, ""},
		"a route kept by graceful restart": {func(t *Tables) {
			t.RIB[0].Stale = true
			t.MPLS = t.MPLS[1:]
		}, ""},
		"two interfaces on a LAN": {func(t *Tables) {
			t.Neighbors[1].MAC = "02:00:00:00:00:99"
			t.Stations[0].LAN = "office"
			t.Stations = append(t.Stations, Station{Host: "h1", LAN: "office", Router: "pe1", VRF: "red", Address: addr("10.1.0.3"), MAC: "02:00:00:00:00:99"})
		}, ""},
		"two hosts with one address": {func(t *Tables) {
			t.Neighbors[1].MAC = "02:00:00:00:00:99"
			t.Stations = append(t.Stations, Station{Host: "h2", Router: "pe1", VRF: "red", Address: addr("10.1.0.2"), MAC: "02:00:00:00:01:02"})
		}, ""},
	} {
		tables := healthy()
		tt.spoil(&tables)
		got := Judge(tables)
		if tt.want == "" {
			if len(got) > 0 {
				t.Errorf("%s: %v, want nothing", name, got)
			}
			continue
		}
		if len(got) != 1 {
			t.Errorf("%s: %v, want one deviation", name, got)
			continue
		}
		words := strings.Fields(tt.want)
		text := got[0].Object + " " + got[0].Detail
		for _, w := range words[2:] {
			if string(got[0].Check) != words[0] || got[0].Node != words[1] || !strings.Contains(text, w) {
				t.Errorf("%s: %+v, want %s", name, got[0], tt.want)
			}
		}
	}
}

func TestBoth(t *testing.T) {
	a, b, c := status.Deviation{Node: "a"}, status.Deviation{Node: "b"}, status.Deviation{Node: "c"}
	if got := Both([]status.Deviation{a, b}, []status.Deviation{b, c}); len(got) != 1 || got[0] != b {
		t.Errorf("%v", got)
	}
}
