package plan

import (
	"fmt"
	"net/netip"
	"reflect"
	"testing"

	"pseudowan/router/config"
	"pseudowan/topology"
)

func injectedRouter() config.Router {
	return config.Router{
		Lab: "x", Router: "pe1", AS: 65001,
		Core:     []config.Core{{Port: 1, Name: "eth1", BGPPort: 2}},
		Access:   []config.Access{{Port: 3, Name: "eth3", VRF: "red"}},
		VRFs:     []config.VRF{{ID: 1, Name: "red"}},
		Sessions: []topology.Session{{Router: "pe1", Interface: "eth1", PeerAddress: netip.MustParseAddr("192.168.0.2")}},
	}
}

// A router with a speaker that is removed is as before, and speakers do not meet.
func TestInjectionsComeAndGo(t *testing.T) {
	before := injectedRouter()
	c, seen := before, map[string]bool{}
	once := func(format string, args ...any) {
		t.Helper()
		if key := fmt.Sprintf(format, args...); seen[key] {
			t.Errorf("%s twice", key)
		} else {
			seen[key] = true
		}
	}
	var all []Injection
	for n := 1; n <= MaxInjections; n++ {
		i := Inject(before, InjectionRequest{Number: n, VRF: "red", VPN: n%2 == 0, IPv4: true, IPv6: true})
		all = append(all, i)
		c = i.Added(i.Added(c))
		for _, w := range i.Wires {
			once("interface %s", w.A.Interface)
			if len(w.A.Interface) > maxInterfaceName {
				t.Errorf("interface name %s", w.A.Interface)
			}
		}
		for _, name := range i.Namespaces() {
			once("namespace %s", name)
		}
		for _, s := range i.Sessions {
			once("address %s", s.Local)
			once("address %s", s.Peer)
		}
	}
	for _, a := range c.Access {
		once("port %d", a.Port)
		if a.CE != nil {
			once("port %d", a.CE.Port)
		}
		if a.Port > lastPort {
			t.Errorf("port %d", a.Port)
		}
	}
	for _, k := range c.Core {
		once("port %d", k.Port)
		once("port %d", k.BGPPort)
	}
	if len(c.Access) != 1+MaxInjections/2 || len(c.Core) != 1+MaxInjections/2 || len(c.Sessions) != 1+MaxInjections/2 {
		t.Errorf("%d access ports, %d links, %d sessions", len(c.Access), len(c.Core), len(c.Sessions))
	}
	for _, i := range all {
		c = i.Removed(c)
	}
	if !reflect.DeepEqual(c, before) {
		t.Errorf("left\n%+v, want\n%+v", c, before)
	}
	if !reflect.DeepEqual(before, injectedRouter()) {
		t.Error("the configuration from which they are made has changed")
	}
}

func TestInjectionAS(t *testing.T) {
	for _, tt := range []struct {
		q    InjectionRequest
		want uint32
	}{
		{InjectionRequest{Number: 3, IPv4: true}, 4_200_000_003},
		{InjectionRequest{Number: 3, IPv4: true, AS: 7}, 7},
		{InjectionRequest{Number: 3, IPv4: true, VPN: true}, 65001},
		{InjectionRequest{Number: 3, IPv4: true, VPN: true, AS: 7}, 7},
	} {
		i := Inject(injectedRouter(), tt.q)
		if i.AS != tt.want || i.Session != nil && i.Session.PeerAS != tt.want || i.Access != nil && i.Access.CE.BGP.AS != tt.want {
			t.Errorf("%+v: %+v", tt.q, i)
		}
	}
}
