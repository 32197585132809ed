package topology

import (
	"strings"
	"testing"
)

const drainedLab = `name: drained
defaults: {router: {as: 65000}}
routers: {pe1: {MAINTENANCE}, pe2: {}, far: {as: 65001}}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
- {ends: {pe1:eth2: {vrf: red}, far:eth1: {vrf: blue}}, subnets: [192.168.1.0/30]}
vrfs: {red: {rts: "65000:1"}, blue: {rts: "65001:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24, bgp: 65101}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, bgp: 65102}
  h3: {to: pe1, vrf: red, addresses: 10.3.0.2/24}
`

// The sessions of a router under maintenance, and no others, ask for other routes.
func TestMaintenance(t *testing.T) {
	for key, on := range map[string]bool{"maintenance: true": true, "maintenance: false": false, "": false} {
		lab, err := Parse("lab.yaml", []byte(strings.Replace(drainedLab, "MAINTENANCE", key, 1)))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range lab.Routers {
			if want := on && r.Name == "pe1"; r.Maintenance != want {
				t.Errorf("%q: maintenance of %s is %t", key, r.Name, r.Maintenance)
			}
		}
		for _, s := range lab.Sessions {
			if want := on && s.Router == "pe1"; s.GracefulShutdown != want {
				t.Errorf("%q: a session of %s has graceful-shutdown %t", key, s.Router, s.GracefulShutdown)
			}
		}
		for _, l := range lab.Links {
			for _, e := range l.Ends {
				if want := on && e.Router == "pe1"; e.BGP != nil && e.BGP.GracefulShutdown != want {
					t.Errorf("%q: the session of %s in VRF %s has graceful-shutdown %t", key, e.Router, e.VRF, e.BGP.GracefulShutdown)
				}
			}
		}
		for _, h := range lab.Hosts {
			for _, a := range h.Attachments {
				if want := on && a.Router == "pe1"; a.BGP != nil && a.BGP.GracefulShutdown != want {
					t.Errorf("%q: the session of %s has graceful-shutdown %t", key, h.Name, a.BGP.GracefulShutdown)
				}
			}
		}
	}
	if _, err := Parse("lab.yaml", []byte(strings.Replace(drainedLab, "MAINTENANCE", "maintenance: soon", 1))); err == nil || !strings.Contains(err.Error(), "lab.yaml:3") {
		t.Errorf("maintenance: soon: %v", err)
	}
}
