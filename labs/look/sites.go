package look

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/rpc"
	"net/rpc/jsonrpc"
	"slices"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts/probe"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/trace"
	"pseudowan/verify"
)

// siteService is the name under which Answers are asked.
const siteService = "Site"

// Serve answers what Sites asks by a connection, until that ends: then nobody waits for
// answers any more, either.
func (a *Answers) Serve(conn io.ReadWriteCloser) error {
	s := rpc.NewServer()
	if err := s.RegisterName(siteService, a); err != nil {
		return err
	}
	s.ServeCodec(jsonrpc.NewServerCodec(heeded{conn, a.hangUp}))
	return nil
}

// heeded is a connection whose end is noticed at once.
type heeded struct {
	io.ReadWriteCloser
	ended func()
}

func (h heeded) Read(b []byte) (int, error) {
	n, err := h.ReadWriteCloser.Read(b)
	if err != nil {
		h.ended()
	}
	return n, err
}

// Site is a site of a lab that runs elsewhere, where Answers are served at the other end.
type Site struct {
	Name string
	Conn io.ReadWriteCloser
}

// Sites is a lab whose sites run apart from each other. It implements the questions that
// one server answers by asking the site that has the node.
type Sites struct {
	*inspection // of the whole lab
	all         []*remote
	at          map[string]*remote // by node
}

// remote is a site that can be asked.
type remote struct {
	name   string
	client *rpc.Client
}

// OpenSites opens a lab by its sites. Close closes their connections.
func OpenSites(ctx context.Context, sites []Site) (*Sites, error) {
	s := &Sites{at: map[string]*remote{}}
	for _, one := range sites {
		s.all = append(s.all, &remote{one.Name, jsonrpc.NewClient(one.Conn)})
	}
	abouts, err := askAll[About](ctx, s, "Describe", struct{}{})
	if err == nil {
		err = s.describe(ctx, abouts)
	}
	if err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Close ends all connections.
func (s *Sites) Close() {
	for _, r := range s.all {
		r.client.Close()
	}
}

// describe makes of what the sites say what the lab is.
func (s *Sites) describe(ctx context.Context, abouts []About) error {
	if len(abouts) == 0 {
		return status.NotFound("the lab has no sites")
	}
	configured := verify.Configured{}
	lab := &Lab{}
	s.inspection = &inspection{lab: lab}
	for i, a := range abouts {
		if lab.Name = a.Lab; a.Lab != abouts[0].Lab || a.Digest != abouts[0].Digest {
			return fmt.Errorf("site %s does not run what site %s runs: an edit is on its way, or one of them cannot apply it; its pod's log says why", s.all[i].name, s.all[0].name)
		}
		for _, node := range slices.Concat(a.Routers, a.Hosts, a.Missing) {
			s.at[node] = s.all[i]
		}
		lab.routers = append(lab.routers, a.Routers...)
		s.missing = append(s.missing, a.Missing...)
		for host, learned := range a.Configured {
			if slices.Contains(a.Hosts, host) || configured[host] == nil {
				configured[host] = learned
			}
		}
	}
	slices.SortFunc(lab.routers, topology.CompareNames)
	text, err := call[[]byte](ctx, s.all[0], "Source", struct{}{})
	if err != nil {
		return err
	}
	t, err := topology.Parse("the lab's file", text)
	if err != nil {
		return err
	}
	lab.applied, s.topology = t, verify.Complete(t, configured)
	return nil
}

// call asks a site.
func call[R any](ctx context.Context, r *remote, method string, args any) (reply R, err error) {
	c := r.client.Go(siteService+"."+method, args, &reply, make(chan *rpc.Call, 1))
	select {
	case <-c.Done:
		err = c.Error
	case <-ctx.Done():
		var none R // reply may still be written
		return none, context.Cause(ctx)
	}
	if errors.Is(err, rpc.ErrShutdown) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("the connection to its pod has ended")
	}
	if err != nil {
		err = fmt.Errorf("site %s: %w", r.name, err)
	}
	return reply, err
}

// askAll asks all sites at once.
func askAll[R any](ctx context.Context, s *Sites, method string, args any) ([]R, error) {
	out, errs := make([]R, len(s.all)), make([]error, len(s.all))
	var g errgroup.Group
	for i, r := range s.all {
		g.Go(func() error {
			out[i], errs[i] = call[R](ctx, r, method, args)
			return nil
		})
	}
	_ = g.Wait() // errors are in errs
	return out, errors.Join(errs...)
}

// askAt asks the site that has a node.
func askAt[R any](ctx context.Context, s *Sites, node, method string, args any) (R, error) {
	r := s.at[node]
	if r == nil {
		var none R
		return none, errNoHost
	}
	return call[R](ctx, r, method, args)
}

// Fate implements trace.Asker.
func (s *Sites) Fate(ctx context.Context, router string, p trace.Packet) (trace.Fate, error) {
	return askAt[trace.Fate](ctx, s, router, "Fate", AtRouter{router, p, s.port})
}

// Route implements trace.Asker.
func (s *Sites) Route(ctx context.Context, host string, p trace.HostPacket) (trace.HostRoute, error) {
	return askAt[trace.HostRoute](ctx, s, host, "Route", AtHost{host, p})
}

// Label implements trace.Asker.
func (s *Sites) Label(ctx context.Context, router string, label uint32) ([]status.Flow, error) {
	return askAt[[]status.Flow](ctx, s, router, "Label", LabelOf{router, label})
}

// Rules implements trace.Asker.
func (s *Sites) Rules(ctx context.Context, host string) (trace.HostRules, error) {
	return askAt[trace.HostRules](ctx, s, host, "Rules", host)
}

// Path sends packets from where the host is.
func (s *Sites) Path(ctx context.Context, p verify.Probe) ([]verify.Hop, error) {
	return askAt[[]verify.Hop](ctx, s, p.From, "Path", p)
}

// about reads the tables of all sites.
func (s *Sites) about(ctx context.Context, router string, prefix netip.Prefix) (*trace.Snapshot, error) {
	tables, err := askAll[trace.Snapshot](ctx, s, "Tables", Concerning{router, prefix})
	if err != nil {
		return nil, err
	}
	out := &trace.Snapshot{Topology: s.topology, Stations: stationsOf(s.topology)}
	for _, t := range tables {
		out.VRFs, out.Interfaces = append(out.VRFs, t.VRFs...), append(out.Interfaces, t.Interfaces...)
		out.Neighbors, out.Flows = append(out.Neighbors, t.Neighbors...), append(out.Flows, t.Flows...)
		out.LSPs, out.BFD = append(out.LSPs, t.LSPs...), append(out.BFD, t.BFD...)
		out.Peers, out.RIB = append(out.Peers, t.Peers...), append(out.RIB, t.RIB...)
		out.Received = append(out.Received, t.Received...)
	}
	return out, nil
}

// Trace is the function of that name, for a lab of several sites.
func (s *Sites) Trace(ctx context.Context, host string, to netip.Addr) (status.Trace, error) {
	if err := s.needHost(host); err != nil {
		return status.Trace{}, err
	}
	var key probe.Key
	_, _ = rand.Read(key[:]) // never fails
	ports, err := askAll[uint16](ctx, s, "Listen", key)
	if err != nil {
		return status.Trace{}, err
	}
	s.port = ports[0] // all have the same
	return traceBy(ctx, s, host, to)
}

// Explain is the function of that name, for a lab of several sites.
func (s *Sites) Explain(ctx context.Context, router, vrf string, prefix netip.Prefix) (status.Explanation, error) {
	return explainBy(ctx, s.lab, s, router, vrf, prefix)
}

// Applied returns the topology that all sites run.
func (s *Sites) Applied() *topology.Topology { return s.lab.applied }
