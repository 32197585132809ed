package transport

import (
	"bytes"
	"maps"
	"net/netip"

	"pseudowan/router/fib"
)

// SetLost sets to which neighbours nothing gets, by the name of the link, as BFD says.
// What is known of one address of a router is true of its others on the link.
func (l *Links) SetLost(lost map[string]map[netip.Addr]bool) {
	for _, p := range l.ports {
		if maps.Equal(p.lost, lost[p.Name]) {
			continue
		}
		p.lost = lost[p.Name]
		for neighbor := range p.wanted {
			l.change(p, neighbor)
		}
	}
}

// loses reports whether nothing gets to a neighbour, by whichever of its addresses that is
// known.
func (p *Port) loses(neighbor netip.Addr) bool {
	for addr := range p.lost {
		mac := p.neighbors[addr].MAC
		if addr == neighbor || mac != nil && bytes.Equal(mac, p.neighbors[neighbor].MAC) {
			return true
		}
	}
	return false
}

// Lost lists the adjacencies of the neighbours to which nothing gets.
func (l *Links) Lost() map[fib.NextHop]bool {
	list := map[fib.NextHop]bool{}
	for _, p := range l.ports {
		if len(p.lost) == 0 {
			continue
		}
		for neighbor := range p.neighbors {
			if p.loses(neighbor) {
				list[adjacency(p, neighbor)] = true
			}
		}
	}
	return list
}
