package transport

import "net/netip"

// Solicit asks again for the next hops in use, including those that are resolved: a
// router behind a LAN segment may be gone although our carrier stays. A next hop that
// is not in named is no longer in use.
func (l *Links) Solicit(named map[netip.Addr]bool) {
	used := map[*Port]map[netip.Addr]bool{}
	for nextHop := range named {
		if p, neighbor := l.way(nextHop); p != nil {
			if used[p] == nil {
				used[p] = map[netip.Addr]bool{}
			}
			used[p][neighbor] = true
		}
	}
	l.round++
	for _, p := range l.ports {
		for neighbor := range p.wanted {
			if !used[p][neighbor] {
				delete(p.wanted, neighbor)
				delete(p.behind, neighbor)
				continue
			}
			if n := p.patience(neighbor); n > 0 && (l.round+lastOctet(neighbor))%n == 0 {
				l.solicit(p, neighbor)
			}
		}
	}
}

// Asks reports whether there are next hops that Solicit asks again.
func (l *Links) Asks() bool {
	for _, p := range l.ports {
		for neighbor := range p.wanted {
			if p.patience(neighbor) > 0 {
				return true
			}
		}
	}
	return false
}

// asksPerRound is how many of a lab's routers on a LAN may be asked in a round, by all
// of them: an answer takes a millisecond of the server's time, most of it in two switches.
const asksPerRound = 10

// longestPatience is the largest number of rounds, of a second each, after which asking
// is worth while. The hold time of a session is usually 40 s: by then, a router that is
// gone has lost its sessions, if only that with a route reflector.
const longestPatience = 40

// patience returns every how many rounds a neighbour is asked; 0 is never. Routers of this
// lab that answer may wait if there are many, because each asks each: of a hundred on one
// LAN, that alone would keep a quarter of a processor busy.
func (p *Port) patience(neighbor netip.Addr) int {
	if p.known[neighbor] == nil || p.neighbors[neighbor].MAC == nil {
		return 1
	}
	if n := rounds(len(p.known)); n <= longestPatience {
		return n
	}
	return 0
}

// rounds is how many rounds it takes so many routers of the lab to ask each other.
func rounds(routers int) int { return max(1, routers*routers/asksPerRound) }

// lastOctet spreads neighbours over rounds.
func lastOctet(a netip.Addr) int {
	octets := a.AsSlice()
	return int(octets[len(octets)-1])
}

func (l *Links) solicit(p *Port, nextHop netip.Addr) {
	if !l.carriers.Up(p.Name) {
		return
	}
	_, introduced := p.known[nextHop]
	if err := l.ask(p.Index, nextHop, introduced); err != nil {
		l.log.Warn("cannot solicit a next hop", "interface", p.BGPName, "address", nextHop, "error", err)
	}
}
