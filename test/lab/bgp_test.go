package lab

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pseudowan/status"
)

// gobgp runs the distribution's gobgp command against a router's speaker.
func gobgp(l lab, router string, args ...string) error {
	socket := "unix:///run/pseudowan/" + l.name + "/" + router + "/gobgp.sock"
	r := command(append([]string{"gobgp", "--target", socket}, args...)...)
	if r.code != 0 {
		return fmt.Errorf("gobgp %v: exit code %d: %s%s", args, r.code, r.stdout, r.stderr)
	}
	return nil
}

// A speaker's routes determine what leaves the router: a route that the
// distribution's gobgp command adds at pe2 labels pe1's packets until it is
// withdrawn.
func TestRealBGPDrivesThePackets(t *testing.T) {
	l := sharedLab(t)
	const prefix = "198.51.100.0/24"
	route := []string{prefix, "label", "777", "rd", "65002:9", "rt", "65001:101"}
	change := func(verb string) error {
		return gobgp(l, "pe2", append([]string{"global", "rib", verb, "-a", "vpnv4"}, route...)...)
	}
	if err := change("add"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { change("del") }) // for a test that ends early
	hasFlow := func() bool {
		return slices.ContainsFunc(table[status.Flow](t, l, "flow", "--router", "pe1"), func(f status.Flow) bool {
			return f.VRF == "101" && f.Prefix.String() == prefix && f.Label != nil && *f.Label == 777
		})
	}
	eventually(t, 10*time.Second, func() error {
		if !hasFlow() {
			return fmt.Errorf("pe1 has no flow for %s with label 777", prefix)
		}
		return nil
	})
	wire := startCapture(t, l, "pe1", "eth1", 1, "mpls 777")
	l.exec("host_001_101", "ping", "-c", "1", "-W", "1", "198.51.100.1")
	for _, f := range wire.frames(t) {
		if f.labels[0] != "777" || f.dst != "198.51.100.1" {
			t.Errorf("on the wire: %s", f)
		}
	}
	if err := change("del"); err != nil {
		t.Fatal(err)
	}
	eventually(t, 10*time.Second, func() error {
		if hasFlow() {
			return fmt.Errorf("pe1 still has the flow for %s", prefix)
		}
		return nil
	})
	r := l.exec("host_001_101", "ping", "-c", "1", "-W", "1", "198.51.100.1")
	if r.code == 0 {
		t.Errorf("ping still succeeds:\n%s", r.stdout)
	}
}

// The tables show what the original's tables showed.
func TestRealPeersAndRoutes(t *testing.T) {
	l := sharedLab(t)
	peers := table[status.Peer](t, l, "peer", "--router", "pe1")
	if len(peers) != 1 {
		t.Fatalf("pe1 has %d peers; want 1", len(peers))
	}
	p := peers[0]
	if p.State != "established" || p.RouterID.String() != "10.10.10.1" || p.RemoteAddress.String() != "192.168.0.2" || p.RemoteAS != 65002 || p.LocalAS != 65001 ||
		p.Since.IsZero() || p.Since.After(time.Now()) || p.Received != 110 || p.Accepted != 110 || p.Advertised != 110 {
		t.Errorf("peer %+v; want 110 prefixes each way with 192.168.0.2", p)
	}
	vrfs := table[status.VRF](t, l, "vrf", "--router", "pe1", "--vrf", "65001:101")
	if len(vrfs) != 1 || len(vrfs[0].Routes) != 22 {
		t.Fatalf("VRF 65001:101 of pe1: %+v; want 22 routes", vrfs)
	}
	for _, r := range vrfs[0].Routes {
		switch {
		case r.Prefix.String() == "10.1.0.2/32":
			if r.Source != "connected" || r.NextHop.String() != "0.0.0.0" || *r.Label != 1000 {
				t.Errorf("connected route %+v", r)
			}
		case r.Prefix.Addr().As4()[0] == 110:
			if r.Source != "static" || r.NextHop.String() != "10.1.0.2" || *r.Label != 1001 {
				t.Errorf("static route %+v", r)
			}
		default:
			if r.Source != "bgp" || r.NextHop.String() != "192.168.0.2" || r.MED == nil || *r.MED != 100 || r.ASPath != "65002" || r.Origin != "incomplete" {
				t.Errorf("received route %+v", r)
			}
		}
		if !r.Best || r.Reason != "Only Path" {
			t.Errorf("route %s: best %t, reason %q; want the only path", r.Prefix, r.Best, r.Reason)
		}
	}
}

// The tables of routes show a prefix alone, and those inside it.
func TestRealSelectedRoutes(t *testing.T) {
	l := sharedLab(t)
	for _, c := range []struct {
		args                 []string
		vrf, mpls, flow, rib int // rows at pe1; of the VRF, its routes
	}{
		{args: []string{"--vrf", "65001:101", "--prefix", "30.1.0.2/32"}, vrf: 1, mpls: 1, flow: 1, rib: 1},
		{args: []string{"--vrf", "65001:101", "--prefix", "110.0.0.0/8", "--longer"}, vrf: 10, mpls: 10, flow: 10, rib: 10},
		{args: []string{"--vrf", "65001:101", "--prefix", "130.0.0.0/8", "--longer"}, vrf: 10, mpls: 10, flow: 10, rib: 10},
		{args: []string{"--prefix", "130.1.0.0/16"}},
	} {
		args := append([]string{"--router", "pe1"}, c.args...)
		routes := 0
		for _, v := range table[status.VRF](t, l, "vrf", args...) {
			routes += len(v.Routes)
		}
		got := []int{routes, len(table[status.MPLS](t, l, "mpls", args...)), len(table[status.Flow](t, l, "flow", args...)), len(table[status.RIB](t, l, "rib", args...))}
		if want := []int{c.vrf, c.mpls, c.flow, c.rib}; !slices.Equal(got, want) {
			t.Errorf("%v: %v rows of vrf, mpls, flow and rib; want %v", c.args, got, want)
		}
	}
}
