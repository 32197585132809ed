package topology

import (
	"net/netip"
	"slices"
)

// Reachability computes what Reaches does and, with the same order, open: what hosts
// that rewrite packets may let through, or not. Such a pair ends its Via with the host
// that decides, there or on the way back. A host that rewrites also decides
// what it sends and receives itself. Where packets arrive and answers do not come back,
// it is in oneWay.
func (t *Topology) Reachability() (reaches, open, oneWay []Reach) {
	w := newWalker(t.withOutside())
	for _, h := range t.Hosts {
		from := w.hosts[h.Name]
		for _, to := range w.candidates(from) {
			for _, destination := range addressesOf(to) {
				switch r, fate := w.roundTrip(from, to, destination); fate {
				case arrives:
					reaches = append(reaches, r)
				case undecided:
					open = append(open, r)
				case unanswered:
					oneWay = append(oneWay, r)
				}
			}
		}
	}
	return reaches, open, oneWay
}

// fate is what the topology says about a packet.
type fate int

const (
	lost fate = iota
	arrives
	undecided  // a host that rewrites packets decides
	unanswered // it arrives, and no answer comes back
)

// roundTrip follows a packet from a host to an address of another, and the answer.
// Where a host takes its address and its router from what is delegated while the lab
// runs, nobody can tell where packets go.
func (w *walker) roundTrip(from, to *Host, destination netip.Addr) (Reach, fate) {
	open := Reach{From: from.Name, To: to.Name, Destination: destination, Via: []string{from.Name}}
	if from.Rewrites {
		return open, undecided
	}
	r, fate := w.thereAndBack(from, to, destination)
	if (fate == lost || fate == unanswered) && destination.Is6() && (from.learnsUnknown() || to.learnsUnknown()) {
		return open, undecided
	}
	return r, fate
}

func (w *walker) thereAndBack(from, to *Host, destination netip.Addr) (Reach, fate) {
	source, via, there := w.walk(from, to, destination)
	r := Reach{from.Name, to.Name, source, destination, via}
	if there != arrives {
		return r, there
	}
	_, back, again := w.walk(to, from, source)
	if again == undecided {
		r.Via = append(r.Via, back[len(back)-1])
	}
	if again == lost || again == arrives && !w.unguarded(from, to, source, destination) {
		return r, unanswered
	}
	return r, again
}

// learnsUnknown reports whether a host forms addresses in prefixes that are not the
// topology's to know.
func (h *Host) learnsUnknown() bool {
	return slices.ContainsFunc(h.Attachments, func(a Attachment) bool { return a.SLAAC && len(a.Prefixes()) == 0 })
}

// Rewriters returns the names of the hosts that rewrite packets.
func (t *Topology) Rewriters() []string {
	var out []string
	for _, h := range t.Hosts {
		if h.Rewrites {
			out = append(out, h.Name)
		}
	}
	return out
}
