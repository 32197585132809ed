package inventory

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// UnseenHosts are the hosts of a lab in containers whose daemon does not answer
// or is not the one that answers. They may run nevertheless: a daemon can be
// restarted without its containers.
type UnseenHosts struct {
	lab   string
	Hosts []plan.Host
	runs  map[string]bool  // those whose wires exist
	cause map[string]error // by runtime
	fresh bool             // a daemon that answers does not know some: they may have just been removed
}

// findUnseen compares the plans with what the runtimes list. If a daemon does not
// answer, all its containers are unseen, otherwise those that it does not know
// although their wires exist.
func (o Inventory) findUnseen(lab string) *UnseenHosts {
	plans, cut := store.Cut(lab)
	state, err := store.ReadKeeperState(lab)
	if errors.Is(cut, fs.ErrNotExist) && err == nil && !state.Containers {
		return nil // plans of large labs are slow to read
	}
	if applied, err := store.Applied(lab); err == nil {
		plans = append(plans, applied)
	}
	u := &UnseenHosts{lab: lab, runs: map[string]bool{}, cause: map[string]error{}}
	wires := wiresThere{}
	for _, p := range plans {
		for _, h := range p.Hosts {
			there := slices.ContainsFunc(o.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name })
			runtime := o.Find(h.Runtime)
			if !runtime.Driver.Containers || runtime.Usable() && there {
				continue
			}
			wired := wires.reach(&p, h.Name)
			if runtime.Usable() && !wired {
				continue
			}
			if !u.Has(h.Name) {
				u.Hosts = append(u.Hosts, h)
			}
			u.runs[h.Name] = u.runs[h.Name] || wired
			u.cause[h.Runtime] = runtime.unknown()
			u.fresh = u.fresh || runtime.Usable()
		}
	}
	if len(u.Hosts) == 0 {
		return nil
	}
	return u
}

// unknown returns why a running host of the runtime cannot be seen.
func (o Opened) unknown() error {
	if c, ok := o.Runtime.(hosts.Containers); ok && o.Usable() {
		return c.Unknown()
	}
	return o.Absent
}

// wiresThere holds the existing wires by namespace.
type wiresThere map[string][]hosts.WireEnd

// reach reports whether a wire of a host exists. The kernel removes an end with its
// container, and the other end with it.
func (w wiresThere) reach(p *plan.Plan, host string) bool {
	for _, wire := range p.AllWires() {
		near, far := wire.A, wire.B
		if near.Node == host {
			near, far = far, near
		}
		if far.Node == host && slices.ContainsFunc(w.in(p.Lab, near.Node), func(e hosts.WireEnd) bool { return e.Name == near.Interface }) {
			return true
		}
	}
	return false
}

func (w wiresThere) in(lab, node string) []hosts.WireEnd {
	name := plan.LabNamespace(lab)
	if node != "" {
		name = plan.NodeNamespace(lab, node)
	}
	ends, known := w[name]
	if !known {
		ends, _ = hosts.WireEnds(hosts.Namespace{Name: name}.Path()) // a deleted namespace has none
		w[name] = ends
	}
	return ends
}

// Has reports whether a host is among them.
func (u *UnseenHosts) Has(host string) bool {
	return u != nil && slices.ContainsFunc(u.Hosts, func(h plan.Host) bool { return h.Name == host })
}

// Err returns an error that names the unseen hosts, which of them are running, and
// the cause; nil if there are none.
func (u *UnseenHosts) Err() error {
	if u == nil {
		return nil
	}
	var run, all []string
	for _, h := range u.Hosts {
		all = append(all, h.Name)
		if u.runs[h.Name] {
			run = append(run, h.Name)
		}
	}
	still := "none of them still has a wire"
	if len(run) > 0 {
		still = "still running, judging by their wires: " + few(run)
	}
	return fmt.Errorf("lab %s has hosts in containers that cannot be seen (%s; %s): %w", u.lab, few(all), still, u.causes())
}

// causes joins the causes of the runtimes, in the order of the hosts.
func (u *UnseenHosts) causes() error {
	var all []error
	seen := map[string]bool{}
	for _, h := range u.Hosts {
		if !seen[h.Runtime] {
			seen[h.Runtime] = true
			all = append(all, u.cause[h.Runtime])
		}
	}
	if len(all) == 1 {
		return all[0]
	}
	return errors.Join(all...)
}

// RuntimeOf returns the name of an unseen host's runtime.
func (u *UnseenHosts) RuntimeOf(name string) string {
	i := slices.IndexFunc(u.Hosts, func(h plan.Host) bool { return h.Name == name })
	return u.Hosts[i].Runtime
}

// OfHost returns the error for one host.
func (u *UnseenHosts) OfHost(name string) error {
	does := "it may be running"
	if u.runs[name] {
		does = "it is still running, because its wire exists"
	}
	return fmt.Errorf("host %s is in a container that cannot be seen (%s): %w", name, does, u.cause[u.RuntimeOf(name)])
}

// few lists the first names and counts the rest.
func few(names []string) string {
	const shown = 8
	if more := len(names) - shown; more > 0 {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// Runs reports whether a host has wires, so that it must be running.
func (u *UnseenHosts) Runs(name string) bool { return u.runs[name] }
