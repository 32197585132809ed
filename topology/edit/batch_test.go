package edit

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// The edits of a batch see what those before them have done, as if each were made alone.
func TestBatchesAreInOrder(t *testing.T) {
	via := func(op Op, hop string) Edit {
		e := Edit{Op: op, Name: "red", Prefix: prefix("172.16.0.0/16")}
		if hop != "" {
			e.NextHop = addr(hop)
		}
		return e
	}
	h9 := map[string]any{"to": "pe1", "vrf": "red", "addresses": "10.8.0.2/24"}
	for _, c := range []struct {
		name  string
		edits []Edit
		fails string
	}{
		{"a host again", []Edit{{Op: HostDel, Name: "h1"}, {Op: HostAdd, Name: "h1", Settings: h9}}, ""},
		{"a host twice", []Edit{{Op: HostDel, Name: "h1"}, {Op: HostAdd, Name: "h1", Settings: h9}, {Op: HostAdd, Name: "h1", Settings: h9}}, "h1 exists already"},
		{"a VRF again", []Edit{{Op: VRFAdd, Name: "x", Settings: map[string]any{"rts": "1:1", "on": "pe1"}}, {Op: VRFDel, Name: "x"}, {Op: VRFAdd, Name: "x", Settings: map[string]any{"rts": "1:2", "on": "pe1"}}}, ""},
		{"a VRF of the file again", []Edit{
			{Op: HostDel, Name: "h1"}, {Op: HostDel, Name: "h2"}, {Op: HostDel, Name: "h3"}, {Op: VRFDel, Name: "red"}, {Op: VRFAdd, Name: "red", Settings: map[string]any{"rts": "1:2"}},
		}, ""},
		{"a VRF for a host that is there", []Edit{{Op: HostAdd, Name: "h9", Settings: map[string]any{"to": "pe1", "vrf": "x", "addresses": "10.8.0.2/24"}}, {Op: VRFAdd, Name: "x", Settings: map[string]any{"rts": "1:1"}}}, ""},
		{"one of a series", []Edit{{Op: HostDel, Name: "h1"}, {Op: HostAdd, Name: "c1", Settings: h9}}, "c1 exists already"},
		{"a route comes and goes", []Edit{via(RouteAdd, "10.1.0.2"), via(RouteDel, "")}, ""},
		{"a route comes and goes by its next hop", []Edit{via(RouteAdd, "10.1.0.2"), via(RouteAdd, "10.2.0.2"), via(RouteDel, "10.2.0.2"), via(RouteDel, "10.1.0.2")}, ""},
		{"a route comes twice", []Edit{via(RouteAdd, "10.1.0.2"), via(RouteAdd, "10.1.0.2")}, "already"},
		{"a route before its host", []Edit{
			{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.8.0.2")}, {Op: HostAdd, Name: "h9", Settings: h9},
		}, "on no subnet"},
		{"a route before a host that could have it, too", []Edit{
			via(RouteAdd, "10.1.0.9"), {Op: HostAdd, Name: "h9", Settings: map[string]any{"to": "pe2", "vrf": "red", "addresses": "10.1.0.7/24"}},
		}, ""},
		{"a route goes twice", []Edit{via(RouteAdd, "10.1.0.2"), via(RouteDel, ""), via(RouteDel, "10.1.0.2")}, "no static route"},
		{"attachments of a host that moves meanwhile", []Edit{
			{Op: HostAttach, Name: "h3", Settings: map[string]any{"to": "pe1", "vrf": "red", "addresses": "10.31.0.2/24"}},
			{Op: HostDetach, Name: "h3", Interface: "eth0"},
			{Op: HostAttach, Name: "h3", Settings: map[string]any{"to": "pe1", "vrf": "red", "addresses": "10.32.0.2/24"}},
			{Op: HostAttach, Name: "h3", Settings: map[string]any{"to": "pe2", "vrf": "red", "addresses": "10.33.0.2/24"}},
			{Op: RouteAdd, Name: "red", Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.33.0.2")},
		}, ""},
		{"a route goes and comes", []Edit{via(RouteAdd, "10.1.0.2"), via(RouteDel, "10.1.0.2"), via(RouteAdd, "10.1.0.2")}, ""},
	} {
		text, err := Apply(parsed(t, lab), []byte(lab), c.edits)
		switch {
		case c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)):
			t.Errorf("%s: %v, want %q", c.name, err, c.fails)
		case c.fails == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.fails == "":
			parsed(t, string(text))
		}
	}
}

// What is new is not read for each edit.
func TestBatchesAreFast(t *testing.T) {
	var edits []Edit
	for i := range 1000 {
		edits = append(edits,
			Edit{Op: RouteAdd, Name: "red", Prefix: netip.MustParsePrefix(fmt.Sprintf("172.%d.%d.0/24", 16+i/256, i%256)), NextHop: addr("10.1.0.2")},
			Edit{Op: RouteAdd, Name: "red", Prefix: netip.MustParsePrefix(fmt.Sprintf("172.%d.%d.0/24", 16+i/256, i%256)), NextHop: addr("10.2.0.2")})
	}
	for i := range 1000 {
		edits = append(edits, Edit{Op: HostAdd, Name: fmt.Sprintf("n%d", i), Settings: map[string]any{"to": "pe1", "vrf": "red", "addresses": fmt.Sprintf("10.%d.%d.2/24", 100+i/256, i%256)}})
	}
	for i := range 100 { // and what is added in turn
		name := fmt.Sprintf("m%d", i)
		edits = append(edits, Edit{Op: VRFAdd, Name: name, Settings: map[string]any{"rts": fmt.Sprintf("65000:%d", 100+i)}},
			Edit{Op: HostAdd, Name: name, Settings: map[string]any{"to": "pe1", "vrf": name, "addresses": "10.1.0.2/24"}},
			Edit{Op: RouteAdd, Name: name, Prefix: prefix("172.16.0.0/16"), NextHop: addr("10.1.0.2")})
	}
	begin := time.Now()
	if _, err := Apply(parsed(t, lab), []byte(lab), edits); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(begin); took > 20*time.Second { // minutes, if each were read
		t.Errorf("%d edits take %s", len(edits), took)
	}
}

// The provisioning of docs/scripting.md: 200 VRFs, a host in all of them, 30 routes in each.
func BenchmarkProvisioning(b *testing.B) {
	const text = "name: provision\nrouters: {pe1: {as: 65001}}\nvrfs: {base: {rts: \"65001:1\"}}\nhosts: {ce: {to: pe1, vrf: base, addresses: 10.0.0.2/24}}\n"
	var edits, routes []Edit
	for v := range 200 {
		name := fmt.Sprintf("v%d", v)
		edits = append(edits, Edit{Op: VRFAdd, Name: name, Settings: map[string]any{"rts": fmt.Sprintf("9598:%d", v)}},
			Edit{Op: HostAttach, Name: "ce", Settings: map[string]any{"to": "pe1", "vrf": name, "addresses": fmt.Sprintf("10.1.%d.2/24", v)}})
		for r := range 30 {
			routes = append(routes, Edit{Op: RouteAdd, Name: name, Prefix: prefix(fmt.Sprintf("172.%d.%d.0/24", 16+r, v)), NextHop: addr(fmt.Sprintf("10.1.%d.2", v))})
		}
	}
	edits = append(edits, routes...)
	for b.Loop() {
		if _, err := Apply(parsed(b, text), []byte(text), edits); err != nil {
			b.Fatal(err)
		}
	}
}
