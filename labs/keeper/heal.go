package keeper

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/hosts/drivers"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/router"
	"pseudowan/topology"
)

// healer restores what a lab's hosts lose with their network namespace when their
// container is restarted: wires, addresses, routes and LANs.
type healer struct {
	lab     string
	runtime hosts.Containers
	log     *slog.Logger
}

// newHealers returns one for each runtime whose hosts can be restarted.
func newHealers(lab string, log *slog.Logger) ([]healer, error) {
	var all []healer
	for _, d := range drivers.All() {
		if !d.Containers {
			continue
		}
		r, err := inventory.Open(d, nil)
		if err != nil {
			return nil, err
		}
		if c, ok := r.(hosts.Containers); ok {
			all = append(all, healer{lab: lab, runtime: c, log: log})
		}
	}
	return all, nil
}

// Pauses before another attempt to mend a host.
const (
	healPause    = 500 * time.Millisecond
	maxHealPause = 30 * time.Second
)

// healLockPatience is how long a command may change the lab before the log names
// it.
const healLockPatience = time.Minute

// run mends hosts until ctx ends.
func (h *healer) run(ctx context.Context) {
	const burst = 1024 // containers started at once
	started := make(chan string, burst)
	var watch sync.WaitGroup
	defer watch.Wait()
	watch.Go(func() {
		h.runtime.Watch(ctx, h.lab, func(node string) {
			select {
			case started <- node:
			case <-ctx.Done():
			}
		})
	})
	nodes, pause := suspects{}, healPause
	var again <-chan time.Time
	for {
		select {
		case <-ctx.Done():
			return
		case node := <-started:
			nodes.add(node)
		case <-again:
		}
		nodes.drain(started)
		if err := h.heal(ctx, nodes); err != nil && ctx.Err() == nil {
			h.log.Error("could not mend hosts; trying again", "hosts", nodes.names(), "error", err)
			nodes.markFailed()
			again, pause = time.After(pause), min(2*pause, maxHealPause)
			continue
		}
		clear(nodes)
		again, pause = nil, healPause
	}
}

// suspects are hosts that may have lost their wires; the value is true after a
// failed attempt to mend them.
type suspects map[string]bool

func (s suspects) add(node string) {
	if _, known := s[node]; !known {
		s[node] = false
	}
}

// drain adds what is queued in the channel.
func (s suspects) drain(started <-chan string) {
	for {
		select {
		case node := <-started:
			s.add(node)
		default:
			return
		}
	}
}

func (s suspects) markFailed() {
	for node := range s {
		s[node] = true
	}
}

func (s suspects) names() []string {
	var names []string
	for node := range s {
		names = append(names, node)
	}
	slices.SortFunc(names, topology.CompareNames)
	return names
}

// heal mends the hosts that need it. It waits while a command changes the lab,
// often the one that started the host.
func (h *healer) heal(ctx context.Context, nodes suspects) error {
	_, torn, err := h.torn(ctx, nodes)
	if errors.Is(err, fs.ErrNotExist) {
		// The lab's first up is not done yet, or failed.
	} else if err != nil || len(torn) == 0 {
		return err
	}
	wait, cancel := context.WithTimeout(ctx, healLockPatience)
	defer cancel()
	held, err := store.Await(wait, h.lab)
	if errors.Is(err, store.ErrBusy) {
		return fmt.Errorf("the lab is being changed by %s", store.Holder(h.lab))
	}
	if err != nil {
		return err
	}
	defer held.Release()
	applied, torn, err := h.tornAtOnce(ctx, nodes)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // without a plan, there is nothing to mend
	case err != nil || len(torn) == 0:
		return err
	}
	begin := time.Now()
	if err := h.mend(ctx, applied, torn); err != nil {
		return err
	}
	h.log.Info("restored the wires of restarted hosts", "hosts", nodes.names(), "took", time.Since(begin))
	return nil
}

// tornAtOnce is torn with a time limit, in case the daemon hangs: commands wait only
// store.LockPatience for the lab's lock, which the healer holds.
func (h *healer) tornAtOnce(ctx context.Context, nodes suspects) (*plan.Plan, []plan.Host, error) {
	const patience = store.LockPatience / 2
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := h.runtime.Ready(ctx); err != nil {
		return nil, nil, err
	}
	return h.torn(ctx, nodes)
}

// boxes lists the lab's hosts of the runtime.
func (h *healer) boxes(ctx context.Context) ([]hosts.Sandbox, error) {
	only := inventory.Runtimes{{Runtime: h.runtime, Driver: hosts.Driver{Name: h.runtime.Name()}}}
	return only.Sandboxes(ctx, h.lab)
}

// torn returns the plan applied last, and the suspects that run without all their
// wires.
func (h *healer) torn(ctx context.Context, nodes suspects) (*plan.Plan, []plan.Host, error) {
	applied, err := store.Applied(h.lab)
	if err != nil {
		return nil, nil, err
	}
	boxes, err := h.boxes(ctx)
	if err != nil {
		return nil, nil, err
	}
	var torn []plan.Host
	for _, host := range applied.Hosts {
		failed, suspect := nodes[host.Name]
		i := slices.IndexFunc(boxes, func(s hosts.Sandbox) bool { return s.Node == host.Name && s.Running() })
		if !suspect || i < 0 || host.Runtime != h.runtime.Name() {
			continue
		}
		if failed || !hasWires(boxes[i].NetNS, host) {
			torn = append(torn, host)
		}
	}
	return &applied, torn, nil
}

// hasWires reports whether all wires of a host exist.
func hasWires(path string, host plan.Host) bool {
	ends, err := hosts.WireEnds(path)
	if err != nil {
		return false
	}
	for _, i := range host.Interfaces {
		if !i.LAN() && !slices.ContainsFunc(ends, func(e hosts.WireEnd) bool { return e.Name == i.Name }) {
			return false
		}
	}
	return true
}

// mend makes the hosts' wires again, configures the hosts, and has the routers
// replace the old wires by the new ones.
func (h *healer) mend(ctx context.Context, applied *plan.Plan, torn []plan.Host) error {
	b := build.New(applied, nil)
	boxes := map[string]hosts.Sandbox{}
	for _, host := range torn {
		box, err := h.runtime.Refurnish(ctx, b.Spec(host))
		if err != nil {
			return err
		}
		if box.Running() {
			b.Place(host.Name, box.NetNS)
			boxes[host.Name] = box
		}
	}
	far, err := h.rewire(ctx, b, applied, torn)
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(build.Parallel)
	for _, host := range applied.Hosts {
		if far[host.Name] || b.Placed(host.Name) && slices.ContainsFunc(torn, func(t plan.Host) bool { return t.Name == host.Name }) {
			g.Go(func() error { return b.Configure(ctx, host) })
		}
	}
	if err := g.Wait(); err != nil {
		return err
	}
	h.serve(ctx, b, torn, boxes)
	for _, r := range applied.Routers {
		if far[r.Name] {
			g.Go(func() error { return h.reconfigure(ctx, r.Name) })
		}
	}
	return g.Wait()
}

// reconfigure sends an agent its current configuration, so that it checks its wires.
func (h *healer) reconfigure(ctx context.Context, name string) error {
	const patience = 10 * time.Second
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cfg, err := store.RouterConfig(h.lab, name)
	if err != nil {
		return fmt.Errorf("router %s: %w", name, err)
	}
	c := router.NewClient(name, store.AgentSocket(h.lab, name))
	defer c.Close()
	return build.HandOver(ctx, c, cfg)
}
