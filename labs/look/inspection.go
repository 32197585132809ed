package look

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/hosts/probe"
	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/trace"
	"pseudowan/verify"
)

// inspection is a running lab and what it should be.
type inspection struct {
	lab      *Lab
	topology *topology.Topology // with the addresses that hosts formed from advertisements
	hosts    []probe.Host
	missing  []string               // hosts that do not run or cannot be seen
	far      []string               // hosts at other sites of the lab
	unseen   *inventory.UnseenHosts // the latter
	matrix   []verify.Pair          // what is intended, once pairs has found out
	port     uint16                 // source and destination port of probes (UDP)
}

// inspect opens a running lab. Its topology is that of file or, if file is empty,
// the applied one.
func inspect(ctx context.Context, name, file string) (*inspection, error) {
	name, err := pick(ctx, name)
	if err != nil {
		return nil, err
	}
	found, err := inventory.Of(ctx, name, nil)
	if err != nil {
		return nil, err
	}
	lab := newLab(name, found.Namespaces)
	t, err := lab.meant(file)
	if err != nil {
		return nil, err
	}
	in := &inspection{lab: lab, unseen: found.Unseen}
	planned, _ := store.Applied(name)
	for _, h := range t.Hosts {
		if !planned.Here(h.Name) {
			in.far = append(in.far, h.Name)
			continue
		}
		i := slices.IndexFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == h.Name })
		if i < 0 || !found.Hosts[i].Running() {
			in.missing = append(in.missing, h.Name)
			continue
		}
		in.hosts = append(in.hosts, probe.Host{Name: h.Name, NetNS: found.Hosts[i].NetNS})
	}
	configured, err := in.configured(t)
	if err != nil {
		return nil, err
	}
	in.topology = verify.Complete(t, configured)
	return in, nil
}

// meant returns what the lab should be.
func (l *Lab) meant(file string) (*topology.Topology, error) {
	if file != "" {
		t, _, err := catalog.Load(file, nil, inventory.Known()...)
		return t, err
	}
	if l.applied == nil {
		return nil, fmt.Errorf("lab %s: its applied topology is gone; name its file with --topology", l.Name)
	}
	return l.applied, nil
}

// configured asks hosts for the addresses that they form from advertisements, or get by
// DHCP. A host without one yet is expected to form the usual ones.
func (in *inspection) configured(t *topology.Topology) (verify.Configured, error) {
	out := make(verify.Configured)
	for _, h := range t.Hosts {
		learns := slices.ContainsFunc(h.Attachments, func(a topology.Attachment) bool { return a.SLAAC || a.DHCP.Leases() })
		if !learns {
			continue
		}
		out[h.Name] = make(map[string]verify.Learned)
		var have []probe.Address
		var way probe.Route
		if p, ok := in.host(h.Name); ok {
			var err error
			if have, err = p.Addresses(); err != nil {
				return nil, err
			}
			way, _ = p.Route(probe.Packet{Destination: elsewhere}) // without one, it has no gateway
		}
		for _, a := range h.Attachments {
			l := verify.Learned{Addresses: addressesOn(t.Name, h.Name, a, have)}
			if way.Interface == a.Interface && way.NextHop != elsewhere {
				l.Gateway = way.NextHop
			}
			out[h.Name][a.Interface] = l
		}
	}
	return out, nil
}

// elsewhere is an address to which a host has at most a default route (RFC 5737).
var elsewhere = netip.MustParseAddr("192.0.2.255")

// addressesOn returns the addresses that a host has learned on an attachment, and in
// prefixes where it has formed none yet those that it will.
func addressesOn(lab, host string, a topology.Attachment, have []probe.Address) []netip.Prefix {
	var out []netip.Prefix
	for _, f := range have {
		covered := slices.ContainsFunc(a.Prefixes(), func(p netip.Prefix) bool { return p.Contains(f.Prefix.Addr()) })
		if f.Interface == a.Interface && (covered || a.DHCP.Leases()) {
			out = append(out, f.Prefix)
		}
	}
	found := len(out)
	for _, usual := range plan.HostAddresses(lab, host, a) {
		formed := func(p netip.Prefix) bool { return usual.Masked().Contains(p.Addr()) }
		if !slices.ContainsFunc(out[:found], formed) { // one prefix may be advertised later than another
			out = append(out, usual)
		}
	}
	return out
}

// stationsOf lists the interfaces of hosts on segments.
func stationsOf(t *topology.Topology) []trace.Station {
	var out []trace.Station
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			if a.Segment != "" {
				out = append(out, trace.Station{
					Segment: a.Segment, Host: h.Name, Interface: a.Interface, MAC: plan.HostMAC(t.Name, h.Name, a).String(),
				})
			}
		}
	}
	return out
}

func (in *inspection) host(name string) (probe.Host, bool) {
	i := slices.IndexFunc(in.hosts, func(h probe.Host) bool { return h.Name == name })
	if i < 0 {
		return probe.Host{}, false
	}
	return in.hosts[i], true
}

// needHost returns an error if the topology has no such host, or it does not run.
func (in *inspection) needHost(name string) error {
	var names []string
	for _, h := range in.topology.Hosts {
		names = append(names, h.Name)
	}
	switch {
	case in.unseen.Has(name):
		return in.unseen.OfHost(name)
	case slices.Contains(in.missing, name):
		return fmt.Errorf("host %s is not running; `pseudowan up` starts it", name)
	case slices.Contains(names, name):
		return nil
	}
	msg := fmt.Sprintf("lab %s has no host %s", in.lab.Name, name)
	if n := topology.Nearest(name, names); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return status.NotFound(msg)
}

// snapshot reads the routers' tables.
func (in *inspection) snapshot(ctx context.Context) (*trace.Snapshot, error) {
	return in.read(ctx, status.Selection{},
		func(ctx context.Context, s *trace.Snapshot) (err error) {
			s.RIB, err = in.lab.RIB(ctx, Filter{})
			return err
		})
}

// read reads what of the routers' tables concerns a selection, and something more.
func (in *inspection) read(ctx context.Context, sel status.Selection, more ...func(context.Context, *trace.Snapshot) error) (*trace.Snapshot, error) {
	s := &trace.Snapshot{Topology: in.topology, Stations: stationsOf(in.topology)}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) { s.VRFs, err = in.lab.VRFs(ctx, Filter{Selection: sel}); return err })
	g.Go(func() (err error) { s.Interfaces, err = in.lab.Interfaces(ctx, Filter{}); return err })
	g.Go(func() (err error) { s.Neighbors, err = in.lab.Neighbors(ctx, Filter{}); return err })
	g.Go(func() (err error) { s.Flows, err = in.lab.labels(ctx, sel); return err })
	g.Go(func() (err error) { s.Peers, err = in.lab.Peers(ctx, Filter{}); return err })
	g.Go(func() (err error) { s.BFD, err = in.lab.BFD(ctx, Filter{}); return err })
	if in.topology.Core != nil {
		g.Go(func() (err error) { s.LSPs, err = in.lab.LSPs(ctx, Filter{}); return err })
	}
	for _, read := range more {
		g.Go(func() error { return read(ctx, s) })
	}
	return s, g.Wait()
}

// Fate implements trace.Asker.
func (in *inspection) Fate(ctx context.Context, name string, p trace.Packet) (trace.Fate, error) {
	c := router.NewClient(name, store.AgentSocket(in.lab.Name, name))
	defer c.Close()
	f, err := c.Fate(ctx, router.Packet{
		Port: p.Port, Label: p.Label, Under: p.Under, Source: p.Source, Destination: p.Destination, TTL: p.TTL,
		SourcePort: in.port, DestinationPort: in.port,
	})
	return trace.Fate(f), err
}

// Route implements trace.Asker.
func (in *inspection) Route(_ context.Context, host string, p trace.HostPacket) (trace.HostRoute, error) {
	h, ok := in.host(host)
	if !ok {
		return trace.HostRoute{}, errNoHost
	}
	r, err := h.Route(probe.Packet(p))
	return trace.HostRoute(r), err
}

// Label implements trace.Asker.
func (in *inspection) Label(ctx context.Context, name string, label uint32) ([]status.Flow, error) {
	c := router.NewClient(name, store.AgentSocket(in.lab.Name, name))
	defer c.Close()
	return c.Label(ctx, label)
}

// Rules implements trace.Asker.
func (in *inspection) Rules(_ context.Context, host string) (trace.HostRules, error) {
	h, ok := in.host(host)
	if !ok {
		return trace.HostRules{}, errNoHost
	}
	r, err := h.Rules()
	return trace.HostRules(r), err
}

var errNoHost = errors.New("it is not running")
