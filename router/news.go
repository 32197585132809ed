package router

import (
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pseudowan/router/fib"
	"pseudowan/router/neighbor"
	"pseudowan/status"
	"pseudowan/topology"
)

// Bounds on what is told of routes and neighbours: so many lines in newsEvery, and of what
// is more, a line for each VRF, or one for all if they are many.
const (
	newsEvery   = time.Second
	newsLines   = 20
	newsSummary = 5
)

// news tells of routes and neighbours that come and go. It may be many thousands at once.
type news struct {
	tell    func(status.EventKind, string)
	end     time.Time // of the time that lines counts in
	lines   int       // that may still be told
	skipped map[about]*comings
	hops    map[netip.Addr]bool // next hops that were reachable
}

// about is what news are about.
type about struct {
	kind  status.EventKind
	where string
}

// comings count what came, or changed, and what went.
type comings struct{ came, went int }

// room reports whether so many lines may be told now.
func (n *news) room(now time.Time, lines int) bool {
	n.flush(now)
	if !now.Before(n.end) {
		n.end, n.lines = now.Add(newsEvery), newsLines
	}
	return lines <= n.lines
}

// line tells that something came or went, if there is room; it is counted otherwise.
func (n *news) line(room bool, a about, came bool, text string) {
	if room {
		n.lines--
		n.tell(a.kind, text)
		return
	}
	if n.skipped == nil {
		n.skipped = map[about]*comings{}
	}
	c := n.skipped[a]
	if c == nil {
		c = &comings{}
		n.skipped[a] = c
	}
	if came {
		c.came++
	} else {
		c.went++
	}
}

// flush tells what was counted, once its time is over.
func (n *news) flush(now time.Time) {
	if now.Before(n.end) || len(n.skipped) == 0 {
		return
	}
	for kind, things := range map[status.EventKind]string{status.EventRoute: "routes", status.EventAdjacency: "neighbours"} {
		n.summary(kind, things)
	}
	clear(n.skipped)
}

func (n *news) summary(kind status.EventKind, things string) {
	var places []string
	all := comings{}
	for a, c := range n.skipped {
		if a.kind == kind {
			places = append(places, a.where)
			all.came, all.went = all.came+c.came, all.went+c.went
		}
	}
	slices.SortFunc(places, topology.CompareNames)
	if len(places) > newsSummary {
		n.tell(kind, fmt.Sprintf("%s in %d places: %d came or changed, %d went", things, len(places), all.came, all.went))
		return
	}
	for _, where := range places {
		c := n.skipped[about{kind, where}]
		n.tell(kind, fmt.Sprintf("%s %s: %d came or changed, %d went", things, where, c.came, c.went))
	}
}

// routeNews tells of the prefixes of a turn to which another path is best, or none.
func (l *loop) routeNews(now time.Time, changed map[fib.Key]bool) {
	count := 0
	for _, moved := range changed {
		if moved {
			count++
		}
	}
	if count == 0 {
		return
	}
	room := l.news.room(now, count)
	for key, moved := range changed {
		v := l.vrfs.ByID(key.VRF)
		if v == nil || !moved {
			continue
		}
		where, text := about{status.EventRoute, "in VRF " + v.Name}, ""
		best := l.vrfs.Best(key)
		if room && best != nil {
			text = fmt.Sprintf("VRF %s has %s via %s (%s)", v.Name, key.Prefix, shownNextHop(*best), best.Source)
		} else if room {
			text = fmt.Sprintf("VRF %s has no route to %s", v.Name, key.Prefix)
		}
		l.news.line(room, where, best != nil, text)
	}
}

// adjacencyNews tells of changed neighbours of customers' ports, and of next hops on links.
func (l *loop) adjacencyNews(now time.Time, moved []neighbor.Key, hops map[netip.Addr]bool) {
	if len(moved)+len(hops) == 0 {
		return
	}
	room := l.news.room(now, len(moved)+len(hops))
	for _, k := range moved {
		p := l.ports.Port(k.Port)
		if p == nil {
			continue
		}
		where, text := about{status.EventAdjacency, "in VRF " + p.VRF}, ""
		mac, up := l.ports.Lookup(k)
		if up {
			text = fmt.Sprintf("neighbour %s on %s (VRF %s) is %s", k.Addr, p.Name, p.VRF, mac)
		} else {
			text = fmt.Sprintf("neighbour %s on %s (VRF %s) is gone", k.Addr, p.Name, p.VRF)
		}
		l.news.line(room, where, up, text)
	}
	for hop := range hops {
		up := l.links.Usable(hop) && l.links.Answers(hop)
		if up == l.news.hops[hop] {
			continue
		}
		text := "next hop " + hop.String() + " is reachable"
		if l.news.hops[hop] = true; !up {
			text = "next hop " + hop.String() + " is unreachable"
			delete(l.news.hops, hop)
		}
		l.news.line(room, about{status.EventAdjacency, "on links"}, up, text)
	}
}
