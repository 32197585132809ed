package labs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/drivers"
	"pseudowan/labs/store"
)

// selfCommand starts this program again inside a host, see Enter.
var selfCommand = []string{"/proc/self/exe", "enter"}

// Enter is the life of a process that selfCommand has started, with the rest of
// its arguments. It returns only when that fails.
func Enter(args []string) error { return drivers.Enter(args) }

// RuntimeNames lists what hosts can run in, as topologies call it.
func RuntimeNames() []string { return namesOf(drivers.All()) }

func namesOf(all []hosts.Driver) []string {
	var names []string
	for _, d := range all {
		names = append(names, d.Name)
	}
	return names
}

// readyPatience is how long a runtime may take to report that it can be used.
const readyPatience = 2 * time.Second

// homes are those of the routers; the hosts of some runtimes live beside them.
var homes = hosts.NewHomes(store.RunRoot, selfCommand)

// runtimes are the host runtimes of this server.
type runtimes []opened

// opened is a runtime that can be used here, or the reason why it cannot.
type opened struct {
	hosts.Runtime // nil where it could not be opened
	driver        hosts.Driver
	absent        error
}

func (o opened) usable() bool { return o.absent == nil }

func findRuntimes(ctx context.Context, say func(string)) runtimes {
	return openRuntimes(ctx, drivers.All(), say)
}

func openRuntimes(ctx context.Context, all []hosts.Driver, say func(string)) runtimes {
	ctx, cancel := context.WithTimeout(ctx, readyPatience)
	defer cancel()
	var found runtimes
	for _, d := range all {
		o := opened{driver: d}
		if o.Runtime, o.absent = d.Open(hosts.Options{StateDir: store.RunRoot, Enter: selfCommand, Progress: say}); o.absent == nil {
			o.absent = o.Ready(ctx)
		}
		found = append(found, o)
	}
	return found
}

// find returns a runtime by name, whether or not it can be used; the zero opened
// where there is none.
func (r runtimes) find(name string) opened {
	i := slices.IndexFunc(r, func(o opened) bool { return o.driver.Name == name })
	if i < 0 {
		return opened{}
	}
	return r[i]
}

// get returns a runtime that can be used. The error names the remedy.
func (r runtimes) get(name string) (hosts.Runtime, error) {
	o := r.find(name)
	if o.driver.Name == "" {
		return nil, fmt.Errorf("runtime %q is not known; use %s", name, strings.Join(r.names(func(opened) bool { return true }), " or "))
	}
	if !o.usable() {
		others := r.names(opened.usable)
		if len(others) == 0 {
			return nil, fmt.Errorf("runtime %s: %w", name, o.absent)
		}
		return nil, fmt.Errorf("runtime %s: %w (--runtime %s does without it)", name, o.absent, strings.Join(others, " or "))
	}
	return o.Runtime, nil
}

func (r runtimes) names(which func(opened) bool) []string {
	var names []string
	for _, o := range r {
		if which(o) {
			names = append(names, o.driver.Name)
		}
	}
	return names
}

// holdsContainers reports whether the hosts of a runtime are containers.
func (r runtimes) holdsContainers(name string) bool { return r.find(name).driver.Containers }

// containers returns a runtime as one of containers; nil where it is none, or
// could not be opened.
func (r runtimes) containers(name string) hosts.Containers {
	c, _ := r.find(name).Runtime.(hosts.Containers)
	return c
}

// choose picks the runtime of hosts that do not name theirs: the one that is
// asked for, the topology's, the one that the lab runs with already, the first
// usable one with containers, the first usable one.
func (r runtimes) choose(asked, fromFile, running string) string {
	for _, name := range []string{asked, fromFile, running} {
		if name != "" {
			return name
		}
	}
	for _, which := range []func(opened) bool{
		func(o opened) bool { return o.usable() && o.driver.Containers },
		opened.usable,
	} {
		if names := r.names(which); len(names) > 0 {
			return names[0]
		}
	}
	return ""
}

// sandboxes lists the hosts of a lab, or of all labs, in every runtime.
func (r runtimes) sandboxes(ctx context.Context, lab string) ([]hosts.Sandbox, error) {
	var out []hosts.Sandbox
	for _, o := range r {
		if !o.usable() {
			continue
		}
		found, err := o.List(ctx, lab)
		if err != nil {
			return nil, fmt.Errorf("list the hosts of runtime %s: %w", o.driver.Name, err)
		}
		out = append(out, found...)
	}
	return out, nil
}
