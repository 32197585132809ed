package inventory

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/drivers"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/topology"
)

// SelfCommand starts this program again inside a host; see labs.Enter.
var SelfCommand = []string{"/proc/self/exe", "enter"}

// readyPatience is how long a runtime may take to report that it can be used.
const readyPatience = 2 * time.Second

// Homes holds the directories of routers, and of the hosts of some runtimes.
var Homes = hosts.NewHomes(store.RunRoot, SelfCommand).KeepingIn(store.StateRoot)

// Runtimes are the host runtimes of this server.
type Runtimes []Opened

// Opened is a runtime, or the reason why it cannot be used.
type Opened struct {
	hosts.Runtime // nil if it could not be opened
	Driver        hosts.Driver
	Absent        error
}

// Usable reports whether hosts can run in it now.
func (o Opened) Usable() bool { return o.Absent == nil }

// FindRuntimes opens all registered runtimes. say, which may be nil, hears what they
// do.
func FindRuntimes(ctx context.Context, say func(string)) Runtimes {
	return OpenRuntimes(ctx, drivers.All(), say)
}

// Open opens a runtime. say, which may be nil, hears what it does.
func Open(d hosts.Driver, say func(string)) (hosts.Runtime, error) {
	return d.Open(hosts.Options{StateDir: store.RunRoot, KeepDir: store.StateRoot, Enter: SelfCommand, Progress: say})
}

// OpenRuntimes opens runtimes and finds out which of them can be used.
func OpenRuntimes(ctx context.Context, all []hosts.Driver, say func(string)) Runtimes {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	var found Runtimes
	for _, d := range all {
		o := Opened{Driver: d}
		if o.Runtime, o.Absent = Open(d, say); o.Absent == nil {
			o.Absent = o.Ready(ctx)
		}
		found = append(found, o)
	}
	return found
}

// Known lists all registered runtimes, as topology.Parse needs them.
func Known() []topology.Runtime { return KnownOf(drivers.All()) }

// KnownOf is Known for a list of drivers.
func KnownOf(all []hosts.Driver) []topology.Runtime {
	var known []topology.Runtime
	for _, d := range all {
		known = append(known, topology.Runtime{Name: d.Name, Containers: d.Containers, Machines: d.Machines, MinName: d.MinName})
	}
	return known
}

// Find returns a runtime by name, usable or not; the zero Opened if there is
// none.
func (r Runtimes) Find(name string) Opened {
	i := slices.IndexFunc(r, func(o Opened) bool { return o.Driver.Name == name })
	if i < 0 {
		return Opened{}
	}
	return r[i]
}

// Get returns a usable runtime. The error names the remedy.
func (r Runtimes) Get(name string) (hosts.Runtime, error) {
	o := r.Find(name)
	if o.Driver.Name == "" {
		return nil, fmt.Errorf("unknown runtime %q; use %s", name, strings.Join(r.Select(func(Opened) bool { return true }), " or "))
	}
	if !o.Usable() {
		others := r.Select(func(o Opened) bool { return o.Usable() && !o.Driver.Machines })
		if len(others) == 0 || o.Driver.Machines {
			return nil, fmt.Errorf("runtime %s: %w", name, o.Absent)
		}
		return nil, fmt.Errorf("runtime %s: %w (--runtime %s works without it)", name, o.Absent, strings.Join(others, " or "))
	}
	return o.Runtime, nil
}

// Select returns the names of the selected runtimes.
func (r Runtimes) Select(selected func(Opened) bool) []string {
	var names []string
	for _, o := range r {
		if selected(o) {
			names = append(names, o.Driver.Name)
		}
	}
	return names
}

// HoldsContainers reports whether the hosts of a runtime are containers.
func (r Runtimes) HoldsContainers(name string) bool { return r.Find(name).Driver.Containers }

// Containers returns a runtime of containers; nil if it is not one, or could not be
// opened.
func (r Runtimes) Containers(name string) hosts.Containers {
	c, _ := r.Find(name).Runtime.(hosts.Containers)
	return c
}

// Choose picks the runtime of hosts that do not name theirs, in this order: the
// requested one, the topology's, the running lab's, the first usable one with
// containers, the first usable one.
func (r Runtimes) Choose(asked, fromFile, running string) string {
	for _, name := range []string{asked, fromFile, running} {
		if name != "" {
			return name
		}
	}
	for _, which := range []func(Opened) bool{
		func(o Opened) bool { return o.Usable() && o.Driver.Containers },
		Opened.Usable,
	} {
		if names := r.Select(which); len(names) > 0 {
			return names[0]
		}
	}
	return ""
}

// Sandboxes lists the hosts of a lab, or of all labs, in every runtime. What may be a copy
// of a host counts only if it has the name that a plan of its lab gives to the host.
func (r Runtimes) Sandboxes(ctx context.Context, lab string) ([]hosts.Sandbox, error) {
	all, err := r.list(ctx, lab)
	plans := plansOf{}
	return slices.DeleteFunc(all, func(s hosts.Sandbox) bool { return s.Unsure && !plans.name(s) }), err
}

// Doubtful lists what Sandboxes does not: what may be a copy of a host of a lab, or of any
// lab.
func (r Runtimes) Doubtful(ctx context.Context, lab string) ([]hosts.Sandbox, error) {
	all, err := r.list(ctx, lab)
	plans := plansOf{}
	return slices.DeleteFunc(all, func(s hosts.Sandbox) bool { return !s.Unsure || plans.name(s) }), err
}

func (r Runtimes) list(ctx context.Context, lab string) ([]hosts.Sandbox, error) {
	var out []hosts.Sandbox
	for _, o := range r {
		if !o.Usable() {
			continue
		}
		found, err := o.List(ctx, lab)
		if err != nil {
			return nil, fmt.Errorf("list the hosts of runtime %s: %w", o.Driver.Name, err)
		}
		out = append(out, found...)
	}
	return out, nil
}

// plansOf holds the plans of labs, of what was applied last and of what commands have begun
// since.
type plansOf map[string][]plan.Plan

// name reports whether a plan gives a host the name that it has.
func (p plansOf) name(s hosts.Sandbox) bool {
	plans, known := p[s.Lab]
	if !known {
		applied, cut, _ := store.Before(s.Lab)
		plans = append(cut, applied)
		p[s.Lab] = plans
	}
	return slices.ContainsFunc(plans, func(p plan.Plan) bool {
		return slices.ContainsFunc(p.Hosts, func(h plan.Host) bool { return h.Name == s.Node && h.Container == s.Name })
	})
}
