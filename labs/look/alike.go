package look

import (
	"context"
	"net/netip"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/topology"
	"pseudowan/verify"
)

// fewPackets is up to how many packets verify sends all of: finding out which of them test
// the same would take longer.
const fewPackets = 6000

// alike implements verify.Alike from what the kernels of hosts and the switches of routers
// have now.
type alike struct {
	plain map[string]bool       // hosts, by name
	named map[string][]prefixes // what decides about a host's packets; nothing for a host about whose packets more does
}

// prefixes is a set of prefixes in which addresses are looked up.
type prefixes struct {
	lengths []int // that occur
	all     map[netip.Prefix]bool
}

func prefixesOf(list []netip.Prefix) (p prefixes) {
	p.all = make(map[netip.Prefix]bool, len(list))
	for _, prefix := range list {
		p.all[prefix.Masked()] = true
		if !slices.Contains(p.lengths, prefix.Bits()) {
			p.lengths = append(p.lengths, prefix.Bits())
		}
	}
	return p
}

func (p prefixes) contain(a netip.Addr) bool {
	return slices.ContainsFunc(p.lengths, func(bits int) bool {
		prefix, err := a.Prefix(bits) // an error: of the other family
		return err == nil && p.all[prefix]
	})
}

// Plain implements verify.Alike.
func (a *alike) Plain(host string) bool { return a.plain[host] }

// Routeless implements verify.Alike.
func (a *alike) Routeless(host string, to netip.Addr) bool {
	named := a.named[host]
	return len(named) > 0 && !slices.ContainsFunc(named, func(p prefixes) bool { return p.contain(to) })
}

// alike asks routers and hosts. Those that do not answer, or deviate from what they should
// be, stand for nothing.
func (in *inspection) alike(ctx context.Context) (verify.Alike, error) {
	a := &alike{plain: map[string]bool{}, named: map[string][]prefixes{}}
	faithful := in.faithful(ctx)
	for _, h := range in.topology.Hosts {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		p, there := in.host(h.Name)
		if !there || !simple(h) {
			continue
		}
		rules, err := p.Rules()
		if err != nil || rules.Filters || rules.Translates {
			continue
		}
		a.plain[h.Name] = true
		own, err := p.Named()
		if err != nil || own.Spread {
			continue
		}
		a.named[h.Name] = namedFor(h, prefixesOf(own.Prefixes), faithful)
	}
	return a, nil
}

// simple reports whether a host is only at ports of routers, and nothing but its kernel
// decides about its packets.
func simple(h topology.Host) bool {
	onSegment := func(a topology.Attachment) bool { return a.Segment != "" }
	return h.Machine == nil && !h.Rewrites && len(h.Publish) == 0 && len(h.Attachments) > 0 && !slices.ContainsFunc(h.Attachments, onSegment)
}

// namedFor returns what decides about a host's packets: its own routes, and those of each
// router that it is at; nothing if one of these is not faithful or does not know the host.
func namedFor(h topology.Host, own prefixes, faithful map[hostAt][]prefixes) []prefixes {
	named := []prefixes{own}
	for _, at := range h.Attachments {
		there := faithful[hostAt{at.Router, h.Name}]
		if len(there) == 0 {
			return nil
		}
		named = append(named, there...)
	}
	return named
}

// hostAt is a host at a router.
type hostAt struct{ router, host string }

// faithful returns which destinations have routes in the VRFs whose ports hosts are at, by
// those routers whose switches have exactly the flows and ports that they should.
func (in *inspection) faithful(ctx context.Context) map[hostAt][]prefixes {
	out := map[hostAt][]prefixes{}
	var mu sync.Mutex
	var asking errgroup.Group
	asking.SetLimit(askedAtOnce)
	for _, name := range in.lab.routers {
		asking.Go(func() error {
			c := router.NewClient(name, store.AgentSocket(in.lab.Name, name))
			defer c.Close()
			d, err := c.Destinations(ctx)
			if err != nil {
				return nil
			}
			if deviations, err := c.Audit(ctx); err != nil || len(deviations) > 0 {
				return nil
			}
			hosts := byHost(d)
			mu.Lock()
			defer mu.Unlock()
			for host, all := range hosts {
				out[hostAt{name, host}] = all
			}
			return nil
		})
	}
	_ = asking.Wait() // who does not answer is left out
	return out
}

// byHost returns the prefixes that have routes in the VRFs of each host. A host in a VRF
// of which the router says nothing is left out.
func byHost(d router.Destinations) map[string][]prefixes {
	vrfs, out := map[string]prefixes{}, map[string][]prefixes{}
	for name, list := range d.VRFs {
		vrfs[name] = prefixesOf(list)
	}
	for host, names := range d.Hosts {
		all := make([]prefixes, 0, len(names))
		for _, name := range names {
			if p, known := vrfs[name]; known {
				all = append(all, p)
			}
		}
		if len(all) == len(names) {
			out[host] = all
		}
	}
	return out
}
