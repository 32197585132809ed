package labs

import (
	"context"
	"fmt"
	"net"
	"slices"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
)

// wires makes the segments and all wires, each in place.
func (a *applier) wires(ctx context.Context) error {
	for _, s := range a.plan.Segments {
		wires, err := a.resolveWires(s.Wires)
		if err != nil {
			return err
		}
		err = hosts.EnsureSegment(ctx, hosts.Segment{
			Namespace: hosts.Namespace{Name: a.plan.Namespace}.Path(),
			Name:      s.Name, Alias: a.plan.Lab + ":" + s.Name, MTU: s.MTU, Wires: wires,
		})
		if err != nil {
			return err
		}
	}
	wires, err := a.resolveWires(a.plan.Wires)
	if err != nil {
		return err
	}
	if err := hosts.EnsureWires(ctx, wires); err != nil {
		return err
	}
	return a.lendNICs()
}

// lendNICs moves the server's interfaces that the plan names to their routers.
// A NIC that cannot take the planned MTU lowers that of the link.
func (a *applier) lendNICs() error {
	for _, n := range a.plan.NICs {
		i := slices.IndexFunc(a.plan.Routers, func(r RouterPlan) bool { return r.Name == n.Router })
		r := &a.plan.Routers[i]
		lent, err := hosts.LendNIC(hosts.Loan{
			NIC: n.NIC, Name: n.Interface, Alias: n.Router + ":" + n.Interface, MTU: n.MTU,
			To:       hosts.Namespace{Name: r.Namespace, Mark: hosts.Mark{Lab: a.plan.Lab, Node: r.Name, Kind: hosts.KindRouter}},
			StateDir: stateDir(a.plan.Lab),
		})
		if err != nil {
			return err
		}
		for j := range r.Config.Core {
			if c := &r.Config.Core[j]; c.Name == n.Interface {
				c.MTU = lent.MTU
			}
		}
	}
	return nil
}

func (a *applier) resolveWires(plans []WirePlan) ([]hosts.Wire, error) {
	wires := make([]hosts.Wire, len(plans))
	for i, w := range plans {
		var err error
		if wires[i].A, err = a.end(w.A); err != nil {
			return nil, err
		}
		if wires[i].B, err = a.end(w.B); err != nil {
			return nil, err
		}
	}
	return wires, nil
}

// end finds the namespace of a wire's end.
func (a *applier) end(e EndPlan) (hosts.WireEnd, error) {
	mac, err := net.ParseMAC(e.MAC)
	if err != nil {
		return hosts.WireEnd{}, fmt.Errorf("interface %s: %w", e.Alias, err)
	}
	return hosts.WireEnd{
		Namespace: a.nodePath(e.Node), Name: e.Interface, Alias: e.Alias, MAC: mac, MTU: e.MTU, NoOffload: true,
	}, nil
}

// nodePath is the path of a node's network namespace; without a name, of the
// lab's own.
func (a *applier) nodePath(node string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	if path, ok := a.hostPaths[node]; ok {
		return path
	}
	if node == "" {
		return hosts.Namespace{Name: a.plan.Namespace}.Path()
	}
	return hosts.Namespace{Name: nodeNamespace(a.plan.Lab, node)}.Path()
}

// hosts configures the inside of every host.
func (a *applier) hosts(ctx context.Context) error {
	var g errgroup.Group
	g.SetLimit(parallel)
	for _, h := range a.plan.Hosts {
		g.Go(func() error { return a.configureHost(ctx, h) })
	}
	return g.Wait()
}

func (a *applier) configureHost(ctx context.Context, h HostPlan) error {
	if err := hosts.Configure(ctx, a.nodePath(h.Name), h.Network); err != nil {
		return fmt.Errorf("host %s: %w", h.Name, err)
	}
	return nil
}

// routers hands every agent its configuration and sees to it that it runs.
func (a *applier) routers(ctx context.Context) error {
	state := keeperState{
		Lab:        a.plan.Lab,
		Containers: slices.ContainsFunc(a.plan.Hosts, func(h HostPlan) bool { return h.Runtime == dockerName }),
	}
	for _, r := range a.plan.Routers {
		if err := writeJSON(agentConfigFile(a.plan.Lab, r.Name), r.Config); err != nil {
			return err
		}
		state.Routers = append(state.Routers, keeperRouter{Name: r.Name, Namespace: r.Namespace})
	}
	if err := writeJSON(keeperFile(a.plan.Lab), state); err != nil {
		return err
	}
	return a.startKeeper()
}
