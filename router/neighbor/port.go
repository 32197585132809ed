package neighbor

import (
	"container/list"
	"net/netip"
	"slices"
	"time"
)

// port holds the neighbours on one port, and the order in which those of each class
// were used.
type port struct {
	down    bool
	entries map[netip.Addr]*entry
	used    [classes]*list.List // the least recently used first
	changes float64             // still allowed
	counted time.Time           // when changes were counted last
}

func (t *Table) port(n uint32) *port {
	p := t.ports[n]
	if p == nil {
		p = &port{entries: make(map[netip.Addr]*entry), changes: float64(t.cfg.changeBurst)}
		for i := range p.used {
			p.used[i] = list.New()
		}
		t.ports[n] = p
	}
	return p
}

// file puts e, just used, in its place.
func (p *port) file(e *entry) {
	p.unfile(e)
	e.class = e.rank()
	e.place = p.used[e.class].PushBack(e)
}

func (p *port) unfile(e *entry) {
	if e.place != nil {
		p.used[e.class].Remove(e.place)
		e.place = nil
	}
}

// sorted returns the port's entries by address.
func (p *port) sorted() []*entry {
	all := make([]*entry, 0, len(p.entries))
	for _, e := range p.entries {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *entry) int { return a.key.Compare(b.key) })
	return all
}

// victim returns the entry to evict for a newcomer of class c, or nil if all are of
// a higher class.
func (p *port) victim(c class) *entry {
	for i := unanswered; i <= min(c, confirmed); i++ {
		if first := p.used[i].Front(); first != nil {
			return first.Value.(*entry)
		}
	}
	return nil
}

// mayChange counts a change on the port, and reports whether it is allowed. Each
// change affects flows, at the cost of every customer of the router. So the
// neighbours of a port may change only at a limited rate.
func (p *port) mayChange(now time.Time, cfg config) bool {
	if passed := now.Sub(p.counted); passed > 0 {
		p.changes = min(float64(cfg.changeBurst), p.changes+passed.Seconds()*cfg.changeRate)
		p.counted = now
	}
	if p.changes < 1 {
		return false
	}
	p.changes--
	return true
}
