package labs

import (
	"testing"

	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// A link that was cut stays so when its node starts; what was done to one that has gone is
// forgotten, also if another takes its name.
func TestFaultsStay(t *testing.T) {
	before := planned(t, false, nil, h1, h2, h9)
	var list []store.Fault
	for _, name := range []string{"pe1:eth1", "h1:eth0", "h9:eth0"} {
		cables, err := before.Cables(name)
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, store.Fault{Cable: cables[0], Down: true})
	}
	for _, c := range []struct {
		node, iface string
		want        bool
	}{{"pe1", "eth1", true}, {"pe2", "eth1", false}, {"h1", "eth0", false}, {"pe1", list[1].Cable.Down.Interface, true}, {"pe2", list[1].Cable.Down.Interface, false}} {
		if store.CutAt(list, c.node, c.iface) != c.want {
			t.Errorf("%s:%s is cut: %v", c.node, c.iface, !c.want)
		}
	}
	if list[0].Down = false; store.CutAt(list, "pe1", "eth1") {
		t.Error("an impaired link is cut")
	}
	after := planned(t, true, before, h1, h2)
	if got := present(list, after); len(got) != 2 {
		t.Errorf("without h9 there are %v", got)
	}
	list[2].Cable.Ends = []plan.End{{Node: "h8", Interface: "eth0"}, list[1].Cable.Down}
	list[2].Cable.Down = list[1].Cable.Down
	if got := present(list, before); len(got) != 2 {
		t.Errorf("where h1 has the port of h8 there are %v", got)
	}
}

// A run-time change leaves injected routes at routers and in VRFs that are there.
func TestInjectionsStay(t *testing.T) {
	p := planned(t, true, nil, h1)
	red := plan.Inject(p.Routers[0].Config, plan.InjectionRequest{Number: 1, VRF: "red", IPv4: true})
	core := plan.Inject(p.Routers[0].Config, plan.InjectionRequest{Number: 2, VRF: "red", VPN: true, IPv4: true})
	gone := plan.Inject(p.Routers[0].Config, plan.InjectionRequest{Number: 3, VRF: "violet", IPv4: true})
	a := &applier{plan: p}
	a.injected = fitting([]store.Injection{{Injection: red}, {Injection: core}, {Injection: gone}}, p)
	if len(a.injected) != 2 {
		t.Errorf("%v stay", a.injected)
	}
	was, here, there := p.Routers[0].Config, a.config(p.Routers[0]), a.config(p.Routers[1])
	if len(here.Access) != len(was.Access)+1 || len(here.Core) != len(was.Core)+1 || len(here.Sessions) != len(was.Sessions)+1 {
		t.Errorf("pe1 has the ports %v and %v", here.Access, here.Core)
	}
	if len(there.Access) != len(p.Routers[1].Config.Access) {
		t.Errorf("pe2 has the ports %v", there.Access)
	}
}
