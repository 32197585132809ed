package labs

import (
	"context"
	"slices"
	"strings"
	"syscall"

	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/keeper"
	"pseudowan/labs/store"
)

// stopHost returns what stops the host, once it is known how.
func (p *power) stopHost(ctx context.Context) (off func() error, err error) {
	box, runtime, err := p.sandbox()
	if err != nil {
		return nil, err
	}
	if box == nil {
		return func() error { return nil }, nil
	}
	on, err := p.found.Services(*box)
	if err != nil {
		return nil, err
	}
	return func() error {
		if err := on.Run(ctx, nil, false); err != nil {
			return err
		}
		if stopper, ok := runtime.(hosts.Stopper); ok {
			return stopper.Stop(ctx, *box)
		}
		return p.endHost(ctx, runtime)
	}, nil
}

// endHost ends what runs in a host that is a namespace.
func (p *power) endHost(ctx context.Context, runtime hosts.Runtime) error {
	spec := p.build.Spec(*p.host)
	spec.Command = nil
	if _, err := runtime.Ensure(ctx, spec); err != nil {
		return err
	}
	if ns, ok := p.namespace(); ok {
		if err := hosts.EndProcesses(ctx, []hosts.Namespace{ns}, keeper.EndGrace); err != nil {
			return err
		}
	}
	return p.ports(false)
}

// sandbox returns the host as it runs, and its runtime; nil if it does not run.
func (p *power) sandbox() (*hosts.Sandbox, hosts.Runtime, error) {
	i := slices.IndexFunc(p.found.Hosts, func(s hosts.Sandbox) bool { return s.Node == p.name })
	if i < 0 || !p.found.Hosts[i].Running() {
		return nil, nil, nil
	}
	runtime, err := p.found.Get(p.found.Hosts[i].Runtime)
	return &p.found.Hosts[i], runtime, err
}

// startStopped gives a stopped node its ports, and a host what runs inside.
func (p *power) startStopped(ctx context.Context) error {
	if p.router != nil {
		return p.ports(true)
	}
	runtime, err := p.found.Get(p.host.Runtime)
	if err != nil {
		return err
	}
	box, err := runtime.Ensure(ctx, p.build.Spec(*p.host))
	if err != nil {
		return err
	}
	if _, ok := runtime.(hosts.Stopper); ok {
		return nil // the keeper gives it its wires again, and starts its services
	}
	if err := p.ports(true); err != nil {
		return err
	}
	if err := p.build.Configure(ctx, *p.host); err != nil {
		return err
	}
	if err := p.keepFaults(ctx); err != nil {
		return err
	}
	on, err := p.found.Services(box)
	if err != nil {
		return err
	}
	return on.Run(ctx, build.Services(*p.host), false)
}

// undoHalts lets all nodes run again that somebody has stopped or paused; the next steps
// start those that were stopped.
func (a *applier) undoHalts() {
	for name, h := range store.Halts(a.plan.Lab) {
		kind := "host"
		if h.Router != nil {
			kind = "router"
		}
		for _, ns := range a.before.Namespaces {
			if h.Paused && ns.Mark.Node == name && (ns.Mark.Kind == hosts.KindRouter || ns.Mark.Kind == hosts.KindHost) {
				_ = signalAll(ns, syscall.SIGCONT) // what does not react is ended by a later step
			}
		}
		if line := strings.Join([]string{"started", kind, name}, " "); !a.fresh && !slices.Contains(a.changed, line) {
			a.changed = append(a.changed, line)
		}
	}
}
