package vrf

import (
	"iter"
	"log/slog"
	"net/netip"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/policy"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/admit"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/meter"
	"pseudowan/router/transport"
)

// Tables holds the VRFs of one router. It is not safe for concurrent use.
type Tables struct {
	log      *slog.Logger
	fib      *fib.Table
	carriers *kernel.Carriers
	links    *transport.Links
	ports    *access.Ports

	vrfs   []config.VRF
	byName map[string]*config.VRF
	byID   map[uint32]*config.VRF
	tables *bgp.Tables
	Labels Labels

	exports    map[string]*policy.Chain // export policies, by VRF
	policyHops []netip.Addr             // next hops that import policies set

	connected map[fib.Key]pipeline.Target // routes that follow from the configuration alone
	hosts     map[fib.Key]uint32          // access ports of the neighbours that are up
	local     map[localKey]bgp.LocalRoute
	best      map[fib.Key]*bgp.Path
	spread    map[fib.Key][]*bgp.Path // all equally good ones, if there are several
	backup    map[fib.Key]*bgp.Path   // what packets take once the next hop of the best one fails

	aggregator bgp.Aggregator
	aggregates []*aggregate // the longest first

	changed map[fib.Key]bool // since the last Program; true: another path is best, or none
	stirred map[fib.Key]bool // those of which only the backup has changed
	fill    map[string]fill  // how full limited VRFs are, as the log says
	speech  *Speech
	anew    bool // everything must be announced again
	uniform bool // packets get the TTL of their labels
	echo    bool // MPLS echo under the labels is answered
}

// maxPaths limits the equally good paths over which the packets to a prefix are
// spread.
const maxPaths = 8

// New returns empty Tables.
func New(log *slog.Logger, f *fib.Table, carriers *kernel.Carriers, links *transport.Links, ports *access.Ports) *Tables {
	tables := bgp.NewTables(nil)
	tables.SetMaxPaths(maxPaths)
	tables.KeepBackups()
	return &Tables{
		log: log, fib: f, carriers: carriers, links: links, ports: ports, tables: tables,
		connected: map[fib.Key]pipeline.Target{}, hosts: map[fib.Key]uint32{}, local: map[localKey]bgp.LocalRoute{},
		best: map[fib.Key]*bgp.Path{}, spread: map[fib.Key][]*bgp.Path{}, backup: map[fib.Key]*bgp.Path{},
		changed: map[fib.Key]bool{}, stirred: map[fib.Key]bool{},
	}
}

// SetAnnouncer sets the speaker to other routers, and what learns of the labels of its
// routes. Call it before the first Speak.
func (t *Tables) SetAnnouncer(to Announcer, guards *admit.Voice) {
	t.speech = NewSpeech(t.log, t.fib, to, guards)
}

// Speech returns what is announced to other routers; nil before SetAnnouncer.
func (t *Tables) Speech() *Speech { return t.speech }

// Configure replaces the VRFs. Ports, links and labels (see Labels.Keep) must
// already be configured.
func (t *Tables) Configure(cfg config.Router) {
	vrfs := cfg.VRFs
	t.vrfs, t.byName, t.byID = vrfs, map[string]*config.VRF{}, map[uint32]*config.VRF{}
	t.exports, t.policyHops = map[string]*policy.Chain{}, nil
	t.echo, t.uniform = cfg.Transport != nil, cfg.Transport != nil && !cfg.Transport.Pipe
	var flows []pipeline.Flow
	var inLabels []pipeline.InLabel
	var imports []bgp.VRF
	for i := range vrfs {
		v := &vrfs[i]
		t.byName[v.Name], t.byID[v.ID] = v, v
		flows = append(flows, pipeline.VRF{ID: v.ID, Meter: meter.VRF(v.ID)}.Flows()...)
		for _, b := range t.Bindings(v) {
			inLabels = append(inLabels, t.inLabel(v, b))
		}
		t.exports[v.Name] = cfg.Export(v.ExportPolicy)
		imports = append(imports, bgp.VRF{
			ID: v.ID, Name: v.Name, RD: v.RD, Import: v.Import, Export: v.Export, Limit: v.Limit, Summaries: summaries(v),
			ImportPolicy: cfg.Import(v.ImportPolicy), ExportPolicy: t.exports[v.Name],
		})
		t.policyHops = append(t.policyHops, nextHopsOf(cfg.Import(v.ImportPolicy))...)
	}
	t.fib.Replace(flows, pipeline.KindVRF)
	t.fib.ReplaceLabels(inLabels)
	t.tables.SetVRFs(imports)
	t.configureAggregates(cfg)
	t.connect()
	before := t.chooseAnew()
	t.refreshLocal()
	for key := range t.fib.Routes() {
		if key.VRF != pipeline.Global {
			t.again(key)
		}
	}
	for _, all := range []iter.Seq[fib.Key]{keys(t.connected), keys(t.best), keys(before)} {
		for key := range all {
			if t.again(key); !sameWay(before[key], t.best[key]) {
				t.changed[key] = true
			}
		}
	}
	t.anew = true
}

func keys[V any](m map[fib.Key]V) iter.Seq[fib.Key] {
	return func(yield func(fib.Key) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// connect derives the routes that follow from the configuration alone: the
// gateways' own addresses and the connected subnets.
func (t *Tables) connect() {
	t.connected = map[fib.Key]pipeline.Target{}
	for _, p := range t.ports.All() {
		for _, g := range p.Gateways {
			if g.Masked() != hostPrefix(g.Addr()) {
				t.connected[fib.Key{VRF: p.VRFID, Prefix: g.Masked()}] = pipeline.Punt(pipeline.ReasonGlean)
			}
			t.connected[fib.Key{VRF: p.VRFID, Prefix: hostPrefix(g.Addr())}] = pipeline.Punt(pipeline.ReasonLocal)
		}
	}
}

// Connected reports whether a prefix is an address or a subnet of the router in
// a VRF.
func (t *Tables) Connected(key fib.Key) bool {
	_, ok := t.connected[key]
	return ok
}

// VRFs lists the VRFs in the order of the configuration.
func (t *Tables) VRFs() []config.VRF { return t.vrfs }

// VRF returns a VRF by its name, or nil.
func (t *Tables) VRF(name string) *config.VRF { return t.byName[name] }

// ByID returns a VRF by its number, or nil.
func (t *Tables) ByID(id uint32) *config.VRF { return t.byID[id] }

// Hear notes a route that another router has announced or withdrawn.
func (t *Tables) Hear(u bgp.RouteUpdate) {
	if u.Withdrawn {
		t.note(t.tables.Withdraw(u.Route.Key()))
		return
	}
	if u.Route.Unusable == "" {
		t.links.Use(u.Route.NextHop)
	}
	t.note(t.tables.Update(u.Route))
	for _, hop := range t.policyHops {
		t.links.Use(hop)
	}
}

// nextHopsOf returns the next hops that policies set.
func nextHopsOf(c *policy.Chain) (hops []netip.Addr) {
	if c == nil {
		return nil
	}
	for _, p := range c.Policies {
		for _, term := range p.Terms {
			if term.Set.NextHop.IsValid() {
				hops = append(hops, term.Set.NextHop)
			}
		}
	}
	return hops
}

// NextHops returns the next hops of all routes from other routers.
func (t *Tables) NextHops() map[netip.Addr]bool { return t.tables.NextHops() }

// FollowNextHops notes which next hops may be used now, and how far they are.
func (t *Tables) FollowNextHops(changed map[netip.Addr]bool) {
	for nextHop := range changed {
		t.note(t.tables.SetNextHop(nextHop, t.links.Usable(nextHop), t.links.Metric(nextHop)))
	}
}

// SetCE enters a route of a customer's router into a VRF, or changes it.
func (t *Tables) SetCE(vrf string, route bgp.CustomerRoute) { t.note(t.tables.SetCustomer(vrf, route)) }

// RemoveCE removes the route of a customer's router to a prefix.
func (t *Tables) RemoveCE(vrf string, prefix netip.Prefix, peer netip.Addr) {
	t.note(t.tables.RemoveCustomer(vrf, prefix, peer))
}

// Routes lists the routes of a VRF.
func (t *Tables) Routes(vrf string) []bgp.Entry { return t.tables.Routes(vrf) }

// Paths lists the paths to a prefix in a VRF, the best first.
func (t *Tables) Paths(vrf string, prefix netip.Prefix) []bgp.Entry {
	return t.tables.Paths(vrf, prefix)
}

// Prefixes lists the prefixes of a VRF, in no order.
func (t *Tables) Prefixes(vrf string) iter.Seq[netip.Prefix] { return t.tables.Prefixes(vrf) }

// Received lists the routes of other routers, in no order.
func (t *Tables) Received() iter.Seq[*bgp.Route] { return t.tables.Received() }

// Best returns the best path to a prefix, or nil.
func (t *Tables) Best(key fib.Key) *bgp.Path { return t.best[key] }

// AllBest lists the prefixes that have a best path, in no order.
func (t *Tables) AllBest() iter.Seq[fib.Key] { return keys(t.best) }

// Used returns the paths that packets to a prefix take.
func (t *Tables) Used(key fib.Key) []*bgp.Path {
	if t.best[key] == nil {
		return nil
	}
	return slices.Concat([]*bgp.Path{t.best[key]}, t.spread[key])
}

// note marks the new best routes of the VRFs for Program and Speak.
func (t *Tables) note(changes []bgp.Change) {
	for _, c := range changes {
		if v := t.byName[c.VRF]; v != nil {
			key := fib.Key{VRF: v.ID, Prefix: c.Prefix}
			t.choose(key, c)
			if c.Quiet {
				t.stirred[key] = true
			} else {
				t.changed[key] = true
			}
		}
	}
}

func (t *Tables) choose(key fib.Key, c bgp.Change) {
	if c.New == nil {
		delete(t.best, key)
	} else {
		t.best[key] = c.New
	}
	if c.Spread == nil {
		delete(t.spread, key)
	} else {
		t.spread[key] = c.Spread
	}
	if c.Backup == nil {
		delete(t.backup, key)
	} else {
		t.backup[key] = c.Backup
	}
}

// again has a prefix programmed although no other path may be best.
func (t *Tables) again(key fib.Key) {
	if !t.changed[key] {
		t.changed[key] = false
	}
}

// sameWay reports whether packets to a prefix go the same way by two best paths.
func sameWay(p, q *bgp.Path) bool {
	if p == nil || q == nil {
		return p == q
	}
	return p.Source == q.Source && p.VRF == q.VRF && p.Route.NextHop == q.Route.NextHop
}

// chooseAnew reads the best routes again after the VRFs have changed: nothing may
// remain of a removed VRF, whose number may have passed to another. It returns those
// that were best.
func (t *Tables) chooseAnew() (before map[fib.Key]*bgp.Path) {
	before, t.best = t.best, map[fib.Key]*bgp.Path{}
	clear(t.spread)
	clear(t.backup)
	for c := range t.tables.Choices() {
		if v := t.byName[c.VRF]; v != nil {
			t.choose(fib.Key{VRF: v.ID, Prefix: c.Prefix}, c)
		}
	}
	return before
}

func hostPrefix(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }
