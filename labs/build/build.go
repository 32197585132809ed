package build

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"sync"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/router/config"
)

// Parallel limits how many namespaces are worked on at once.
const Parallel = 8

// Builder makes the wires of a plan and configures its hosts.
type Builder struct {
	plan     *plan.Plan
	repaired func(what string, nodes ...string)

	former  map[string][]plan.Host // of earlier plans, by name
	guarded bool                   // by an earlier plan, some ports of segments were

	mu    sync.Mutex
	paths map[string]string // network namespaces of the hosts, once they exist
}

// New returns the builder of a plan. repaired, which may be nil, hears what was
// found different from the plan, and the nodes that it concerns.
func New(p *plan.Plan, repaired func(what string, nodes ...string)) *Builder {
	if repaired == nil {
		repaired = func(string, ...string) {}
	}
	return &Builder{plan: p, repaired: repaired, paths: map[string]string{}}
}

// Supersede tells the builder of an earlier plan, whose settings of interfaces it
// takes back where its own plan has none.
func (b *Builder) Supersede(p *plan.Plan) {
	b.guarded = b.guarded || guarded(p)
	if b.former == nil {
		b.former = map[string][]plan.Host{}
	}
	for _, h := range p.Hosts {
		b.former[h.Name] = append(b.former[h.Name], h)
	}
}

// unsetOf lists the settings that a host had by earlier plans and now has not.
func (b *Builder) unsetOf(h plan.Host) []string {
	var out []string
	for _, was := range b.former[h.Name] {
		for name := range was.Sysctls {
			if _, has := h.Sysctls[name]; !has {
				out = append(out, name)
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unset lists the settings that an interface had by earlier plans and now has not.
func (b *Builder) unset(host string, i plan.Interface) []string {
	var out []string
	for _, h := range b.former[host] {
		for _, was := range h.Interfaces {
			for name := range was.Sysctls {
				if _, has := i.Sysctls[name]; was.Name == i.Name && !has {
					out = append(out, name)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// unproxied lists the prefixes that an interface answered for by earlier plans and now
// does not.
func (b *Builder) unproxied(host string, i plan.Interface) []netip.Prefix {
	var out []netip.Prefix
	for _, h := range b.former[host] {
		for _, was := range h.Interfaces {
			for _, p := range was.ProxyND {
				if was.Name == i.Name && !slices.Contains(i.ProxyND, p) && !slices.Contains(out, p) {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// dropped lists the addresses that an interface had by earlier plans and now has not.
func (b *Builder) dropped(host string, i plan.Interface) []netip.Prefix {
	var out []netip.Prefix
	for _, h := range b.former[host] {
		for _, was := range h.Interfaces {
			for _, p := range was.Addresses {
				if was.Name == i.Name && !slices.Contains(i.Addresses, p) {
					out = append(out, p)
				}
			}
		}
	}
	return out
}

// Place sets the path of a host's network namespace.
func (b *Builder) Place(host, path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.paths[host] = path
}

// Placed reports whether the path of a host's network namespace is known.
func (b *Builder) Placed(host string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.paths[host] != ""
}

// Wires makes the selected wires, or repairs them in place.
func (b *Builder) Wires(ctx context.Context, selected func(plan.Wire) bool) error {
	var plans []plan.Wire
	for _, w := range b.plan.Wires {
		if selected(w) {
			plans = append(plans, w)
		}
	}
	return b.ensure(plans, func(wires []hosts.Wire) ([]hosts.Wire, error) { return hosts.EnsureWires(ctx, wires) })
}

// Segment makes a segment with its wires, or repairs them in place. No port is without
// its guard.
func (b *Builder) Segment(ctx context.Context, s plan.Segment) error {
	return b.ensure(s.Wires, func(wires []hosts.Wire) ([]hosts.Wire, error) {
		return hosts.EnsureSegment(ctx, hosts.Segment{
			Namespace: b.Path(""), Name: s.Name, Alias: b.plan.Lab + ":" + cmp.Or(s.Of, s.Name), MTU: s.MTU, Wires: wires, Keep: b.plan.OtherPorts(s.Name),
			Guard: func() error { return b.guardPorts(ctx, s) },
		})
	})
}

// ensure makes wires by calling do, and reports those that it repaired.
func (b *Builder) ensure(plans []plan.Wire, do func([]hosts.Wire) (repaired []hosts.Wire, err error)) error {
	wires, err := b.resolve(plans)
	if err != nil {
		return err
	}
	repaired, err := do(wires)
	for _, w := range repaired {
		i := slices.IndexFunc(wires, func(x hosts.Wire) bool { return x.String() == w.String() })
		b.repaired("wire "+w.String(), plans[i].A.Node, plans[i].B.Node)
	}
	return err
}

// resolve finds the namespaces of the ends of wires.
func (b *Builder) resolve(plans []plan.Wire) ([]hosts.Wire, error) {
	wires := make([]hosts.Wire, len(plans))
	for i, w := range plans {
		var err error
		if wires[i].A, err = b.end(w.A); err != nil {
			return nil, err
		}
		if wires[i].B, err = b.end(w.B); err != nil {
			return nil, err
		}
	}
	return wires, nil
}

// end finds the namespace of a wire's end.
func (b *Builder) end(e plan.End) (hosts.WireEnd, error) {
	mac, err := net.ParseMAC(e.MAC)
	if err != nil {
		return hosts.WireEnd{}, fmt.Errorf("interface %s: %w", e.Alias, err)
	}
	end := hosts.WireEnd{
		Namespace: b.Path(e.Node), Name: e.Interface, Alias: e.Alias, MAC: mac, MTU: e.MTU, NoOffload: true,
	}
	if slices.ContainsFunc(b.plan.Routers, func(r plan.Router) bool { return r.Name == e.Node }) {
		end.Held = config.TrackedGroup // a host may have groups of its own
	}
	return end, nil
}

// Path returns the path of a node's network namespace; if node is empty, that of
// the lab's own.
func (b *Builder) Path(node string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if path, ok := b.paths[node]; ok {
		return path
	}
	if node == "" {
		return hosts.Namespace{Name: b.plan.Namespace}.Path()
	}
	return hosts.Namespace{Name: plan.NodeNamespace(b.plan.Lab, node)}.Path()
}

// Configure configures the inside of a host.
func (b *Builder) Configure(ctx context.Context, h plan.Host) error {
	if h.Machine != nil {
		return nil // its runtime bridges the interfaces, and what is behind them is the guest's affair
	}
	network, err := networkOf(h)
	if err != nil {
		return fmt.Errorf("host %s: %w", h.Name, err)
	}
	network.Unset = b.unsetOf(h)
	for k, i := range h.Interfaces {
		network.Interfaces[k].Unset, network.Interfaces[k].Unproxied = b.unset(h.Name, i), b.unproxied(h.Name, i)
		network.Interfaces[k].Dropped = b.dropped(h.Name, i)
	}
	changed, err := hosts.Configure(ctx, b.Path(h.Name), network)
	if err != nil {
		return fmt.Errorf("host %s: %w", h.Name, err)
	}
	if changed {
		b.repaired("interfaces of host "+h.Name, h.Name)
	}
	return nil
}

// networkOf returns the network configuration of a host.
func networkOf(h plan.Host) (hosts.Network, error) {
	n := hosts.Network{Forward: h.Forward, Guests: h.Rewrites, Sysctls: h.Sysctls}
	for _, i := range h.Interfaces {
		mac, err := net.ParseMAC(i.MAC)
		if err != nil {
			return n, fmt.Errorf("interface %s: %w", i.Name, err)
		}
		n.Interfaces = append(n.Interfaces, hosts.Interface{
			Name: i.Name, MAC: mac, MTU: i.MTU, Addresses: i.Addresses, SLAAC: i.SLAAC, Learned: i.Formed, LAN: i.LAN(),
			DAD: i.DAD, Sysctls: i.Sysctls, ProxyND: i.ProxyND, Hears: i.Hears,
		})
	}
	for _, r := range h.Routes {
		n.Routes = append(n.Routes, hosts.Route(r))
	}
	return n, nil
}

// Spec describes a host for its runtime.
func (b *Builder) Spec(h plan.Host) hosts.Spec {
	return hosts.Spec{
		Lab: b.plan.Lab, Node: h.Name, Name: h.Container, Namespace: h.Namespace,
		Hosts: plan.HostsFile(b.plan.Names, slices.Concat(h.VRFs, h.Knows)), Image: cmp.Or(h.BuildTag, h.Image), Build: h.Build,
		Command: h.Command, Env: h.Env, Files: h.Files, Keep: h.Keep, Resolves: h.Resolves(), Machine: machine(h),
		Mounts: mounts(h), Memory: h.Memory, CPUs: h.CPUs, Devices: h.Devices, Capabilities: h.Capabilities,
	}
}

func machine(h plan.Host) *hosts.Machine {
	if h.Machine == nil {
		return nil
	}
	m := &hosts.Machine{Kernel: h.Machine.Kernel, Rootfs: h.Machine.Rootfs, Image: h.Machine.Image, Append: h.Machine.Append, UEFI: h.Machine.UEFI}
	for _, n := range h.NICs {
		m.NICs = append(m.NICs, hosts.MachineNIC(n))
	}
	return m
}

func mounts(h plan.Host) []hosts.Mount {
	var out []hosts.Mount
	for _, m := range h.Mounts {
		out = append(out, hosts.Mount{Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly})
	}
	return out
}

// Specs describes the hosts of the plan, by runtime.
func (b *Builder) Specs() map[string][]hosts.Spec {
	specs := map[string][]hosts.Spec{}
	for _, h := range b.plan.Hosts {
		specs[h.Runtime] = append(specs[h.Runtime], b.Spec(h))
	}
	return specs
}

// Faults compares the selected wires with the plan, and changes nothing.
func (b *Builder) Faults(selected func(plan.Wire) bool) ([]hosts.WireFault, error) {
	plans := slices.Clone(b.plan.Wires)
	for _, s := range b.plan.Segments {
		plans = append(plans, s.Wires...)
	}
	wires, err := b.resolve(slices.DeleteFunc(plans, func(w plan.Wire) bool { return !selected(w) }))
	if err != nil {
		return nil, err
	}
	return hosts.WireFaults(wires), nil
}
