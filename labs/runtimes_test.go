package labs

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/drivers"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/topology"
)

// fake is a runtime that only records its calls.
type fake struct {
	ready error
	taken string // a host name that is not free

	mu    sync.Mutex
	calls []string
	boxes []hosts.Sandbox
}

const fakeName = "fake"

func (f *fake) driver() hosts.Driver {
	return hosts.Driver{Name: fakeName, Open: func(hosts.Options) (hosts.Runtime, error) { return f, nil }}
}

func (f *fake) note(call string, specs ...hosts.Spec) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range specs {
		call += " " + s.Name
	}
	f.calls = append(f.calls, call)
}

func (f *fake) Name() string                { return fakeName }
func (f *fake) Ready(context.Context) error { return f.ready }
func (f *fake) Check(_ context.Context, specs []hosts.Spec) error {
	f.note("check", specs...)
	for _, s := range specs {
		if s.Name == f.taken {
			return errors.New("the name " + s.Name + " is taken")
		}
	}
	return nil
}
func (f *fake) Prepare(_ context.Context, specs []hosts.Spec) error {
	f.note("prepare", specs...)
	return nil
}
func (f *fake) Ensure(_ context.Context, s hosts.Spec) (hosts.Sandbox, error) {
	f.note("ensure", s)
	f.mu.Lock()
	defer f.mu.Unlock()
	box := hosts.Sandbox{Runtime: fakeName, Lab: s.Lab, Node: s.Node, Name: s.Name, NetNS: "/proc/self/ns/net", PID: 7}
	f.boxes = append(f.boxes, box)
	return box, nil
}
func (f *fake) List(context.Context, string) ([]hosts.Sandbox, error) { return f.boxes, nil }
func (f *fake) Remove(_ context.Context, s hosts.Sandbox) error {
	f.note("remove " + s.Name)
	return nil
}
func (f *fake) Command(ctx context.Context, s hosts.Sandbox, e hosts.Exec) (*exec.Cmd, error) {
	return exec.CommandContext(ctx, "in-"+s.Name, e.Argv...), nil
}
func (f *fake) Log(_ context.Context, s hosts.Sandbox, _ hosts.LogOptions, w io.Writer) error {
	_, err := io.WriteString(w, "said by "+s.Name)
	return err
}

const fakeLab = `name: t
routers: {pe1: {as: 65001}}
vrfs: {red: {rts: "1:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b: {to: pe1, vrf: red, addresses: [10.2.0.2/24]}
`

// Registering a runtime suffices to make, find, enter and remove its hosts.
func TestAnotherRuntime(t *testing.T) {
	f := &fake{}
	all := append(drivers.All(), f.driver())
	ctx := t.Context()
	found := inventory.OpenRuntimes(ctx, all, nil)
	top, err := topology.Parse("lab.yaml", []byte(fakeLab+"runtime: "+fakeName+"\n"), inventory.KnownOf(all)...)
	if err != nil {
		t.Fatal(err)
	}
	if got := found.Choose("", top.Runtime, "netns"); got != fakeName {
		t.Fatalf("chosen: %s", got)
	}
	p, err := plan.New(top, plan.Allocations{}, fakeName)
	if err != nil {
		t.Fatal(err)
	}
	a := &applier{topology: top, plan: p, before: inventory.Inventory{Runtimes: found}, build: build.New(p, nil)}
	for _, step := range []func(context.Context) error{a.check, a.prepare, a.sandboxes} {
		if err := step(ctx); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(f.calls)
	if want := []string{"check pw-t-a pw-t-b", "ensure pw-t-a", "ensure pw-t-b", "prepare pw-t-a pw-t-b"}; !slices.Equal(f.calls, want) {
		t.Errorf("calls %q, want %q", f.calls, want)
	}
	if a.build.Path("a") != "/proc/self/ns/net" {
		t.Errorf("host a is at %s", a.build.Path("a"))
	}
	there := inventory.Inventory{Runtimes: found[2:]}
	if there.Hosts, err = there.Sandboxes(ctx, "t"); err != nil || len(there.Hosts) != 2 {
		t.Fatalf("%+v, %v", there.Hosts, err)
	}
	if got := there.LastLines(ctx, there.Hosts[0]); len(got) != 1 || got[0] != "said by "+there.Hosts[0].Name {
		t.Errorf("its log: %q", got)
	}
	cmd, err := commandIn(ctx, there, "t", ExecOptions{Node: "b", Argv: []string{"true"}})
	if err != nil || cmd.Args[0] != "in-pw-t-b" {
		t.Errorf("%v, %v", cmd, err)
	}
	f.calls = nil
	if err := removeHosts(ctx, there, func(hosts.Sandbox) bool { return true }); err != nil || len(f.calls) != 2 {
		t.Errorf("removed %q, %v", f.calls, err)
	}
}

// Errors about a runtime name it and its alternatives.
func TestAnotherRuntimeIsNamedInErrors(t *testing.T) {
	f := &fake{ready: errors.New("no fakery today"), taken: "pw-t-b"}
	all := append(drivers.All(), f.driver())
	found := inventory.OpenRuntimes(t.Context(), all, nil)
	if _, err := found.Get(fakeName); err == nil || !strings.Contains(err.Error(), "runtime fake: no fakery today (--runtime netns") {
		t.Errorf("an unusable runtime: %v", err)
	}
	if _, err := found.Get("kvm"); err == nil || !strings.Contains(err.Error(), "netns or docker or vm or fake") {
		t.Errorf("an unknown runtime: %v", err)
	}
	f.ready = nil
	found = inventory.OpenRuntimes(t.Context(), all, nil)
	for settings, want := range map[string]string{
		"runtime: fake":                                  "the name pw-t-b is taken",
		"defaults: {host: {memory: 64M}}":                "lab.yaml:7: host a: memory: needs a container, but the host's runtime is fake; remove it, or use --runtime docker",
		"runtime: fake\nnode-prefix: x-\ndatapath: auto": "",
	} {
		top, err := topology.Parse("lab.yaml", []byte(fakeLab+settings+"\n"), inventory.KnownOf(all)...)
		if err != nil {
			t.Fatal(err)
		}
		p, err := plan.New(top, plan.Allocations{}, fakeName)
		if err != nil {
			t.Fatal(err)
		}
		a := &applier{topology: top, plan: p, before: inventory.Inventory{Runtimes: found}, build: build.New(p, nil)}
		if err := a.check(t.Context()); (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", settings, err, want)
		}
	}
	for text, want := range map[string]string{
		"runtime: lxc": `lab.yaml:7: runtime: unknown value "lxc"; use one of netns, docker, vm, fake`,
		"runtime: fake\ndefaults: {host: {memory: 64M}}": "host a: memory: is for containers, but the host's runtime is fake; remove it, or use runtime: docker",
	} {
		_, err := topology.Parse("lab.yaml", []byte(fakeLab+text+"\n"), inventory.KnownOf(all)...)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}
