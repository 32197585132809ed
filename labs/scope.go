package labs

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/catalog"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// scope is what a run-time change concerns, by name; segments are bridges of hosts' LANs,
// and hosts also the ports of routers with a network stack of their own. nil is everything.
type scope struct{ routers, hosts, segments map[string]bool }

func newScope() *scope { return &scope{map[string]bool{}, map[string]bool{}, map[string]bool{}} }

func (s *scope) router(name string) bool { return s == nil || s.routers[name] }

func (s *scope) host(name string) bool { return s == nil || s.hosts[name] }

// node reports whether a router, a host or, without a name, the lab is concerned.
func (s *scope) node(name string) bool { return name == "" || s.router(name) || s.host(name) }

// plugs reports whether a LAN of hosts is concerned, or a host on it.
func (s *scope) plugs(lan plan.Segment) bool {
	return s == nil || s.segments[lan.Name] || s.wires(lan.Wires...)
}

// wired reports whether hosts, LANs or ports of routers are concerned.
func (s *scope) wired() bool { return s == nil || len(s.hosts)+len(s.segments) > 0 }

// wires reports whether the host at an end of a wire is concerned.
func (s *scope) wires(all ...plan.Wire) bool {
	return slices.ContainsFunc(all, func(w plan.Wire) bool { return s.host(w.A.Node) || s.host(w.B.Node) })
}

// errServer refuses what a run-time change cannot do.
var errServer = errors.New("this would change routers, links or the server's own network; edit the file (pseudowan export), and `pseudowan up` it")

// errFormat refuses a change of a lab whose plan cannot be compared: nobody would know
// what else of it differs.
var errFormat = errors.New("the lab was brought up by another version of pseudowan; `pseudowan up` with its file (pseudowan export) brings it in line, and then it can be changed while it runs")

// scopeOf compares two plans of a running lab. It is an error if more differs than hosts
// and what routers do for them.
func scopeOf(before, now *plan.Plan) (*scope, error) {
	if before.Format != now.Format {
		return nil, errFormat
	}
	s := newScope()
	for _, c := range plan.Diff(before, now) {
		switch {
		case c.Kind == "host":
			s.hosts[c.Node] = true
		case c.Kind == "router" && c.What == plan.Changed:
			s.routers[c.Node] = true
		default:
			return nil, errServer
		}
	}
	if !plan.SameCore(before, now) {
		return nil, errServer
	}
	nodes, bridges := plan.Rewired(before, now)
	for _, name := range nodes {
		s.hosts[name] = true
	}
	for _, name := range bridges {
		s.segments[name] = true
	}
	for _, h := range now.Hosts {
		i := slices.IndexFunc(before.Hosts, func(x plan.Host) bool { return x.Name == h.Name })
		if i >= 0 && !reflect.DeepEqual(hostsFile(before, before.Hosts[i]), hostsFile(now, h)) {
			s.hosts[h.Name] = true
		}
	}
	return s, nil
}

// limit makes a run-time change concern a scope alone: it repairs nothing else, and tells
// of no repairs there.
func (a *applier) limit(s *scope) error {
	a.scope = s
	a.changed = slices.DeleteFunc(a.changed, func(line string) bool {
		return slices.ContainsFunc(a.lost, func(l loss) bool { return l.String() == line && !s.node(l.node) })
	})
	for name, h := range store.Halts(a.plan.Lab) {
		if h.Router != nil && s.router(name) || h.Router == nil && s.host(name) {
			return &StateError{fmt.Sprintf("%s is stopped or paused, and the change concerns it; `pseudowan start %s` lets it run again", name, name)}
		}
	}
	injected, err := store.Injections(a.plan.Lab)
	if err != nil {
		return err
	}
	a.injected = fitting(injected, a.plan)
	a.adoptMTUs()
	for _, box := range a.before.Hosts {
		if box.Running() {
			a.build.Place(box.Node, box.NetNS)
		}
	}
	return nil
}

// fitting are the injections that a plan leaves possible: their routers and VRFs are there.
func fitting(all []store.Injection, p *plan.Plan) []store.Injection {
	return slices.DeleteFunc(slices.Clone(all), func(i store.Injection) bool {
		return !slices.ContainsFunc(p.Routers, func(r plan.Router) bool {
			return r.Name == i.Router && (i.Access == nil || r.Config.VRF(i.VRF) != nil)
		})
	})
}

// hostsFile is the /etc/hosts of a host.
func hostsFile(p *plan.Plan, h plan.Host) []hosts.HostsEntry {
	return plan.HostsFile(p.Names, slices.Concat(h.VRFs, h.Knows))
}

// origin says what a lab is brought up from, and where relative paths in it start.
func origin(source string, o applyOptions) (string, string) {
	if o.running != nil {
		return o.running.Source, o.running.Dir
	}
	dir, err := filepath.Abs(filepath.Dir(source))
	if err != nil {
		dir = ""
	}
	if _, ready := catalog.Get(source); ready { // whatever else has that name
		return source, dir
	}
	abs, err1 := filepath.Abs(source)
	_, err2 := os.Stat(source)
	if err1 == nil && err2 == nil {
		source = abs
	}
	return source, dir
}

// before returns the plan applied last and those interrupted since: a run-time change has
// read the first already.
func (o applyOptions) before(lab string) (applied plan.Plan, cut []plan.Plan, known bool) {
	if o.running == nil {
		return store.Before(lab)
	}
	cut, err := store.Cut(lab)
	if err != nil {
		cut = nil // it may be incomplete
	}
	return *o.running, cut, true
}

// secrets reads passwords that the topology keeps elsewhere; for a run-time change they
// are those that the running routers have, as far as they have them.
func (o applyOptions) secrets(t *topology.Topology) (config.Secrets, error) {
	variables := o.variables
	if variables == nil {
		variables = os.LookupEnv
	}
	if o.running == nil {
		return Secrets(t, variables)
	}
	known := config.Secrets{}
	for _, r := range o.running.Routers {
		c, err := store.RouterConfig(o.running.Lab, r.Name)
		if err != nil {
			continue
		}
		for source, text := range c.Secrets {
			known[source] = text
		}
	}
	for _, p := range t.Passwords() {
		if _, has := known[p.Source()]; p.Elsewhere() && !has {
			return Secrets(t, variables)
		}
	}
	return known, nil
}

// adoptMTUs takes the MTUs that lent interfaces allow from the running routers.
func (a *applier) adoptMTUs() {
	for _, n := range a.plan.NICs {
		c, err := store.RouterConfig(a.plan.Lab, n.Router)
		if err != nil {
			continue
		}
		for _, core := range c.Core {
			if core.Name == n.Interface {
				a.mtus[linkEnd{n.Router, n.Interface}] = cmp.Or(core.MTU, n.MTU)
			}
		}
	}
}
