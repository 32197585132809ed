package labs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/impair"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/keeper"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/router/config"
)

// PowerAction is what Power does.
type PowerAction string

// The actions. A stopped node has no processes and its ports are down; a paused one is
// frozen, and gets packets.
const (
	PowerStop    PowerAction = "stop"
	PowerStart   PowerAction = "start"
	PowerRestart PowerAction = "restart"
	PowerPause   PowerAction = "pause"
)

// PowerActions lists the actions.
func PowerActions() []PowerAction {
	return []PowerAction{PowerStop, PowerStart, PowerRestart, PowerPause}
}

// PowerOptions select a node and what happens to it.
type PowerOptions struct {
	Lab    string // "": the only one
	Node   string // a router or a host
	Action PowerAction
	By     string // who asks, for events; "": the user of this process
}

// PowerReport is what Power has done.
type PowerReport struct {
	Lab    string      `json:"lab"`
	Node   string      `json:"node"`
	Action PowerAction `json:"action"`
	Before string      `json:"before"` // what became of what was done to a node and interrupted; "" if nothing was
}

// Power stops, starts, restarts or pauses a node of a running lab. Nobody but Power and up
// starts a stopped node, or lets a paused one run again.
func Power(ctx context.Context, o PowerOptions) (PowerReport, error) {
	if !slices.Contains(PowerActions(), o.Action) {
		return PowerReport{}, fmt.Errorf("%q is not stop, start, restart or pause", string(o.Action))
	}
	lab, held, before, err := holdRunning(ctx, o.Lab)
	report := PowerReport{Lab: lab, Node: o.Node, Action: o.Action, Before: before}
	if err != nil {
		return report, err
	}
	defer held.Release()
	p, err := newPower(ctx, lab, o.Node)
	if err != nil {
		return report, err
	}
	if err := p.do(ctx, o.Action); err != nil {
		return report, fmt.Errorf("%s %s: %w", o.Action, o.Node, err)
	}
	store.NoteCommand(lab, o.By, fmt.Sprintf("%s %s", o.Action, o.Node))
	return report, nil
}

// power is one node and its lab.
type power struct {
	lab    string
	name   string
	plan   plan.Plan
	build  *build.Builder
	found  inventory.Inventory
	state  store.KeeperState
	saved  store.KeeperState             // as written last
	write  func(store.KeeperState) error // of the state
	router *plan.Router                  // or
	host   *plan.Host
}

func newPower(ctx context.Context, lab, node string) (*power, error) {
	p := &power{lab: lab, name: node, write: store.WriteKeeperState}
	var err error
	if p.plan, err = store.Applied(lab); err != nil {
		return nil, fmt.Errorf("lab %s: its plan is gone; `pseudowan up` makes it again: %w", lab, err)
	}
	if p.found, err = inventory.Of(ctx, lab, nil); err != nil {
		return nil, err
	}
	if p.state, err = store.ReadKeeperState(lab); err != nil {
		return nil, fmt.Errorf("lab %s: the list of its routers is gone; `pseudowan up` makes it again: %w", lab, err)
	}
	p.build = build.New(&p.plan, nil)
	for _, s := range p.found.Hosts {
		if s.Running() {
			p.build.Place(s.Node, s.NetNS)
		}
	}
	for i, r := range p.plan.Routers {
		if r.Name == node {
			p.router = &p.plan.Routers[i]
		}
	}
	for i, h := range p.plan.Hosts {
		if h.Name == node {
			p.host = &p.plan.Hosts[i]
		}
	}
	switch {
	case p.found.Unseen.Has(node):
		return nil, p.found.Unseen.OfHost(node)
	case p.router == nil && p.host == nil:
		return nil, p.found.NoSuchNode(lab, node)
	case p.host != nil && p.host.Machine != nil:
		return nil, &StateError{fmt.Sprintf("host %s is a virtual machine: shut it down from inside, or cut its links with `pseudowan link`", node)}
	}
	return p, nil
}

// noting records what is about to happen to the node, for those who would undo it, and
// does it. If that fails, what was recorded before is again.
func (p *power) noting(paused bool, do func() error) error {
	before := p.state
	before.Routers, before.Halted = slices.Clone(before.Routers), slices.Clone(before.Halted)
	if err := p.note(paused); err != nil {
		return err
	}
	err := do()
	if err != nil {
		p.state = before
		err = errors.Join(err, p.save())
	}
	return err
}

// note records what happens to the node.
func (p *power) note(paused bool) error {
	h := store.Halt{Node: p.name, Paused: paused}
	if p.router != nil {
		h.Router = &store.KeeperRouter{Name: p.router.Name, Namespace: p.router.Namespace}
	}
	p.state.Halt(h)
	return p.save()
}

// halted reports whether somebody has stopped or paused the node.
func (p *power) halted() (h store.Halt, ok bool) {
	i := slices.IndexFunc(p.state.Halted, func(h store.Halt) bool { return h.Node == p.name })
	if i < 0 {
		return h, false
	}
	return p.state.Halted[i], true
}

// namespace returns the node's namespace; ok is false if it has none of its own, as a
// container.
func (p *power) namespace() (ns hosts.Namespace, ok bool) {
	i := slices.IndexFunc(p.found.Namespaces, func(n hosts.Namespace) bool {
		return n.Mark.Node == p.name && (n.Mark.Kind == hosts.KindRouter || n.Mark.Kind == hosts.KindHost)
	})
	if i < 0 {
		return ns, false
	}
	return p.found.Namespaces[i], true
}

func (p *power) stop(ctx context.Context) (err error) {
	_, already := p.halted()
	off := func() error { return p.stopRouter(ctx) }
	if p.host != nil {
		if off, err = p.stopHost(ctx); err != nil {
			return err
		}
	}
	if err := p.thaw(); err != nil { // what is frozen cannot end in order
		return err
	}
	err = p.noting(false, off)
	if _, own := p.namespace(); err != nil && own && !already {
		_ = p.ports(true) // it is to run on, as far as it does
	}
	return err
}

func (p *power) stopRouter(ctx context.Context) error {
	if err := p.awaitAgent(ctx); err != nil {
		return err
	}
	if ns, ok := p.namespace(); ok { // what the agent has left
		if err := hosts.EndProcesses(ctx, []hosts.Namespace{ns}, keeper.EndGrace); err != nil {
			return err
		}
	}
	return p.ports(false)
}

// awaitAgent waits until the agent of a router that is no longer wanted has ended. It
// tells its peers, and ends its switch.
func (p *power) awaitAgent(ctx context.Context) error {
	const patience, poll = 5 * time.Second, 10 * time.Millisecond
	for end := time.Now().Add(patience); time.Now().Before(end); {
		pid := inventory.FindProcesses().Agent(p.lab, p.name)
		if pid == 0 || inventory.Zombie(pid) {
			return nil
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(poll):
		}
	}
	return nil // it is killed
}

// ports sets the node's ends of its wires, and the NICs that it has been lent, up or down.
// Those that somebody has cut stay down.
func (p *power) ports(up bool) error {
	cut, err := store.Faults(p.lab)
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range p.interfaces() {
		if up && store.CutAt(cut, p.name, name) {
			continue
		}
		errs = append(errs, impair.SetUp(impair.Interface{Namespace: p.build.Path(p.name), Name: name, Held: config.TrackedGroup}, up))
	}
	return errors.Join(errs...)
}

// interfaces lists the node's ends of its wires, and its NICs.
func (p *power) interfaces() (names []string) {
	wires := slices.Clone(p.plan.Wires)
	for _, s := range p.plan.Segments {
		wires = append(wires, s.Wires...)
	}
	for _, w := range wires {
		for _, e := range []plan.End{w.A, w.B} {
			if e.Node == p.name && !slices.Contains(names, e.Interface) {
				names = append(names, e.Interface)
			}
		}
	}
	for _, n := range p.plan.NICs {
		if n.Router == p.name {
			names = append(names, n.Interface)
		}
	}
	return names
}

func (p *power) pause(ctx context.Context) error {
	if h, ok := p.halted(); ok && !h.Paused {
		return &StateError{"it is stopped; `pseudowan start` starts it"}
	}
	freeze := func() error { return p.signal(syscall.SIGSTOP) }
	if p.host != nil {
		box, runtime, err := p.sandbox()
		if err != nil {
			return err
		}
		if box == nil {
			return &StateError{"it does not run"}
		}
		if stopper, ok := runtime.(hosts.Stopper); ok {
			freeze = func() error { return stopper.Pause(ctx, *box) }
		}
	}
	return p.noting(true, freeze)
}

// thaw lets a paused node run on, unless its runtime does.
func (p *power) thaw() error {
	if h, ok := p.halted(); !ok || !h.Paused {
		return nil
	}
	ns, ok := p.namespace()
	if !ok {
		return nil
	}
	p.state.Release(p.name)
	return signalAll(ns, syscall.SIGCONT)
}

// signal signals every process in the node's namespace.
func (p *power) signal(sig syscall.Signal) error {
	ns, ok := p.namespace()
	if !ok {
		return nil
	}
	return signalAll(ns, sig)
}

func signalAll(ns hosts.Namespace, sig syscall.Signal) error {
	pids, err := ns.Processes()
	for _, pid := range pids {
		_ = syscall.Kill(pid, sig) // fails only if it has ended
	}
	return err
}

func (p *power) start(ctx context.Context) error {
	h, halted := p.halted()
	if err := p.thaw(); err != nil {
		return err
	}
	p.state.Release(p.name)
	if halted && !h.Paused || p.host != nil {
		if err := p.startStopped(ctx); err != nil {
			return err
		}
	}
	if err := p.save(); err != nil {
		return err
	}
	if p.host != nil {
		return nil
	}
	if _, err := keeper.Ensure(p.lab, inventory.FindProcesses().Keeper(p.lab)); err != nil {
		return err
	}
	if err := p.awaitAnswer(ctx); err != nil {
		return err
	}
	return p.keepRouterFaults(ctx)
}

// awaitAnswer waits until a router's agent answers.
func (p *power) awaitAnswer(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, handOverPatience, errors.New("its agent does not answer"))
	defer cancel()
	c := router.NewClient(p.name, store.AgentSocket(p.lab, p.name))
	defer c.Close()
	for {
		_, err := c.Converged(ctx, 0)
		if err == nil || !router.NotStarted(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(endedPoll):
		}
	}
}
