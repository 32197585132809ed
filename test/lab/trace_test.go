package lab

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

func traced(t testing.TB, l lab, host, address string) (int, status.Trace) {
	t.Helper()
	r := pseudowan("trace", host, address, "--lab", l.name, "-o", "json")
	var trace status.Trace
	if err := json.Unmarshal([]byte(r.stdout), &trace); err != nil {
		t.Fatalf("trace: exit code %d: %v\n%s%s", r.code, err, r.stdout, r.stderr)
	}
	return r.code, trace
}

// nodesOf lists the nodes of a path.
func nodesOf(trace status.Trace) string {
	var out []string
	for _, h := range trace.Hops {
		out = append(out, h.Node)
	}
	return strings.Join(out, " ")
}

// Tables, Open vSwitch and real packets show the same path, for both families and
// for every path through a router: labels of next hops and of VRFs, routes between
// VRFs of one router, and a host that forwards.
func TestRealTraceAgrees(t *testing.T) {
	for catalog, paths := range map[string][]struct{ from, to, want string }{
		"hub-spoke": {
			{"s2", "10.3.0.2", "s2 pe2 pe1 hq pe1 pe3 s3"},
			{"hq", "10.2.0.2", "hq pe1 pe2 s2"},
		},
		"extranet": {
			{"a1", "10.9.0.2", "a1 pe1 mail"},
			{"b2", "2001:db8:9::2", "b2 pe2 pe1 mail"},
			{"mail", "10.4.0.2", "mail pe1 pe2 b2"},
			{"a2", "10.90.0.1", "a2 pe2 pe1 mail"},
		},
		"ipv6-core": {
			{"red1", "10.2.0.2", "red1 pe1 pe2 red2"},
			{"blue2", "2001:db8:1::2", "blue2 pe2 pe1 blue1"},
		},
	} {
		t.Run(catalog, func(t *testing.T) {
			l := fromCatalog(t, t.TempDir(), catalog, "pwt-vfyt-"+catalog)
			l.up(t)
			for _, c := range paths {
				code, trace := traced(t, l, c.from, c.to)
				if code != 0 || nodesOf(trace) != c.want || trace.Answered != trace.Delivered || len(trace.Disagreements) > 0 {
					t.Errorf("%s to %s: exit code %d, path %s, delivered to %q, answered by %q, %q; want %s",
						c.from, c.to, code, nodesOf(trace), trace.Delivered, trace.Answered, trace.Disagreements, c.want)
				}
				if len(trace.Real) != len(trace.Hops)-1 {
					t.Errorf("%s to %s: %d real hops for %d nodes: %+v", c.from, c.to, len(trace.Real), len(trace.Hops), trace.Real)
				}
			}
		})
	}
}

// What a router itself answers goes to its slow path: the three agree on a gateway,
// on an address that nobody has, and on one without a route.
func TestRealTraceToARouter(t *testing.T) {
	l := sharedLab(t)
	for to, want := range map[string]string{
		"10.1.0.1":   "is delivered to router pe1",
		"10.1.0.77":  "ends at host host_001_101: nobody answers ARP for 10.1.0.77 on eth0", // the host does not send it to its router
		"30.1.0.77":  "ends at router pe1: VRF 101: no route",
		"172.16.0.1": "ends at router pe1: VRF 101: no route",
	} {
		code, trace := traced(t, l, "host_001_101", to)
		if code != 0 || trace.Outcome != want || len(trace.Disagreements) > 0 {
			t.Errorf("%s: exit code %d, %q, %q; want %q", to, code, trace.Outcome, trace.Disagreements, want)
		}
	}
}

// A switch that drops what its router should answer is reported.
func TestRealTraceWithoutFlows(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-vfyflows", strings.Replace(oneRouter, "pwt-heal", "pwt-vfyflows", 1))
	l.up(t)
	for _, table := range []string{"table=40", "table=0"} { // that of the slow path, then the first
		if r := l.exec("pe1", "ovs-ofctl", "del-flows", "br0", table); r.code != 0 {
			t.Fatal(r.stderr)
		}
		code, trace := traced(t, l, "h1", "10.1.0.1")
		if code != 1 || trace.Delivered != "" || len(trace.Disagreements) != 1 || !strings.Contains(trace.Disagreements[0], "the flow is missing or wrong") {
			t.Errorf("without %s: exit code %d, %+v", table, code, trace)
		}
	}
}

// If a label is changed in the switch, trace reports that BGP and Open vSwitch
// disagree about it, and the real packet does not arrive.
func TestRealTraceDisagrees(t *testing.T) {
	l := fromCatalog(t, t.TempDir(), "dual-stack", "pwt-vfytlabel")
	l.up(t)
	flow := l.routeFlow(t, "pe1", "red", "10.2.0.0/24")
	flow.push(t, 5000)
	code, trace := traced(t, l, "red1", "10.2.0.2")
	if code != 1 || trace.Answered != "" || trace.Delivered != "" || len(trace.Disagreements) == 0 ||
		trace.Disagreements[0] != fmt.Sprintf("router pe1: VRF red: route 10.2.0.0/24: Open vSwitch pushes label 5000, BGP says %d", flow.label) {
		t.Errorf("exit code %d, %+v", code, trace)
	}
	if len(trace.Real) == 0 || trace.Real[0].Node != "pe1" {
		t.Errorf("real packets: %+v; want pe1 to answer the first", trace.Real)
	}
}

// Explain knows why a prefix is in a VRF and why it is not.
func TestRealExplain(t *testing.T) {
	l := sharedLab(t)
	for _, c := range []struct {
		vrf, prefix string
		present     bool
		verdict     string
	}{
		{"101", "30.1.0.2/32", true, "it is there: bgp, next hop 192.168.0.2, label 2000"},
		{"65001:101", "110.1.0.0/24", true, "it is there: static"},
		{"101", "20.1.0.2/32", false, "no route target in common: VRF 201 of pe1 exports 65001:201, VRF 101 of pe1 imports 65001:101"},
		{"101", "10.1.0.0/24", true, "it is a connected subnet of the router in this VRF"},
		{"101", "30.1.0.0/24", false, "not redistributed: VRF 101 of pe2 does not announce this connected route"},
		{"101", "172.16.0.0/12", false, "no host of the lab has or announces it"},
	} {
		out := must(t, "explain", "pe1", c.vrf, c.prefix, "--lab", l.name, "-o", "json")
		var e status.Explanation
		if err := json.Unmarshal([]byte(out), &e); err != nil {
			t.Fatal(err)
		}
		said := slices.ContainsFunc(e.Origins, func(o status.ExplainedRoute) bool { return strings.Contains(o.Verdict, c.verdict) })
		if e.Present != c.present || !strings.Contains(e.Verdict, c.verdict) && !said {
			t.Errorf("%s in %s: present %t, %q; want %t, %q", c.prefix, c.vrf, e.Present, e.Verdict, c.present, c.verdict)
		}
	}
	if r := pseudowan("explain", "pe1", "109", "10.1.0.0/24", "--lab", l.name); r.code != 4 || !strings.Contains(r.stderr, "router pe1 has no VRF 109") {
		t.Errorf("exit code %d: %s", r.code, r.stderr)
	}
}
