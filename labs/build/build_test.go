package build

import (
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
)

// demo is a plan with a host in each of two runtimes and a wire to each.
func demo() *plan.Plan {
	end := func(node string, mac int) plan.End {
		return plan.End{Node: node, Interface: "eth0", MAC: fmt.Sprintf("02:00:00:00:00:%02x", mac), MTU: 1500, Alias: node + ":eth0"}
	}
	return &plan.Plan{
		Lab: "demo", Namespace: "pw-demo",
		Hosts: []plan.Host{
			{
				Name: "h1", Runtime: "netns", Namespace: "pw-demo-h1", Container: "demo-h1", VRFs: []string{"red"},
				Command: []string{"sleep", "9"}, Env: map[string]string{"A": "b"}, Files: map[string]string{"/run/x": "y"},
			},
			{
				Name: "h2", Runtime: "docker", Namespace: "pw-demo-h2", Container: "demo-h2", VRFs: []string{"blue"},
				Image: "nginx", Build: "/src", BuildTag: "pseudowan-build:1", Memory: 64 << 20, CPUs: 0.5,
			},
		},
		Wires: []plan.Wire{{A: end("pe1", 1), B: end("h1", 2)}, {A: end("pe1", 3), B: end("h2", 4)}},
		Names: []plan.Name{
			{Names: []string{"pe1"}, Address: netip.MustParseAddr("10.0.0.1")},
			{Names: []string{"h1"}, Address: netip.MustParseAddr("10.1.0.2"), VRF: "red"},
			{Names: []string{"h2"}, Address: netip.MustParseAddr("10.1.0.2"), VRF: "blue"},
		},
	}
}

func TestSpecs(t *testing.T) {
	specs := New(demo(), nil).Specs()
	want := map[string][]hosts.Spec{
		"netns": {{
			Lab: "demo", Node: "h1", Name: "demo-h1", Namespace: "pw-demo-h1",
			Hosts: []hosts.HostsEntry{
				{Addr: netip.MustParseAddr("10.0.0.1"), Names: []string{"pe1"}},
				{Addr: netip.MustParseAddr("10.1.0.2"), Names: []string{"h1"}},
			},
			Command: []string{"sleep", "9"}, Env: map[string]string{"A": "b"}, Files: map[string]string{"/run/x": "y"},
		}},
		"docker": {{
			Lab: "demo", Node: "h2", Name: "demo-h2", Namespace: "pw-demo-h2",
			Hosts: []hosts.HostsEntry{
				{Addr: netip.MustParseAddr("10.0.0.1"), Names: []string{"pe1"}},
				{Addr: netip.MustParseAddr("10.1.0.2"), Names: []string{"h2"}},
			},
			Image: "pseudowan-build:1", Build: "/src", Memory: 64 << 20, CPUs: 0.5,
		}},
	}
	if diff := cmp.Diff(want, specs, cmp.Comparer(func(a, b netip.Addr) bool { return a == b })); diff != "" {
		t.Error(diff)
	}
}

// A node's namespace has the planned path until its runtime reports another.
func TestPath(t *testing.T) {
	b := New(demo(), nil)
	b.Place("h2", "/proc/4711/ns/net")
	for node, want := range map[string]string{
		"": "/run/netns/pw-demo", "pe1": "/run/netns/pw-demo-pe1", "h1": "/run/netns/pw-demo-h1", "h2": "/proc/4711/ns/net",
	} {
		if got := b.Path(node); got != want {
			t.Errorf("%q is at %s, want %s", node, got, want)
		}
	}
	if b.Placed("h1") || !b.Placed("h2") {
		t.Errorf("h1 placed %t, h2 %t; want only h2", b.Placed("h1"), b.Placed("h2"))
	}
}

// What was repaired is reported with its nodes, even if other wires fail.
func TestRepairsAreReported(t *testing.T) {
	reported := map[string][]string{}
	b := New(demo(), func(what string, nodes ...string) { reported[what] = nodes })
	b.Place("h2", "/proc/4711/ns/net")
	full := errors.New("no room")
	err := b.ensure(demo().Wires, func(wires []hosts.Wire) ([]hosts.Wire, error) {
		var ends []string
		for _, w := range wires {
			ends = append(ends, w.A.Namespace, w.B.Namespace)
			if !w.A.NoOffload || w.A.MTU != 1500 || w.A.Name != "eth0" || len(w.A.MAC) != 6 {
				t.Errorf("end %+v", w.A)
			}
		}
		if want := []string{"/run/netns/pw-demo-pe1", "/run/netns/pw-demo-h1", "/run/netns/pw-demo-pe1", "/proc/4711/ns/net"}; !slices.Equal(ends, want) {
			t.Errorf("ends in %q, want %q", ends, want)
		}
		return wires[1:], full
	})
	if !errors.Is(err, full) {
		t.Errorf("%v, want %v", err, full)
	}
	if want := map[string][]string{"wire pe1:eth0 -- h2:eth0": {"pe1", "h2"}}; !maps.EqualFunc(reported, want, slices.Equal) {
		t.Errorf("reported %v, want %v", reported, want)
	}
}

// Nothing is made if one end of any wire is impossible.
func TestWiresAreResolvedFirst(t *testing.T) {
	p := demo()
	p.Wires[1].B.MAC = "none"
	err := New(p, nil).ensure(p.Wires, func([]hosts.Wire) ([]hosts.Wire, error) {
		t.Error("wires were made")
		return nil, nil
	})
	if err == nil || !strings.HasPrefix(err.Error(), "interface h2:eth0: ") {
		t.Errorf("%v; want an error that names the interface", err)
	}
}

func TestNetworkOf(t *testing.T) {
	prefix := netip.MustParsePrefix
	h := plan.Host{
		Forward: true,
		Interfaces: []plan.Interface{
			{Name: "eth0", Router: "pe1", MAC: "02:00:00:00:00:01", MTU: 1500, Addresses: []netip.Prefix{prefix("10.1.0.2/24")}, SLAAC: true, Formed: []netip.Prefix{prefix("2001:db8::1/64")}},
			{Name: "lan0", MAC: "02:00:00:00:00:02", MTU: 1400, Addresses: []netip.Prefix{prefix("10.2.0.1/24")}},
		},
		Routes: []plan.Route{{Prefix: prefix("0.0.0.0/0"), Via: netip.MustParseAddr("10.1.0.1"), Interface: "eth0"}},
	}
	n, err := networkOf(h)
	if err != nil || !n.Forward || len(n.Interfaces) != 2 || len(n.Routes) != 1 {
		t.Fatalf("%+v, %v", n, err)
	}
	if eth, lan := n.Interfaces[0], n.Interfaces[1]; eth.LAN || !lan.LAN || !eth.SLAAC || !slices.Equal(eth.Learned, []netip.Prefix{prefix("2001:db8::1/64")}) || lan.MTU != 1400 ||
		eth.MAC.String() != "02:00:00:00:00:01" || lan.Addresses[0] != prefix("10.2.0.1/24") {
		t.Errorf("%+v", n.Interfaces)
	}
	if r := n.Routes[0]; r.Via != netip.MustParseAddr("10.1.0.1") || r.Interface != "eth0" {
		t.Errorf("%+v", r)
	}
	h.Interfaces[1].MAC = ""
	if _, err := networkOf(h); err == nil || !strings.HasPrefix(err.Error(), "interface lan0: ") {
		t.Errorf("%v; want an error that names the interface", err)
	}
}

// A setting that an earlier plan gave an interface, and this one does not, is taken
// back.
func TestSettingsOfEarlierPlansAreTakenBack(t *testing.T) {
	with := func(names ...string) *plan.Plan {
		i := plan.Interface{Name: "eth0", Router: "pe1", MAC: "02:00:00:00:00:01", Sysctls: map[string]string{}}
		for _, n := range names {
			i.Sysctls[n] = "1"
		}
		return &plan.Plan{Hosts: []plan.Host{{Name: "h1", Interfaces: []plan.Interface{i}}}}
	}
	now := with("kept", "new")
	b := New(now, nil)
	b.Supersede(with("kept", "gone"))
	b.Supersede(with("cut", "gone"))
	if got := b.unset("h1", now.Hosts[0].Interfaces[0]); !slices.Equal(got, []string{"cut", "gone"}) {
		t.Errorf("takes back %v", got)
	}
}
