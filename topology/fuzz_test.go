package topology

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzParse checks that no file makes Parse panic, that a refusal describes every
// problem, and that an accepted file satisfies the promises of the types.
func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(behindNIC + "outside: {x: {via: eth7, vrf: red, addresses: [30.1.0.2, \"2001:db8:30::2\"]}}\nexpect: [r1 -> x]\n"))
	for _, group := range [][]refusal{refusedFile, refusedNames, refusedRouters, refusedLinks, refusedSessions, refusedVRFs, refusedHosts, refusedSeries, refusedOutside, refusedMonitors} {
		for _, r := range group {
			f.Add([]byte(r.file))
		}
	}
	f.Add(fmt.Appendf(nil, policyLab, `prefix-lists: {n: [10.0.0.0/8 ge 9 le 24, except 10.1.0.0/16], m: [n, "::/0"]}
policies: {x: [{match: {prefixes: [n, 10.0.0.0/8], family: vpnv4, as-path: ^65001_, communities: "1:* no-export", med: 1-5}, set: {prepend: 2, med: 1, rts: {add: "1:1"}}, then: next}, {then: reject}]}`,
		"import-policy: x", ", export-policy: [x]", ", bgp: {as: 65100, export-policy: x}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if large.Match(data) {
			t.Skip("large: the bounds have their own tests")
		}
		lab, err := Parse("fuzz.yaml", data)
		if err != nil {
			checkProblems(t, err)
			return
		}
		again, err := Parse("fuzz.yaml", data)
		if err != nil {
			t.Fatalf("refused the second time: %v", err)
		}
		if !reflect.DeepEqual(lab, again) {
			t.Fatalf("not the same the second time:\n%s", cmp.Diff(lab, again, exact))
		}
		checkLab(t, lab)
	})
}

// large matches a range or a count that makes thousands of hosts or LANs.
var large = regexp.MustCompile(`-[0-9]{4}|lans: *[0-9]{3}`)

func checkProblems(t *testing.T, err error) {
	t.Helper()
	problems, ok := err.(Problems)
	if !ok || len(problems) == 0 {
		t.Fatalf("error is %T with %v", err, err)
	}
	for i, p := range problems {
		if p.File == "" || p.Element == "" || p.Message == "" || p.Remedy == "" {
			t.Errorf("says too little: %#v", p)
		}
		if i > 0 && p.Line < problems[i-1].Line {
			t.Errorf("line %d after line %d", p.Line, problems[i-1].Line)
		}
	}
}

// checkLab checks the promises of the validated types independently of the
// validator.
func checkLab(t *testing.T, lab *Topology) {
	t.Helper()
	names := make(map[string]bool)
	node := func(name string) {
		if names[name] || name == "" || strings.ContainsAny(name, " /\x00\n") {
			t.Errorf("node name %q", name)
		}
		names[name] = true
	}
	ids := make(map[netip.Addr]bool)
	for _, r := range lab.Routers {
		node(r.Name)
		if r.AS == 0 || !r.ID.Is4() || ids[r.ID] || r.Labels.First < 16 || r.Labels.Size() < 1 {
			t.Errorf("router %+v", r)
		}
		ids[r.ID] = true
	}
	instances := make(map[string]VRF)
	for _, v := range lab.VRFs {
		instances[v.Router+"/"+v.Name] = v
	}
	for _, h := range lab.Hosts {
		node(h.Name)
		for _, a := range h.Attachments {
			checkAttached(t, h.Name, a, instances)
		}
	}
	for _, o := range lab.Outside {
		node(o.Name)
		if len(o.Addresses) == 0 || slices.ContainsFunc(o.Addresses, func(a netip.Addr) bool { return badUnicast(a) != "" }) ||
			!slices.ContainsFunc(lab.Links, func(l Link) bool {
				return l.NIC != "" && l.Ends[0].Router == o.Router && l.Ends[0].Interface == o.Interface
			}) {
			t.Errorf("outside %+v", o)
		}
	}
	checkViews(t, lab)
	if len(lab.Hosts) > 100 {
		return
	}
	intent := lab.Intent()
	for _, r := range intent.Routes {
		if _, ok := instances[r.Router+"/"+r.VRF]; !ok || !names[r.Origin.Host] {
			t.Errorf("expected route of no host: %+v", r)
		}
	}
	for _, r := range lab.Reaches() {
		if r.From == r.To || !r.Source.IsValid() || r.Source.Is4() != r.Destination.Is4() {
			t.Errorf("reach %+v", r)
		}
	}
}

func checkAttached(t *testing.T, host string, a Attachment, instances map[string]VRF) {
	t.Helper()
	if _, ok := instances[a.Router+"/"+a.VRF]; !ok {
		t.Errorf("host %s: no instance of VRF %s on %s", host, a.VRF, a.Router)
	}
	if len(a.Gateways) == 0 || a.MTU < 68 || a.MTU > 9216 || a.Interface == "" {
		t.Errorf("host %s: attachment %+v", host, a)
	}
	onSubnet := func(x netip.Addr) bool {
		return slices.ContainsFunc(a.Gateways, func(g netip.Prefix) bool { return g.Contains(x) && g.Addr() != x })
	}
	for _, p := range a.Addresses {
		if !onSubnet(p.Addr()) {
			t.Errorf("host %s: address %s without a gateway of its own: %v", host, p, a.Gateways)
		}
	}
	for _, s := range a.Statics {
		if !onSubnet(s.NextHop) || s.Prefix != s.Prefix.Masked() || s.Prefix.Addr().Is4() != s.NextHop.Is4() {
			t.Errorf("host %s: static %+v", host, s)
		}
	}
}

// checkViews checks that each session inside the lab has its other side.
func checkViews(t *testing.T, lab *Topology) {
	t.Helper()
	views := make(map[string]int)
	for _, s := range lab.Sessions {
		if s.PeerRouter != "" {
			views[fmt.Sprint(s.Router, s.LocalAddress, s.PeerRouter, s.PeerAddress)]++
		}
		if s.HoldTime != 0 && s.Keepalive >= s.HoldTime || s.LocalAddress == s.PeerAddress || len(s.Families) == 0 {
			t.Errorf("session %+v", s)
		}
	}
	for _, s := range lab.Sessions {
		if s.PeerRouter != "" && views[fmt.Sprint(s.PeerRouter, s.PeerAddress, s.Router, s.LocalAddress)] == 0 {
			t.Errorf("session without its other side: %+v", s)
		}
	}
}
