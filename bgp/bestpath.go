package bgp

import "slices"

// Reasons of best path choice, in GoBGP's words where it has them. All but the
// first and the last five name the step that decided.
const (
	reasonOnlyPath    = "Only Path"            // there is no other
	reasonReachable   = "Reachable Next Hop"   // all others cannot be used
	reasonNotStale    = "no LLGR Stale"        // all others are kept as the last resort (RFC 9494)
	reasonWeight      = "Weight"               // higher: given by an import policy
	reasonLocalOrigin = "Local Origin"         // connected, then static, then imported from a VRF of this router
	reasonLocalPref   = "Local Pref"           // higher local preference
	reasonASPath      = "AS Path"              // shorter
	reasonOrigin      = "Origin"               // igp, then egp, then incomplete
	reasonMED         = "MED"                  // lower, among routes of the same neighbouring AS
	reasonASN         = "ASN"                  // external before internal
	reasonMetric      = "IGP Metric"           // the next hop is nearer
	reasonRouterID    = "Router ID"            // lower, of the originator if the route was reflected
	reasonClusterList = "Cluster List"         // shorter
	reasonPeerAddress = "Peer Address"         // lower
	reasonRD          = "RD"                   // lower: the same peer sent the prefix with several
	reasonNextHop     = "Next Hop"             // lower: local routes that differ in nothing else
	reasonMultipath   = "Multipath"            // equal to others up to Router ID: packets are spread over all of them
	reasonUnreachable = "Unreachable Next Hop" // the next hop cannot be used
	reasonLabel       = "Unusable Label"       // the label is reserved (RFC 3032)
	reasonPolicy      = "Import Policy"        // the import policy of the VRF rejects it
	reasonUnusable    = "Unusable Path"        // Route.Unusable says why
	reasonFull        = "Maximum Routes"       // the VRF has no room for another prefix
)

// step is one step of the choice: it keeps the paths that no other beats. (RFC
// 4271 section 9.1.2.2 removes candidates step by step. Comparing paths in pairs
// would make the outcome depend on their order, since MED orders only routes of
// one neighbouring AS.)
type step struct {
	reason string
	beats  func(vrf string, p, q *path) bool
}

// steps are all steps in order. Paths that are equal up to reasonRouterID are
// equally good.
var steps = []step{
	{reasonReachable, func(_ string, p, q *path) bool { return p.fault == "" && q.fault != "" }},
	{reasonNotStale, func(_ string, p, q *path) bool { return !p.Route.lastResort() && q.Route.lastResort() }},
	{reasonLocalOrigin, func(vrf string, p, q *path) bool { return p.originRank(vrf) < q.originRank(vrf) }},
	{reasonLocalOrigin, func(vrf string, p, q *path) bool { return q.givesWay(p) || p.standsBefore(vrf, q) }},
	{reasonWeight, func(_ string, p, q *path) bool { return p.Route.Weight > q.Route.Weight }},
	{reasonLocalPref, func(_ string, p, q *path) bool { return p.localPref() > q.localPref() }},
	{reasonLocalOrigin, func(_ string, p, q *path) bool { return p.fromPeer() < q.fromPeer() }},
	{reasonASPath, func(_ string, p, q *path) bool { return p.attributes().ASPath.Len() < q.attributes().ASPath.Len() }},
	{reasonOrigin, func(_ string, p, q *path) bool { return p.attributes().Origin < q.attributes().Origin }},
	{reasonMED, func(_ string, p, q *path) bool {
		return p.med() < q.med() && p.attributes().ASPath.Neighbor() == q.attributes().ASPath.Neighbor()
	}},
	{reasonASN, func(_ string, p, q *path) bool { return p.distance() < q.distance() }},
	{reasonMetric, func(_ string, p, q *path) bool { return p.metric < q.metric }},
	{reasonRouterID, func(_ string, p, q *path) bool { return p.routerID().Less(q.routerID()) }},
	{reasonClusterList, func(_ string, p, q *path) bool { return len(p.Route.ClusterList) < len(q.Route.ClusterList) }},
	{reasonPeerAddress, func(_ string, p, q *path) bool { return p.Route.Peer.Less(q.Route.Peer) }},
	{reasonRD, func(_ string, p, q *path) bool { return p.Route.RD.Compare(q.Route.RD) < 0 }},
	{reasonNextHop, func(_ string, p, q *path) bool { return comparePaths(&p.Path, &q.Path) < 0 }},
}

// chooser chooses best paths. It reuses its scratch space.
type chooser struct {
	maxPaths int  // most paths over which packets are spread; 0 means 1
	backups  bool // a backup is chosen, too
	left     []*path
	tied     []*path
	others   []*path // candidates for the backup
}

// best returns the paths for the VRF that packets take, and the one that they take if
// the best one's next hop fails.
func (c *chooser) best(vrf string, paths []*path) choice {
	if len(paths) == 1 && paths[0].fault == "" {
		return choice{best: paths[0]}
	}
	winner, _ := c.choose(vrf, paths, nil)
	spread := c.spread(winner)
	return choice{best: winner, spread: spread, backup: c.backup(vrf, paths, winner, spread)}
}

// backup returns the best path that does not need the winner's next hop; nil if there is
// none, and if packets are spread: then each path is the backup of another.
func (c *chooser) backup(vrf string, paths []*path, winner *path, spread []*path) *path {
	if !c.backups || winner == nil || len(spread) > 0 {
		return nil
	}
	c.others = c.others[:0]
	for _, p := range paths {
		if p.fault == "" && p.Route.NextHop != winner.Route.NextHop {
			c.others = append(c.others, p)
		}
	}
	if len(c.others) == 0 {
		return nil
	}
	second, _ := c.choose(vrf, c.others, nil)
	return second
}

// spread returns the paths that are as good as the winner of the last choice,
// the winner first. Paths to the same next hop with the same label, as from two
// route reflectors, count once.
func (c *chooser) spread(winner *path) []*path {
	if winner == nil || c.maxPaths < 2 || len(c.tied) < 2 {
		return nil
	}
	slices.SortFunc(c.tied, func(p, q *path) int { return comparePaths(&p.Path, &q.Path) })
	list := []*path{winner}
	for _, p := range c.tied {
		same := func(q *path) bool { return p.forwardsLike(q) }
		if len(list) < c.maxPaths && !slices.ContainsFunc(list, same) {
			list = append(list, p)
		}
	}
	if len(list) == 1 {
		return nil
	}
	return list
}

// explain returns the paths with the reasons of the choice.
func (c *chooser) explain(vrf string, paths []*path) []Entry {
	if len(paths) == 1 { // as most prefixes have
		p := paths[0]
		e := Entry{Path: p.Path, Best: p.fault == "", Reason: p.fault}
		if e.Best {
			e.Reason = reasonOnlyPath
		}
		return []Entry{e}
	}
	reasons := make(map[*path]string, len(paths))
	winner, reason := c.choose(vrf, paths, reasons)
	spread := c.spread(winner)
	backup := c.backup(vrf, paths, winner, spread)
	entries := make([]Entry, 0, len(paths))
	for _, p := range paths {
		e := Entry{Path: p.Path, Best: p == winner, Backup: p == backup, Reason: reasons[p]}
		switch {
		case slices.Contains(spread, p):
			e.Best, e.Reason = true, reasonMultipath
		case e.Best:
			e.Reason = reason
		case p.fault != "":
			e.Reason = p.fault
		}
		entries = append(entries, e)
	}
	return entries
}

// entriesOf returns the paths of a destination with the reasons of the choice.
func (c *chooser) entriesOf(vrf string, d *destination) []Entry {
	list := c.explain(vrf, d.paths)
	for i := range list {
		if d.refused && list[i].Best {
			list[i].Best, list[i].Reason = false, reasonFull
		}
		list[i].Backup = list[i].Backup && !d.refused
	}
	return list
}

// choose applies the steps until one path is left. It returns that path and the
// reason of the last step that removed another. Unless losers is nil, it receives
// why the others were removed.
func (c *chooser) choose(vrf string, paths []*path, losers map[*path]string) (*path, string) {
	c.left, c.tied = append(c.left[:0], paths...), c.tied[:0]
	reason := reasonOnlyPath
	for _, s := range steps {
		if len(c.left) < 2 {
			break
		}
		if s.reason == reasonRouterID {
			c.tied = append(c.tied, c.left...)
		}
		before := len(c.left)
		c.left = s.survivors(vrf, c.left, losers)
		if len(c.left) < before {
			reason = s.reason
		}
	}
	if len(c.left) == 0 || c.left[0].fault != "" {
		return nil, ""
	}
	return c.left[0], reason
}

// survivors moves the paths that no other beats to the front of the slice and
// returns them.
func (s step) survivors(vrf string, paths []*path, losers map[*path]string) []*path {
	kept := 0
	for i, p := range paths {
		beaten := false
		for _, q := range paths {
			if q != p && s.beats(vrf, q, p) {
				beaten = true
				break
			}
		}
		if beaten {
			if losers != nil {
				losers[p] = s.reason
			}
			continue
		}
		paths[kept], paths[i] = paths[i], paths[kept]
		kept++
	}
	return paths[:kept]
}

// Best returns the place of the best of several routes to one destination, among those
// that usable accepts; -1 if there is none. metric is that of the way to a route's next hop.
func Best(routes []Route, usable func(Route) bool, metric func(Route) uint64) int {
	paths := make([]*path, len(routes))
	for i, r := range routes {
		paths[i] = &path{Path: Path{Source: BGP, Route: r}, reach: reach{metric: metric(r)}}
		if !usable(r) {
			paths[i].fault = reasonUnusable
		}
	}
	best, _ := new(chooser).choose("", paths, nil)
	return slices.Index(paths, best)
}
