package look

import (
	"net/netip"
	"testing"

	"pseudowan/router"
	"pseudowan/topology"
)

// An address is routeless if neither the host's routes nor those of its VRF cover it; about
// a host of which that is not known, nothing is said.
func TestRouteless(t *testing.T) {
	prefix := netip.MustParsePrefix
	a := alike{named: map[string][]prefixes{
		"a": {prefixesOf([]netip.Prefix{prefix("10.1.0.2/24"), prefix("2001:db8:1::/64")}), prefixesOf([]netip.Prefix{prefix("10.2.0.0/16"), prefix("10.3.0.2/32")})},
		"b": {prefixesOf(nil), prefixesOf([]netip.Prefix{prefix("0.0.0.0/0")})},
	}}
	for _, c := range []struct {
		host, to string
		want     bool
	}{
		{"a", "10.1.0.7", false}, {"a", "10.2.9.9", false}, {"a", "10.3.0.2", false}, {"a", "2001:db8:1::9", false},
		{"a", "10.3.0.3", true}, {"a", "10.4.0.2", true}, {"a", "2001:db8:2::9", true},
		{"b", "10.4.0.2", false}, {"b", "2001:db8:2::9", true}, {"c", "10.4.0.2", false},
	} {
		if got := a.Routeless(c.host, netip.MustParseAddr(c.to)); got != c.want {
			t.Errorf("%s to %s: %t", c.host, c.to, got)
		}
	}
}

// Which VRF decides about a host's packets is what its routers say, whatever is intended;
// of a router or a VRF that is not known, nothing is said.
func TestNamedFor(t *testing.T) {
	faithful := map[hostAt][]prefixes{}
	for host, named := range byHost(router.Destinations{
		VRFs:  map[string][]netip.Prefix{"red": {netip.MustParsePrefix("10.2.0.0/16")}, "blue": {}},
		Hosts: map[string][]string{"a": {"red"}, "b": {"blue"}, "c": {"blue", "red"}, "d": {"green"}, "e": {"blue", "green"}},
	}) {
		faithful[hostAt{"pe1", host}] = named
	}
	for _, c := range []struct {
		host    string
		routers []string
		want    bool // 10.2.0.2 has no route
	}{
		{"a", []string{"pe1"}, false}, {"b", []string{"pe1"}, true}, {"c", []string{"pe1"}, false}, {"d", []string{"pe1"}, false},
		{"e", []string{"pe1"}, false}, {"f", []string{"pe1"}, false}, {"b", []string{"pe2"}, false}, {"b", []string{"pe1", "pe2"}, false},
	} {
		h := topology.Host{Name: c.host}
		for _, r := range c.routers {
			h.Attachments = append(h.Attachments, topology.Attachment{Router: r, VRF: "blue"})
		}
		a := alike{named: map[string][]prefixes{c.host: namedFor(h, prefixesOf(nil), faithful)}}
		if got := a.Routeless(c.host, netip.MustParseAddr("10.2.0.2")); got != c.want {
			t.Errorf("%s at %v: %t", c.host, c.routers, got)
		}
	}
}

// Samples stand for packets only where the lab should be what was applied.
func TestObserving(t *testing.T) {
	in := &inspection{}
	for _, c := range []struct {
		o    VerifyOptions
		want bool
	}{{VerifyOptions{}, true}, {VerifyOptions{EveryPacket: true}, false}, {VerifyOptions{Topology: "other.yaml"}, false}} {
		if got := in.observing(c.o).Alike != nil; got != c.want {
			t.Errorf("%+v: %t", c.o, got)
		}
	}
}
