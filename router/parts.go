package router

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/bgp"
	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
	"pseudowan/topology"
)

// start starts the parts of the router, the slow ones in parallel. If an earlier
// agent has left a memory, the speaker first has to know whether it has also left
// its switch.
func (a *agent) start(ctx context.Context, o Options, cfg config.Router) (err error) {
	if a.kernel, err = kernel.Subscribe(ctx); err != nil {
		return err
	}
	past, remembered := a.loop.memory.read(a.log, a.started)
	known := make(chan struct{})
	var g errgroup.Group
	g.Go(func() error {
		defer close(known)
		return a.startSwitch(ctx, o, cfg, past)
	})
	g.Go(func() (err error) {
		if remembered {
			<-known
		}
		a.speaker, err = a.startSpeaker(ctx, bgp.Config{
			AS: cfg.AS, RouterID: cfg.RouterID, Name: cfg.Router, ListenAddresses: listenAddresses(cfg, false),
			APISocket: o.BGPSocket, Monitor: a.loop.hub, Log: o.Log, Restarting: a.recovers.Load(),
		})
		if err != nil || cfg.Transport == nil {
			return err
		}
		a.core, err = a.startSpeaker(ctx, bgp.Config{
			AS: cfg.AS, RouterID: cfg.RouterID, Name: cfg.Router, ListenAddresses: listenAddresses(cfg, true), Labeled: true,
			Monitor: a.loop.hub, Log: o.Log, Restarting: a.recovers.Load(),
		})
		return err
	})
	if err := g.Wait(); err != nil {
		return err
	}
	a.loop.ports.SetSender(a.sw)
	a.loop.vrfs.SetAnnouncer(a.speaker, a.loop.admit.Voice(false))
	a.loop.border.SetSpeech(a.loop.vrfs.Speech())
	if a.core != nil {
		a.loop.lsps.SetAnnouncer(a.core, a.loop.admit.Voice(true))
	}
	return nil
}

// startSwitch starts the switch, or takes over that of an earlier agent.
func (a *agent) startSwitch(ctx context.Context, o Options, cfg config.Router, past *memory) (err error) {
	a.sw, err = ovs.Start(ctx, ovs.Config{
		Dir: o.OVSDir, Bridge: bridgeName, Datapath: a.started.datapath,
		ExternalIDs: map[string]string{"pseudowan-lab": cfg.Lab, "pseudowan-router": cfg.Router},
		Mended:      o.mended,
	})
	switch {
	case err != nil || !a.sw.Adopted():
		return err
	case past == nil: // nobody knows what the numbers in its flows mean
		_, err = a.sw.Correct(ctx, nil)
		return err
	}
	a.recovers.Store(true)
	a.loop.recover(past, a.sw.Inherited(), func() { a.recovers.Store(false) })
	return nil
}

// startSpeaker starts a speaker. If a graceful restart fails, it starts without one.
func (a *agent) startSpeaker(ctx context.Context, cfg bgp.Config) (*bgp.Speaker, error) {
	s, err := bgp.Start(ctx, cfg)
	if err != nil && cfg.Restarting && ctx.Err() == nil {
		a.log.Warn("the peers will not keep the routes during the restart", "error", err)
		cfg.Restarting = false
		s, err = bgp.Start(ctx, cfg)
	}
	return s, err
}

// imports are the route targets of the routes that VRFs import.
func imports(cfg config.Router) []vpn.RouteTarget {
	var list []vpn.RouteTarget
	for _, v := range cfg.VRFs {
		list = append(list, v.Import...)
	}
	return list
}

// passesOn reports whether the router tells the routes of others on across a border.
func passesOn(cfg config.Router) bool {
	return slices.ContainsFunc(cfg.Sessions, func(s topology.Session) bool { return s.Border })
}

// setNeighbors gives the speakers their sessions.
func (a *agent) setNeighbors(ctx context.Context, cfg config.Router) error {
	if err := a.speaker.SetListenAddresses(listenAddresses(cfg, false)); err != nil {
		return err
	}
	err := a.speaker.SetNeighbors(ctx, speakerNeighbors(cfg, false))
	if err != nil || a.core == nil {
		return err
	}
	if err := a.core.SetListenAddresses(listenAddresses(cfg, true)); err != nil {
		return err
	}
	return a.core.SetNeighbors(ctx, speakerNeighbors(cfg, true))
}

// labeled reports whether a session carries labelled routes, those to loopbacks.
func labeled(s topology.Session) bool {
	return slices.ContainsFunc(s.Families, func(f vpn.Family) bool { return f == f.Labeled() })
}

// speakerNeighbors translates the configured sessions for the speaker of labelled routes, or
// for that of VPN routes.
func speakerNeighbors(cfg config.Router, core bool) []bgp.Neighbor {
	var out []bgp.Neighbor
	for _, s := range cfg.Sessions {
		if labeled(s) != core {
			continue
		}
		n := bgp.Neighbor{
			Address: s.PeerAddress, Range: s.PeerPrefix, Limit: s.PeerLimit, LocalAddress: s.LocalAddress, AS: s.PeerAS, Client: s.Client || core, Border: s.Border || core && s.PeerAS != cfg.AS, Settings: cfg.Settings(s.Settings),
			Import: cfg.Import(s.ImportPolicy), Export: cfg.Export(s.ExportPolicy),
		}
		if s.GracefulShutdown && !core {
			n.Export = bgp.Draining(n.Export, cfg.AS, s.PeerAS == cfg.AS)
		}
		if s.PeerAS == cfg.AS { // what one of our routers accepts from a customer, the others accept from it
			n.AllowOwnAS = max(n.AllowOwnAS, session.MaxOwnAS)
		}
		for _, c := range cfg.Core {
			if c.Name != s.Interface {
				continue
			}
			if s.PeerAddress.Is6() && s.PeerAddress.IsLinkLocalUnicast() {
				n.Interface = c.BGPName
			}
			if s.IPv6NextHop && s.LocalAddress.Is4() {
				n.LocalIPv6 = topology.GlobalIPv6(c.Addresses)
			}
		}
		out = append(out, n)
	}
	return out
}

// leave detaches from everything and ends nothing: the switch forwards, and the
// peers, whose connections end with the process, keep the routes.
func (a *agent) leave() {
	if a.sw != nil {
		a.sw.Leave()
	}
}

// stop ends the speakers with a Cease to their peers, then the switch. The loop has
// ended before.
func (a *agent) stop() {
	a.loop.memory.forget()
	const patience = 2 * time.Second
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	var g errgroup.Group
	g.Go(func() error { return a.speakers.Stop(ctx) })
	for _, s := range []*bgp.Speaker{a.speaker, a.core} {
		if s != nil {
			g.Go(func() error { return s.Stop(ctx) })
		}
	}
	if err := g.Wait(); err != nil {
		a.log.Warn("cannot stop the BGP speakers", "error", err)
	}
	if a.sw != nil {
		a.loop.ports.Cease(nil)
		if err := a.sw.Stop(ctx); err != nil {
			a.log.Warn("cannot stop Open vSwitch", "error", err)
		}
	}
}
