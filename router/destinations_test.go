package router

import (
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/router/config"
)

// A host is at the VRF of its port; every VRF is known, with and without routes.
func TestDestinations(t *testing.T) {
	r, _ := edge(t, func(c *config.Router) {
		c.VRFs = append(c.VRFs, config.VRF{ID: 9, Name: "empty", RD: rd("1:9")})
		c.Access = append(c.Access,
			config.Access{Port: 7, Name: "eth7", VRF: "empty", MAC: testMAC(7).String(), MTU: 1500, Host: "r"},
			config.Access{Port: 8, Name: "eth8", VRF: "red", MAC: testMAC(8).String(), MTU: 1500, Host: "office", Segment: true})
	})
	r.hears("192.168.1.2", "10.50.0.0/16", 2000)
	r.settle()
	d := r.destinations()
	if diff := cmp.Diff(map[string][]string{"r": {"red", "empty"}, "b": {"blue"}}, d.Hosts); diff != "" {
		t.Errorf("hosts (-want +got):\n%s", diff)
	}
	if empty, known := d.VRFs["empty"]; !known || len(empty) > 0 || len(d.VRFs) != 3 || !slices.Contains(d.VRFs["red"], netip.MustParsePrefix("10.50.0.0/16")) {
		t.Errorf("VRFs: %v", d.VRFs)
	}
}
