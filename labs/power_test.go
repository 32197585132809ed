package labs

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// stopping is a runtime that stops hosts itself, or fails to.
type stopping struct {
	*fake
	fails error
}

func (s stopping) Stop(context.Context, hosts.Sandbox) error  { return s.fails }
func (s stopping) Pause(context.Context, hosts.Sandbox) error { return s.fails }

// What is recorded of a node is what has become of it: nothing, if it cannot be stopped or
// paused.
func TestPowerRecordsWhatIs(t *testing.T) {
	const lab = "pwt-nowhere"
	runs := hosts.Sandbox{Runtime: fakeName, Lab: lab, Node: "h1", Name: "pw-h1", NetNS: "/proc/self/ns/net"}
	gone := hosts.Sandbox{Runtime: fakeName, Lab: lab, Node: "h1", Name: "pw-h1"}
	fails := errors.New("the daemon is away")
	other := store.Halt{Node: "h2"}
	for _, c := range []struct {
		name   string
		box    hosts.Sandbox
		fails  error
		before []store.Halt
		do     func(*power) error
		ok     bool
		want   []store.Halt
	}{
		{"pause", runs, nil, []store.Halt{other}, func(p *power) error { return p.pause(t.Context()) }, true, []store.Halt{other, {Node: "h1", Paused: true}}},
		{"pause of one that has ended", gone, nil, []store.Halt{other}, func(p *power) error { return p.pause(t.Context()) }, false, []store.Halt{other}},
		{"pause fails", runs, fails, []store.Halt{other}, func(p *power) error { return p.pause(t.Context()) }, false, []store.Halt{other}},
		{"pause fails the second time", runs, fails, []store.Halt{{Node: "h1", Paused: true}, other}, func(p *power) error { return p.pause(t.Context()) }, false, []store.Halt{{Node: "h1", Paused: true}, other}},
		{"stop", runs, nil, nil, func(p *power) error { return p.stop(t.Context()) }, true, []store.Halt{{Node: "h1"}}},
		{"stop of one that has ended", gone, nil, nil, func(p *power) error { return p.stop(t.Context()) }, true, []store.Halt{{Node: "h1"}}},
		{"stop fails", runs, fails, []store.Halt{other}, func(p *power) error { return p.stop(t.Context()) }, false, []store.Halt{other}},
		{"stop of a paused one fails", runs, fails, []store.Halt{{Node: "h1", Paused: true}}, func(p *power) error { return p.stop(t.Context()) }, false, []store.Halt{{Node: "h1", Paused: true}}},
	} {
		f := stopping{&fake{}, c.fails}
		driver := hosts.Driver{Name: fakeName, Containers: true, Open: func(hosts.Options) (hosts.Runtime, error) { return f, nil }}
		h := plan.Host{Name: "h1", Runtime: fakeName}
		written := store.KeeperState{Halted: c.before}
		p := &power{lab: lab, name: "h1", plan: plan.Plan{Lab: lab}, host: &h, state: store.KeeperState{Halted: append([]store.Halt(nil), c.before...)}}
		p.build = build.New(&p.plan, nil)
		p.write = func(s store.KeeperState) error { written = s; return nil }
		p.found = inventory.Inventory{Runtimes: inventory.OpenRuntimes(t.Context(), []hosts.Driver{driver}, nil), Hosts: []hosts.Sandbox{c.box}}
		if err := c.do(p); (err == nil) != c.ok {
			t.Errorf("%s: %v", c.name, err)
		}
		if d := cmp.Diff(c.want, written.Halted); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}
