package verify

import (
	"net/netip"
	"slices"

	"pseudowan/topology"
)

// Pair is what is intended between two hosts, in one direction.
type Pair struct {
	From, To string
	Reach    []topology.Reach // addresses of To that From must reach
	Never    []netip.Addr     // addresses at which To must not answer From
	OneWay   []netip.Addr     // those of Never whose answer must not come, although requests arrive
	Outside  bool             // To is a site outside the lab
	Named    bool             // by an `expect:` line: all its packets are sent

	// Open are addresses of To of which hosts that rewrite packets decide whether
	// they answer: only `expect:` lines speak of them.
	Open []topology.Reach
}

// Configured holds what hosts have learned, by host and interface.
type Configured map[string]map[string]Learned

// Learned is what a host has learned on an interface by SLAAC or DHCP.
type Learned struct {
	Addresses []netip.Prefix
	Gateway   netip.Addr // of IPv4 packets without another route; zero if there is none
}

// Complete returns the topology with the addresses that hosts have formed by SLAAC, or
// got by DHCP, on their interfaces.
func Complete(t *topology.Topology, found Configured) *topology.Topology {
	out := *t
	out.Hosts = slices.Clone(t.Hosts)
	for i := range out.Hosts {
		h := &out.Hosts[i]
		h.Attachments = slices.Clone(h.Attachments)
		for j := range h.Attachments {
			a := &h.Attachments[j]
			if len(a.Prefixes()) == 0 && !a.DHCP.Leases() {
				continue
			}
			a.Addresses = slices.Clone(a.Addresses)
			for _, p := range found[h.Name][a.Interface].Addresses {
				if p, ok := learned(t, a, p); ok && !slices.Contains(a.Addresses, p) {
					a.Addresses = append(a.Addresses, p)
				}
			}
			if via := found[h.Name][a.Interface].Gateway; via.IsValid() && a.DHCP.Leases() && a.DHCP.V4 {
				a.NextHops = append(slices.Clone(a.NextHops), topology.NextHop{Prefix: everything4, Via: via})
			}
		}
	}
	return &out
}

var everything4 = netip.MustParsePrefix("0.0.0.0/0")

// learned returns an address of an interface with the length of its subnet, and reports
// whether the host has it by SLAAC or DHCP. DHCPv6 gives addresses without a subnet.
func learned(t *topology.Topology, a *topology.Attachment, p netip.Prefix) (netip.Prefix, bool) {
	for _, advertised := range a.Prefixes() {
		if advertised.Contains(p.Addr()) {
			return p, true
		}
	}
	if !a.DHCP.Leases() || p.Addr().Is4() && !a.DHCP.V4 || p.Addr().Is6() && !a.DHCP.V6 {
		return p, false
	}
	for _, subnet := range t.SubnetsOf(*a) {
		if subnet.Contains(p.Addr()) {
			return netip.PrefixFrom(p.Addr(), subnet.Bits()), true
		}
	}
	return p, true
}

// Matrix returns what is intended between all hosts, in the order of the topology,
// and from them to the sites outside the lab. If from or to is not empty, it selects
// the pairs of that host or site.
func Matrix(t *topology.Topology, from, to string) []Pair {
	reaches, undecided, unanswered := t.Reachability()
	reach, open, oneWay := byEnds(reaches), byEnds(undecided), byEnds(unanswered)
	named := make(map[[2]string]bool)
	for _, e := range t.Expect {
		named[[2]string{e.From, e.To}] = true
	}
	var out []Pair
	add := func(p Pair, addresses []netip.Addr) {
		if p.From == p.To || from != "" && p.From != from || to != "" && p.To != to {
			return
		}
		p.Reach, p.Open = reach[p.From][p.To], open[p.From][p.To]
		p.Named = named[[2]string{p.From, p.To}]
		for _, a := range addresses {
			is := func(r topology.Reach) bool { return r.Destination == a }
			if !slices.ContainsFunc(p.Reach, is) && !slices.ContainsFunc(p.Open, is) {
				p.Never = append(p.Never, a)
				if slices.ContainsFunc(oneWay[p.From][p.To], is) {
					p.OneWay = append(p.OneWay, a)
				}
			}
		}
		out = append(out, p)
	}
	addresses := make([][]netip.Addr, len(t.Hosts))
	for i, h := range t.Hosts {
		addresses[i] = AddressesOf(h)
	}
	gateways := gatewaysOf(t)
	for _, f := range t.Hosts {
		if f.Machine != nil {
			continue // nothing can be sent from there
		}
		for i, h := range t.Hosts {
			add(Pair{From: f.Name, To: h.Name}, addresses[i])
		}
		for _, o := range t.Outside {
			add(Pair{From: f.Name, To: o.Name, Outside: true}, slices.DeleteFunc(slices.Clone(o.Addresses), func(a netip.Addr) bool { return gateways[a] }))
		}
	}
	return out
}

// byEnds returns what is reached from a host to a host.
func byEnds(list []topology.Reach) map[string]map[string][]topology.Reach {
	out := make(map[string]map[string][]topology.Reach)
	for _, r := range list {
		if out[r.From] == nil {
			out[r.From] = make(map[string][]topology.Reach)
		}
		out[r.From][r.To] = append(out[r.From][r.To], r)
	}
	return out
}

// gatewaysOf returns the addresses at which routers of the lab answer pings. Whether
// anybody else answers there is unknown.
func gatewaysOf(t *topology.Topology) map[netip.Addr]bool {
	out := make(map[netip.Addr]bool)
	for _, a := range t.AtAllRouters() {
		for _, g := range a.Gateways {
			out[g.Addr()] = true
		}
	}
	return out
}

// AddressesOf returns the addresses of a host, on attachments and LANs.
func AddressesOf(h topology.Host) []netip.Addr {
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

// Probe is a request from a host to an address.
type Probe struct {
	From        string
	Source      netip.Addr // zero if the host chooses it
	Destination netip.Addr
}

// probes returns the requests that test the pairs: those that must be answered and
// those that must not. One request tests all hosts that share an address.
func probes(pairs []Pair) (positive, negative []Probe) {
	type sent struct {
		from string
		to   netip.Addr
	}
	seen := make(map[sent]bool)
	for _, p := range pairs {
		for _, r := range p.Reach {
			positive = append(positive, probeOf(r))
			seen[sent{r.From, r.Destination}] = true
		}
	}
	for _, p := range pairs {
		for _, a := range p.Never {
			if k := (sent{p.From, a}); !seen[k] {
				seen[k] = true
				negative = append(negative, Probe{From: p.From, Destination: a})
			}
		}
	}
	return positive, negative
}

func probeOf(r topology.Reach) Probe {
	return Probe{From: r.From, Source: r.Source, Destination: r.Destination}
}
