package collector

import (
	"cmp"
	"net/netip"
	"slices"
)

// Routers lists the routers, by their identifiers.
func (t *table) Routers() []Router {
	t.mu.RLock()
	defer t.mu.RUnlock()
	rows := make([]Router, 0, len(t.routers))
	for _, r := range t.routers {
		rows = append(rows, r.row)
	}
	slices.SortFunc(rows, func(a, b Router) int { return cmp.Compare(a.HashID, b.HashID) })
	return rows
}

// eachPeer calls f for every peer of connected routers, with its row.
func (t *table) eachPeer(f func(Peer, *peer)) {
	for _, r := range t.routers {
		for l := range r.links {
			for _, p := range l.peers {
				row := p.row
				row.RouterHashID, row.RouterName, row.RouterIP = r.row.HashID, r.row.Name, l.source.String()
				row.Connected, row.Prefixes = 1, len(p.routes)
				f(row, p)
			}
		}
	}
}

// Peers lists the peers of the routers that are connected.
func (t *table) Peers() []Peer {
	t.mu.RLock()
	defer t.mu.RUnlock()
	rows := []Peer{}
	t.eachPeer(func(row Peer, _ *peer) { rows = append(rows, row) })
	slices.SortFunc(rows, func(a, b Peer) int {
		return cmp.Or(cmp.Compare(a.RouterName, b.RouterName), cmp.Compare(a.RouterIP, b.RouterIP), cmp.Compare(a.Type, b.Type),
			cmp.Compare(a.RD, b.RD), compareAddresses(a.Address, b.Address), cmp.Compare(a.HashID, b.HashID))
	})
	return rows
}

func compareAddresses(a, b string) int {
	x, _ := netip.ParseAddr(a)
	y, _ := netip.ParseAddr(b)
	return x.Compare(y)
}

// routesAtOnce is how many more routes than are wanted are sorted at a time.
const routesAtOnce = 10_000

// Routes lists up to limit routes that a filter accepts, and how many there are.
func (t *table) Routes(limit int, accepts func(Route) bool) (rows []Route, all int) {
	t.mu.RLock()
	rows = []Route{}
	t.eachPeer(func(row Peer, p *peer) {
		for _, r := range p.routes {
			r.RouterName, r.RouterIP, r.PeerHashID, r.PeerName = row.RouterName, row.RouterIP, row.HashID, cmp.Or(row.Address, row.Name)
			if !accepts(r) {
				continue
			}
			all++
			// Not all of millions are to be in memory at once.
			if rows = append(rows, r); len(rows) >= 2*limit+routesAtOnce {
				slices.SortFunc(rows, compareRoutes)
				rows = rows[:limit]
			}
		}
	})
	t.mu.RUnlock()
	slices.SortFunc(rows, compareRoutes)
	return rows[:min(limit, len(rows))], all
}

func compareRoutes(a, b Route) int {
	return cmp.Or(cmp.Compare(a.RouterName, b.RouterName), cmp.Compare(a.RouterIP, b.RouterIP), compareAddresses(a.PeerName, b.PeerName),
		cmp.Compare(a.PeerHashID, b.PeerHashID), cmp.Compare(a.RIB, b.RIB), cmp.Compare(a.Family, b.Family), cmp.Compare(a.RD, b.RD),
		comparePrefixes(a.Prefix, b.Prefix), cmp.Compare(a.PathID, b.PathID))
}

func comparePrefixes(a, b string) int {
	x, errA := netip.ParsePrefix(a)
	y, errB := netip.ParsePrefix(b)
	if errA != nil || errB != nil {
		return cmp.Compare(a, b)
	}
	return cmp.Or(x.Addr().Compare(y.Addr()), x.Bits()-y.Bits())
}
