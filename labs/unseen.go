package labs

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/status"
	"pseudowan/topology"
)

// unseen are the hosts of a lab that are containers of a daemon that does not
// answer. They may run all the same: a daemon may be restarted under them.
type unseen struct {
	lab   string
	hosts []HostPlan
	runs  map[string]bool // those whose wires are there
	cause error
}

// unseenHosts finds them by what was applied, or was about to be.
func unseenHosts(lab string, cause error) *unseen {
	plans, _ := readJSON[[]Plan](changeFile(lab)) // there is none where nothing was cut short
	if applied, err := appliedPlan(lab); err == nil {
		plans = append(plans, applied)
	}
	u := &unseen{lab: lab, runs: map[string]bool{}, cause: cause}
	for _, p := range plans {
		for _, h := range p.Hosts {
			if h.Runtime != dockerName {
				continue
			}
			if !u.has(h.Name) {
				u.hosts = append(u.hosts, h)
			}
			u.runs[h.Name] = u.runs[h.Name] || p.wired(h.Name)
		}
	}
	if len(u.hosts) == 0 {
		return nil
	}
	return u
}

// wired reports whether a host's wire is there: the kernel removes one with
// either of its ends, and a container's end with the container.
func (p *Plan) wired(host string) bool {
	for _, w := range p.Wires {
		if w.B.Node != host {
			continue
		}
		ends, err := hosts.WireEnds(hosts.Namespace{Name: nodeNamespace(p.Lab, w.A.Node)}.Path())
		if err == nil && slices.ContainsFunc(ends, func(e hosts.WireEnd) bool { return e.Name == w.A.Interface }) {
			return true
		}
	}
	return false
}

func (u *unseen) has(host string) bool {
	return u != nil && slices.ContainsFunc(u.hosts, func(h HostPlan) bool { return h.Name == host })
}

// err says what cannot be seen, why, and what runs nevertheless; nil where
// everything can.
func (u *unseen) err() error {
	if u == nil {
		return nil
	}
	var run, all []string
	for _, h := range u.hosts {
		all = append(all, h.Name)
		if u.runs[h.Name] {
			run = append(run, h.Name)
		}
	}
	still := "none of them has a wire any more"
	if len(run) > 0 {
		still = "by their wires, these still run: " + few(run)
	}
	return fmt.Errorf("lab %s has hosts in containers that cannot be seen (%s; %s): %w", u.lab, few(all), still, u.cause)
}

// ofHost says the same of one host.
func (u *unseen) ofHost(name string) error {
	does := "it may run"
	if u.runs[name] {
		does = "it still runs, as its wire is there"
	}
	return fmt.Errorf("host %s is in a container that cannot be seen (%s): %w", name, does, u.cause)
}

// few lists names, and counts those that are too many to read.
func few(names []string) string {
	const shown = 8
	if more := len(names) - shown; more > 0 {
		return strings.Join(names[:shown], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(names, ", ")
}

// node is how ps lists one of them.
func (u *unseen) node(name string, t *topology.Topology) status.Node {
	n := hostNode(u.lab, hosts.Sandbox{Runtime: dockerName, Node: name}, t)
	n.State, n.CommandState = "unknown", status.CommandUnknown
	if u.runs[name] {
		n.CommandState = status.CommandRunning
	}
	return n
}
