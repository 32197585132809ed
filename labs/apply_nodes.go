package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/router/config"
)

// coreWires makes the segments and the wires between routers, or repairs them in
// place, and lends routers the server's interfaces.
func (a *applier) coreWires(ctx context.Context) error {
	if err := errors.Join(a.returnNICs(), a.releaseNICs(ctx)); err != nil {
		return err
	}
	if err := a.segments(ctx, func(s plan.Segment) bool { return !s.OfHosts() }); err != nil {
		return err
	}
	if err := a.build.Wires(ctx, func(w plan.Wire) bool { return !a.plan.ToHost(w) }); err != nil {
		return err
	}
	return a.lendNICs()
}

// segments makes the selected segments, or repairs them in place.
func (a *applier) segments(ctx context.Context, selected func(plan.Segment) bool) error {
	for _, s := range a.plan.Segments {
		if !selected(s) {
			continue
		}
		if err := errors.Join(a.build.Segment(ctx, s), a.tunnel(s)); err != nil {
			return err
		}
	}
	return nil
}

// hostWires makes the wires of hosts, to routers and to each other, and their
// segments.
func (a *applier) hostWires(ctx context.Context) error {
	if err := a.segments(ctx, func(s plan.Segment) bool { return s.OfHosts() && a.scope.plugs(s) }); err != nil {
		return err
	}
	if err := a.build.Wires(ctx, func(w plan.Wire) bool { return a.plan.ToHost(w) && a.scope.wires(w) }); err != nil {
		return err
	}
	return errors.Join(a.build.Guards(ctx), a.keepFaults(ctx))
}

// returnNICs returns interfaces to the server that the plan no longer lends to
// their router, before others take them or their names.
func (a *applier) returnNICs() error {
	var errs []error
	for _, ns := range a.before.ByKind(hosts.KindRouter) {
		keep := map[string]string{}
		for _, n := range a.plan.NICs {
			if n.Router == ns.Mark.Node {
				keep[n.NIC] = n.Interface
			}
		}
		errs = append(errs, hosts.ReturnOtherNICs(ns, store.StateDir(a.plan.Lab), keep))
	}
	return errors.Join(errs...)
}

// lendNICs lends routers the server's interfaces. A NIC that does not allow the
// planned MTU lowers that of the link.
func (a *applier) lendNICs() error {
	for _, n := range a.plan.NICs {
		i := slices.IndexFunc(a.plan.Routers, func(r plan.Router) bool { return r.Name == n.Router })
		r := a.plan.Routers[i]
		lent, err := hosts.LendNIC(hosts.Loan{
			NIC: n.NIC, Name: n.Interface, Alias: n.Router + ":" + n.Interface, MTU: n.MTU,
			To:       hosts.Namespace{Name: r.Namespace, Mark: hosts.Mark{Lab: a.plan.Lab, Node: r.Name, Kind: hosts.KindRouter}},
			StateDir: store.StateDir(a.plan.Lab), Force: a.force,
		})
		if err != nil {
			return err
		}
		a.mtus[linkEnd{n.Router, n.Interface}] = lent.MTU
	}
	return nil
}

// linkEnd is a router's end of a link.
type linkEnd struct{ router, link string }

// config returns the configuration of a router as planned, with the MTUs that lent
// interfaces allow and the passwords of its sessions, and with what is injected.
func (a *applier) config(r plan.Router) config.Router {
	c := r.Config
	for _, i := range a.injected {
		if i.Router == r.Name {
			c = i.Added(c)
		}
	}
	c.Secrets = a.secrets.Of(c)
	c.Core = slices.Clone(c.Core)
	for i, core := range c.Core {
		if mtu, ok := a.mtus[linkEnd{r.Name, core.Name}]; ok {
			c.Core[i].MTU = mtu
		}
	}
	return c
}

// hosts configures the inside of every host.
func (a *applier) hosts(ctx context.Context) error {
	return a.configureHosts(ctx, func(plan.Host) bool { return true })
}

// configureHosts configures the inside of the selected hosts.
func (a *applier) configureHosts(ctx context.Context, selected func(plan.Host) bool) error {
	var g errgroup.Group
	g.SetLimit(build.Parallel)
	for _, h := range a.plan.Hosts {
		if selected(h) && a.scope.host(h.Name) {
			g.Go(func() error { return a.build.Configure(ctx, h) })
		}
	}
	return g.Wait()
}

// renewHosts configures hosts with SLAAC once more: until now, the routers
// advertised their old configuration.
func (a *applier) renewHosts(ctx context.Context) error {
	if a.fresh {
		return nil
	}
	return a.configureHosts(ctx, func(h plan.Host) bool {
		return slices.ContainsFunc(h.Interfaces, func(i plan.Interface) bool { return i.SLAAC })
	})
}

// handOverPatience is how long the agents of a running lab may take to apply
// their new configuration.
const handOverPatience = 30 * time.Second

// routers writes the agents' configurations and has the keeper run the agents.
func (a *applier) routers(context.Context) error {
	running := inventory.FindProcesses()
	if err := keeper.EndDeaf(running, a.plan.Lab); err != nil {
		return err
	}
	state := store.KeeperState{
		Lab:        a.plan.Lab,
		Containers: slices.ContainsFunc(a.plan.Hosts, func(h plan.Host) bool { return a.before.HoldsContainers(h.Runtime) }),
		Resolvers:  a.resolvers(),
		Services:   slices.ContainsFunc(a.plan.Hosts, func(h plan.Host) bool { return len(h.Services) > 0 }),
	}
	for _, r := range a.plan.Routers {
		state.Routers = append(state.Routers, store.KeeperRouter{Name: r.Name, Namespace: r.Namespace})
		if !a.scope.router(r.Name) {
			continue
		}
		if err := store.WriteRouterConfig(a.plan.Lab, r.Name, a.config(r)); err != nil {
			return err
		}
		ended, err := keeper.EndStaleAgent(running, a.plan.Lab, r)
		if err != nil {
			return err
		}
		if ended {
			a.changed = append(a.changed, "restarted router "+r.Name)
		}
	}
	if a.scope != nil { // what somebody has stopped stays so
		for _, h := range store.Halts(a.plan.Lab) {
			state.Halt(h)
		}
	}
	if err := store.WriteKeeperState(state); err != nil {
		return err
	}
	started, err := keeper.Ensure(a.plan.Lab, running.Keeper(a.plan.Lab))
	if started && !a.fresh {
		a.changed = append(a.changed, "restarted the keeper")
	}
	return err
}

// resolvers lists the hosts whose resolv.conf the keeper keeps: those that are namespaces
// and learn of DNS servers.
func (a *applier) resolvers() []store.KeeperHost {
	var out []store.KeeperHost
	for _, h := range a.plan.Hosts {
		if h.Resolves() && !a.before.HoldsContainers(h.Runtime) {
			out = append(out, store.KeeperHost{Name: h.Name, Namespace: h.Namespace})
		}
	}
	return out
}

// updateRouters sends the agents of a running lab their new configuration. Those
// of a new lab read it when they start, and get it again from converge.
func (a *applier) updateRouters(ctx context.Context) error {
	if a.fresh {
		return nil
	}
	return a.handOver(ctx)
}

// handOver sends every agent its configuration, and waits until it is applied.
func (a *applier) handOver(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, handOverPatience, errors.New("its agent has not applied the configuration in time"))
	defer cancel()
	return a.eachConcerned(ctx, func(ctx context.Context, c *router.Client, r plan.Router) error {
		if err := build.HandOver(ctx, c, a.config(r)); err != nil {
			return fmt.Errorf("router %s: %w", r.Name, err)
		}
		return a.correct(ctx, c, r.Name)
	})
}

// correct restores the flows of a running router that others have changed.
func (a *applier) correct(ctx context.Context, c *router.Client, name string) error {
	if a.fresh || a.scope != nil {
		return nil
	}
	n, err := c.Correct(ctx)
	if err != nil || n == 0 {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.changed = append(a.changed, fmt.Sprintf("corrected %d flows of router %s", n, name))
	return nil
}
