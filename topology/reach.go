package topology

import (
	"net/netip"
	"slices"

	"pseudowan/bgp/vpn"
)

// Reach is one pair of addresses between which packets go both ways.
type Reach struct {
	From        string     `json:"from"`
	To          string     `json:"to"`
	Source      netip.Addr `json:"source"`        // the first address of From in the family, on the attachment towards To
	Destination netip.Addr `json:"destination"`   // an address of To, on an attachment or a LAN
	Via         []string   `json:"via,omitempty"` // hosts that forward the packets to To
}

// Reaches computes which host reaches which address of which other host, in the
// order of the hosts, by following packets there and back through the expected
// routes. If an address has several routes, the preferred one decides.
// Autoconfigured addresses of hosts are omitted. Sites outside the lab are
// reached like hosts, but reach none: nothing can be sent from there.
func (t *Topology) Reaches() []Reach {
	out, _, _ := t.Reachability()
	return out
}

// maxForwards bounds the hosts on a packet's path.
const maxForwards = 16

// walker follows packets through hosts and VRFs.
type walker struct {
	topology *Topology
	stations map[string]stations // by segment
	hosts    map[string]*Host
	order    map[string]int
	outlets  map[string]lookup[outlet]
	fibs     map[vrfKey]lookup[ExpectedRoute]
	modes    map[vrfKey]vpn.LabelMode
	across   map[string]vrfKey                     // where links of VRFs lead
	told     map[*Attachment]lookup[ExpectedRoute] // what hosts learn by BGP, where policies or sites decide; nil where none do
}

func newWalker(t *Topology) *walker {
	w := &walker{
		topology: t, stations: stationsOf(t),
		hosts: make(map[string]*Host), order: make(map[string]int),
		outlets: make(map[string]lookup[outlet]), fibs: make(map[vrfKey]lookup[ExpectedRoute]),
		modes: make(map[vrfKey]vpn.LabelMode), across: t.acrossVRFs(),
	}
	for _, v := range t.VRFs {
		w.modes[vrfKey{v.Router, v.Name}] = v.LabelMode
	}
	for i := range t.Hosts {
		h := &t.Hosts[i]
		w.hosts[h.Name], w.order[h.Name], w.outlets[h.Name] = h, i, t.outletsOf(h)
	}
	for _, route := range w.intent(t).Routes {
		key := vrfKey{route.Router, route.VRF}
		if w.fibs[key] == nil {
			w.fibs[key] = make(lookup[ExpectedRoute])
		}
		w.fibs[key].add(route.Prefix, route)
	}
	w.neighbors(t)
	return w
}

// intent returns the intent. Where policies or sites decide, it notes what hosts learn.
func (w *walker) intent(t *Topology) Intent {
	if !t.decides() {
		return t.Intent()
	}
	p, out := t.policedIntent()
	w.told = make(map[*Attachment]lookup[ExpectedRoute])
	for i := range t.Hosts {
		for k := range t.Hosts[i].Attachments {
			a := &t.Hosts[i].Attachments[k]
			if a.BGP == nil {
				continue
			}
			w.told[a] = make(lookup[ExpectedRoute])
			for _, route := range out.Routes {
				if route.Router == a.Router && route.VRF == a.VRF && p.tells(a, route) {
					w.told[a].add(route.Prefix, route)
				}
			}
		}
	}
	return out
}

// learned finds the route that a host learns to an address by way of an
// attachment; bits is -1 where it learns none.
func (w *walker) learned(a *Attachment, to netip.Addr) (route ExpectedRoute, bits int) {
	if routes, policed := w.told[a]; policed {
		return routes.find(to)
	}
	return w.fibs[vrfKey{a.Router, a.VRF}].find(to)
}

// untold reports whether a host would need a route by BGP to send to an address
// by way of an attachment, and policies keep it from the host.
func (w *walker) untold(a *Attachment, to netip.Addr) bool {
	if a == nil || w.told[a] == nil || a.BGP.DefaultOriginate || !a.learnsRoutes(netip.PrefixFrom(to, 0)) {
		return false
	}
	for _, p := range append(slices.Clone(a.Routes), a.Addresses...) {
		if p.Masked().Contains(to) {
			return false
		}
	}
	_, bits := w.learned(a, to)
	return bits < 0
}

// neighbors adds the hosts themselves, which their own router learns one by one: a
// more specific route to elsewhere does not divert packets to them.
func (w *walker) neighbors(t *Topology) {
	for _, a := range t.AtAllRouters() {
		key := vrfKey{a.Router, a.VRF}
		for _, p := range a.Addresses {
			own := netip.PrefixFrom(p.Addr(), p.Addr().BitLen())
			if w.fibs[key] == nil {
				w.fibs[key] = make(lookup[ExpectedRoute])
			}
			w.fibs[key].add(own, ExpectedRoute{Router: a.Router, VRF: a.VRF, Prefix: own, Origin: Origin{Router: a.Router, VRF: a.VRF, Host: a.Host}})
		}
	}
}

// lookup is a table with longest prefix match, which keeps the first entry of a
// prefix.
type lookup[T any] map[netip.Prefix]T

func (l lookup[T]) add(p netip.Prefix, v T) {
	if _, taken := l[p.Masked()]; !taken {
		l[p.Masked()] = v
	}
}

// find returns the entry of the longest prefix that contains an address, and that
// prefix's length, or -1 if there is none.
func (l lookup[T]) find(a netip.Addr) (v T, bits int) {
	for bits = a.BitLen(); bits >= 0 && len(l) > 0; bits-- {
		p, _ := a.Prefix(bits)
		if v, ok := l[p]; ok {
			return v, bits
		}
	}
	return v, -1
}

// candidates returns the hosts that packets of a host could reach.
func (w *walker) candidates(from *Host) []*Host {
	seen, entered := map[string]bool{from.Name: true}, map[vrfKey]bool{}
	var out []*Host
	var queue []vrfKey
	enter := func(at vrfKey) {
		if !entered[at] {
			entered[at] = true
			queue = append(queue, at)
		}
	}
	var meet func(next *Host)
	send := func(h *Host) {
		for _, a := range h.Attachments {
			for _, at := range w.topology.instances(a) {
				enter(at)
			}
			for _, next := range w.stations[a.Segment].hosts {
				meet(next)
			}
		}
	}
	meet = func(next *Host) {
		if seen[next.Name] {
			return
		}
		seen[next.Name] = true
		out = append(out, next)
		if next.Forward {
			send(next)
		}
	}
	for send(from); len(queue) > 0; {
		at := queue[0]
		queue = queue[1:]
		for _, route := range w.fibs[at] {
			enter(vrfKey{route.Origin.Router, route.Origin.VRF})
			if far, ok := w.across[route.Origin.Host]; ok {
				enter(far)
			}
			if next := w.hosts[route.Origin.Host]; next != nil {
				meet(next)
			}
		}
	}
	slices.SortFunc(out, func(a, b *Host) int { return w.order[a.Name] - w.order[b.Name] })
	return out
}

// walk follows a packet from a host to an address. It tells whether the packet
// arrives at the host to, and through which others it has gone.
func (w *walker) walk(from, to *Host, destination netip.Addr) (source netip.Addr, via []string, _ fate) {
	at := from
	for range maxForwards {
		out := w.outlet(at, destination)
		if out.through == nil {
			return source, via, lost
		}
		if at == from {
			var ok bool
			if source, ok = sourceOf(out, destination); !ok {
				return source, via, lost
			}
		} else {
			via = append(via, at.Name)
		}
		switch at = w.beyond(out, destination); {
		case at == nil:
			return source, via, lost
		case at.Rewrites:
			return source, append(via, at.Name), undecided
		case at == to:
			return source, via, arrives
		case !at.Forward:
			return source, via, lost
		}
	}
	return source, via, lost
}

// sourceOf returns the address that a host sends from: on a segment one in the
// subnet of the next hop, if it has any.
func sourceOf(out outlet, destination netip.Addr) (netip.Addr, bool) {
	for _, p := range out.through.Addresses {
		if out.through.Segment != "" && p.Masked().Contains(out.hop(destination)) {
			return p.Addr(), true
		}
	}
	return addressOf(out.through.Addresses, netip.PrefixFrom(destination, 0))
}

// beyond returns the host that gets a packet next, nil if none does: a neighbour on
// the segment, or one behind the router there.
func (w *walker) beyond(out outlet, destination netip.Addr) *Host {
	at := vrfKey{out.through.Router, out.through.VRF}
	if out.through.Segment != "" {
		next, known := w.stations[out.through.Segment].find(out.hop(destination))
		if !known || next.host != nil {
			return next.host
		}
		at = next.instance
	}
	route, found := w.route(at, destination)
	if !found {
		return nil
	}
	h := w.hosts[route.Origin.Host]
	if next, known := w.stations[route.Origin.Host].find(destination); h == nil && known {
		return next.host // by proxy
	}
	if h == nil || w.nobody(h, route.Origin, destination) {
		return nil
	}
	return h
}

// route is the route by which a packet that enters a VRF leaves the last one of
// its way towards a host. A link of VRFs leads on to the other router's VRF. Where the label does not stand for a next hop, as those
// of connected subnets and of whole VRFs, the VRF in which a route originates looks
// the packet up again, and may know a longer prefix.
func (w *walker) route(at vrfKey, destination netip.Addr) (route ExpectedRoute, found bool) {
	for range maxForwards {
		route, bits := w.fibs[at].find(destination)
		origin := vrfKey{route.Origin.Router, route.Origin.VRF}
		far, crosses := w.across[route.Origin.Host]
		straight := at.router == origin.router || w.modes[origin] != vpn.PerVRF
		switch leaves := at == origin || straight && route.Source != SourceConnected && (crosses || w.hosts[route.Origin.Host] != nil); {
		case bits < 0:
			return route, false
		case leaves && !crosses:
			return route, true
		case leaves:
			at = far
		default:
			at = origin
		}
	}
	return ExpectedRoute{}, false
}

// outlet returns where a host sends packets for an address; through is nil if it
// sends them nowhere. A host that speaks BGP learns every route of the VRF and uses
// the longest.
func (w *walker) outlet(h *Host, destination netip.Addr) outlet {
	out, longest := w.outlets[h.Name].find(destination)
	switch {
	case longest >= 0 && out.through == nil && destination.Is6():
		return outlet{} // its LAN: Linux looks into the local table first, except for IPv4, where both are one
	case out.onLink && out.through.Segment == "": // only the router is on its wire, and answers for no other address
		out.through = nil
	}
	for i := range h.Attachments {
		a := &h.Attachments[i]
		route, bits := w.learned(a, destination)
		if bits > longest && route.Origin.Host != h.Name && a.learnsRoutes(route.Prefix) {
			out, longest = outlet{through: a}, bits
		}
	}
	if w.untold(out.through, destination) {
		return outlet{}
	}
	return out
}

// nobody reports whether an address is on the subnet between a host and the route's
// router, but is not the host's, so that the router does not send it there.
func (w *walker) nobody(h *Host, origin Origin, destination netip.Addr) bool {
	for _, a := range w.topology.AtRouters(*h) {
		if a.Router != origin.Router || a.VRF != origin.VRF {
			continue
		}
		onSubnet := func(p netip.Prefix) bool { return p.Contains(destination) }
		if slices.ContainsFunc(a.Gateways, onSubnet) && !h.answers(&a, destination) {
			return true
		}
	}
	return false
}

// answers reports whether a host answers for an address on an attachment. It
// answers ARP for every address of the host, but neighbour discovery only for those
// of the interface.
func (h *Host) answers(on *Attachment, addr netip.Addr) bool {
	own := func(p netip.Prefix) bool { return p.Addr() == addr }
	if addr.Is6() {
		return slices.ContainsFunc(on.Addresses, own) || on.proxies(addr)
	}
	return slices.Contains(addressesOf(h), addr)
}

// addressesOf returns the addresses for which a host answers.
func addressesOf(h *Host) []netip.Addr {
	var out []netip.Addr
	for _, a := range h.Attachments {
		for _, p := range a.Addresses {
			out = append(out, p.Addr())
		}
	}
	for _, p := range h.LANs {
		out = append(out, p.Addr())
	}
	return out
}
