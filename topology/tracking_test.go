package topology

import (
	"strings"
	"testing"
	"time"
)

const trackedLab = `name: tracked
CORE
defaults: {router: {as: 65000DEFAULT}}
routers: {pe1: {ONE}, pe2: {}, p1: {P}}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30]}
- {ends: [pe2:eth1, p1:eth2], subnets: [192.168.2.0/30]}
vrfs: {red: {rts: "65000:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: pe2, vrf: red, addresses: 10.2.0.2/24}
`

func TestUplinkTracking(t *testing.T) {
	const core = "core: labeled-unicast"
	for _, c := range []struct {
		core, defaults, one, p string
		pe1, pe2               time.Duration // the delay; 0: not tracked
		fails                  string
	}{
		{core: core},
		{core: core, one: "uplink-tracking: true", pe1: 2 * time.Second},
		{core: core, one: "uplink-tracking: {delay: 10s}", pe1: 10 * time.Second},
		{core: core, one: "uplink-tracking: {}", pe1: 2 * time.Second},
		{core: core, defaults: ", uplink-tracking: {delay: 5}", pe1: 5 * time.Second, pe2: 5 * time.Second},
		{core: core, defaults: ", uplink-tracking: true", one: "uplink-tracking: false", pe2: 2 * time.Second},
		{core: core, defaults: ", uplink-tracking: {delay: 5s}", one: "uplink-tracking: true", pe1: 2 * time.Second, pe2: 5 * time.Second},
		{core: core, p: "uplink-tracking: true", fails: "lab.yaml:4: router p1: uplink-tracking is for routers with hosts"},
		{core: core, p: "uplink-tracking: false"},
		{core: core, one: "uplink-tracking: {delay: 2h}", fails: "lab.yaml:4: router pe1: delay 2h0m0s is more than an hour"},
		{core: core, one: "uplink-tracking: {delay: -1s}", fails: "lab.yaml:4"},
		{core: core, one: "uplink-tracking: soon", fails: "lab.yaml:4"},
		{one: "uplink-tracking: true", fails: "lab.yaml:4: router pe1: uplink-tracking is for labs with core"},
		{one: "uplink-tracking: false"},
		{defaults: ", uplink-tracking: true", fails: "lab.yaml:3: defaults router: uplink-tracking is for labs with core"},
	} {
		text := strings.NewReplacer("CORE", c.core, "DEFAULT", c.defaults, "ONE", c.one, "P}", c.p+"}").Replace(trackedLab)
		lab, err := Parse("lab.yaml", []byte(text))
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%+v: %v", c, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		for i, want := range []time.Duration{c.pe1, c.pe2, 0} {
			switch r := lab.Routers[i]; {
			case want == 0 && r.Tracking != nil, want > 0 && (r.Tracking == nil || r.Tracking.Delay != want):
				t.Errorf("%+v: %s has %+v", c, r.Name, r.Tracking)
			}
		}
	}
}

// Routers that only pass on what is for others are none to which a path counts.
func TestInner(t *testing.T) {
	lab, err := Parse("lab.yaml", []byte(`name: inner
core: labeled-unicast
defaults: {router: {as: 65000}}
routers: {pe1: {}, p1: {}, p2: {}, p3: {}, asbr: {}, far: {as: 65001}, alone: {}}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30]}
- {ends: [p1:eth2, p2:eth1], subnets: [192.168.2.0/30]}
- {ends: [p1:eth3, asbr:eth1], subnets: [192.168.3.0/30]}
- {ends: [asbr:eth2, far:eth1], subnets: [192.168.4.0/30], inter-as: b}
- {nic: eth1, ends: {p2:eth2: {address: 192.168.5.1/30}}, transport: true, bgp: {peer: 192.168.5.2, as: 65000}}
- {nic: eth2, ends: {p3:eth1: {address: 192.168.6.1/30}}, bgp: {peer: 192.168.6.2, as: 65002}}
- {ends: [p3:eth2, p1:eth4], subnets: [192.168.7.0/30]}
vrfs: {red: {rts: "65000:1"}}
hosts:
  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}
  h2: {to: far, vrf: red, addresses: 10.2.0.2/24}
`))
	if err != nil {
		t.Fatal(err)
	}
	for router, want := range map[string]bool{"pe1": false, "p1": true, "p2": false, "p3": true, "asbr": false, "far": false, "alone": true} {
		if lab.Inner(router) != want {
			t.Errorf("%s is inner: %t", router, !want)
		}
		if in := lab.InCore(router); in != (router != "alone" && router != "far") {
			t.Errorf("%s is in the core: %t", router, in)
		}
	}
}
