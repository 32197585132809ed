package interop

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// ourAS is the AS of the router.
const ourAS = 65001

// Addresses on the link of the router and the PE behind the NIC.
const (
	ourIPv4, farIPv4 = "192.168.0.1", "192.168.0.2"
	ourIPv6, farIPv6 = "2001:db8:f::1", "2001:db8:f::2"
)

// One router of ours and a NIC. VRFs have RDs and route targets of all three
// types; a customer's router with a BIRD of its own sends communities.
const sceneText = `
name: NAME
routers: {pe1: {as: 65001, id: 10.10.10.1, labels: 1000-1999}}
links:
- nic: NIC
  ends: {pe1:eth1: {addresses: [192.168.0.1/30, "2001:db8:f::1/64"]}}
  bgp: {SETTINGS}
redistribute: {connected: hosts, static: true}
vrfs:
  red:   {rd: "65001:101", rts: "65001:101"}
  blue:  {rd: "10.10.10.1:102", rts: "10.10.10.1:102"}
  green: {rd: "4200000000:103", rts: "4200000000:103"}
hosts:
  red:   {to: pe1, vrf: red, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  blue:  {to: pe1, vrf: blue, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  green: {to: pe1, vrf: green, addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}
  ce:
    to: pe1
    vrf: red
    addresses: [10.2.0.2/24, "2001:db8:2::2/64"]
    bgp: {as: 65100, families: [ipv4]}
    command: [bird, -f, -c, /run/bird.conf, -s, /run/bird.ctl]
    files:
      /run/bird.conf: |
        router id 10.2.0.2;
        protocol device {}
        protocol static { ipv4; route 172.16.1.0/24 unreachable; }
        protocol bgp provider {
          local 10.2.0.2 as 65100;
          neighbor 10.2.0.1 as 65001;
          connect retry time 1;
          ipv4 { import all; export filter {
            if source != RTS_STATIC then reject;
            bgp_community.add((65100, 7)); bgp_large_community.add((65100, 1, 2)); accept;
          }; };
        }
`

// scene is a lab of ours and a peer of another make.
type scene struct {
	*testing.T
	lab
	peer
	text  string // of the lab, but for the session's settings
	plain bool   // the peer is a customer's router
}

// maker makes a peer in a namespace.
type maker func(t *testing.T, netns string) peer

// behindNIC brings up the lab with a peer behind its NIC.
func behindNIC(t *testing.T, from maker) *scene {
	needs(t, "bird")
	newFar(t)
	p := from(t, "/run/netns/"+farNetns)
	t.Logf("version: %s %s", p.make(), p.version())
	text := strings.NewReplacer("NAME", labName, "NIC", nearNIC).Replace(sceneText)
	s := &scene{T: t, peer: p, text: text}
	s.lab = upLab(t, labName, s.with(s.terms(), ""))
	return s
}

// Names on this server.
const (
	labName         = "pwt-interop"
	farNetns        = "pwt-far"
	nearNIC, farNIC = "pwtio0", "pwtio1"
)

// newFar makes the cable of the router's NIC, and what it leads to.
func newFar(t *testing.T) {
	t.Helper()
	mustRun(t, "ip", "netns", "add", farNetns)
	t.Cleanup(func() { command("ip", "netns", "del", farNetns) })
	mustRun(t, "ip", "link", "add", nearNIC, "type", "veth", "peer", "name", farNIC, "netns", farNetns)
	t.Cleanup(func() { command("ip", "link", "del", nearNIC) })
	mustRun(t, "ip", "-n", farNetns, "link", "set", "lo", "up")
	mustRun(t, "ip", "-n", farNetns, "addr", "add", farIPv4+"/30", "dev", farNIC)
	mustRun(t, "ip", "-n", farNetns, "addr", "add", farIPv6+"/64", "dev", farNIC, "nodad")
	mustRun(t, "ip", "-n", farNetns, "link", "set", farNIC, "up")
}

// terms are those of a session that nothing special is said of.
func (s *scene) terms() terms {
	if s.plain {
		return terms{as: 65200, local: "10.3.0.2", remote: "10.3.0.1", plain: true}
	}
	return terms{as: 65002, local: farIPv4, remote: ourIPv4}
}

// with is the lab's text for a session; more are settings of ours.
func (s *scene) with(c terms, more string) string {
	settings := []string{fmt.Sprintf("peer: %q, as: %d", c.local, c.as)}
	if s.plain {
		family := "ipv4"
		if c.six() {
			family = "ipv6"
		}
		settings[0] = fmt.Sprintf("as: %d, families: [%s]", c.as, family)
	}
	if c.password != "" {
		settings = append(settings, fmt.Sprintf("password: %q", c.password))
	}
	if c.gtsm {
		settings = append(settings, "gtsm: true")
	}
	if more != "" {
		settings = append(settings, more)
	}
	return strings.ReplaceAll(s.text, "SETTINGS", strings.Join(settings, ", "))
}

// begin brings the session up on terms, with what routes the peer announces.
func (s *scene) begin(t *testing.T, c terms, more string, routes ...route) {
	t.Helper()
	s.apply(t, s.with(c, more))
	s.announce(routes...)
	s.start(c)
	s.established(t, c.local)
}

// on has the scene's verbs fail a subtest, and lets the peer begin afresh.
func (s *scene) on(t *testing.T, from maker) *scene {
	sub := *s
	sub.T = t
	netns := "/run/netns/" + farNetns
	if s.plain {
		netns = s.netns("peer")
	}
	sub.peer = from(t, netns)
	return &sub
}

// arrives waits until a route of the peer is in the VRF, usable where a label
// is wanted, and returns it.
func (s *scene) arrives(t *testing.T, vrf string, r route) {
	t.Helper()
	defer func() {
		if t.Failed() {
			t.Logf("%s has been heard to say:\n%s", s.make(), command(program, "show", "neighbor", s.terms().local, "received", "-o", "wide", "--lab", s.lab.name).stdout)
		}
	}()
	eventually(t, 15*time.Second, func() error {
		got := s.path(t, vrf, r.prefix, r.nextHop)
		switch {
		case got == nil:
			return fmt.Errorf("VRF %s has no route to %s by %s", vrf, r.prefix, r.nextHop)
		case got.Unusable != "":
			return fmt.Errorf("the route to %s is unusable: %s", r.prefix, got.Unusable)
		case r.rd != "" && (got.Label == nil || *got.Label != r.label):
			return fmt.Errorf("the route to %s has label %v; want %d", r.prefix, got.Label, r.label)
		}
		return nil
	})
}

// goes waits until a route of the peer has left the VRF.
func (s *scene) goes(t *testing.T, limit time.Duration, vrf string, r route) {
	t.Helper()
	eventually(t, limit, func() error {
		if got := s.path(t, vrf, r.prefix, r.nextHop); got != nil {
			return fmt.Errorf("VRF %s still has %+v", vrf, *got)
		}
		return nil
	})
}

// hears waits until the peer has heard a route and returns it.
func (s *scene) hears(t *testing.T, key route) route {
	t.Helper()
	var got *route
	eventually(t, 15*time.Second, func() error {
		if got = s.heard(key); got == nil {
			return fmt.Errorf("%s has not heard %s %s", s.make(), key.rd, key.prefix)
		}
		return nil
	})
	return *got
}
