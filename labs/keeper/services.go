package keeper

import (
	"context"
	"os"
	"slices"
	"sync"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/service"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// servicesTurn is how often the keeper looks for services without a supervisor.
const servicesTurn = time.Second

// keepServices gives services that are to be restarted a new supervisor when theirs has
// been killed, until ctx ends. Supervisors restart services themselves.
func (k *keeper) keepServices(ctx context.Context) {
	turn := time.NewTicker(servicesTurn)
	defer turn.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-turn.C:
		}
		if len(orphans(k.lab)) > 0 {
			if err := k.adopt(ctx); err != nil {
				k.log.Error("could not restart services; trying again", "error", err)
			}
		}
	}
}

// orphans lists the services to restart that have lost their supervisor, by host.
func orphans(lab string) map[string][]service.Record {
	found := map[string][]service.Record{}
	nodes, _ := os.ReadDir(store.RunDir(lab)) // it may be going
	for _, n := range nodes {
		for _, r := range service.Records(inventory.ServicesDir(lab, n.Name())) {
			if r.Orphaned() {
				found[n.Name()] = append(found[n.Name()], r)
			}
		}
	}
	return found
}

// adopt restarts the orphans, unless a command changes the lab: it does the same.
func (k *keeper) adopt(ctx context.Context) error {
	if store.GoingDown(k.lab) {
		return nil
	}
	held, err := store.TryAcquire(k.lab)
	if err != nil {
		return nil
	}
	defer held.Release()
	found, err := inventory.Of(ctx, k.lab, nil)
	if err != nil || store.GoingDown(k.lab) {
		return err
	}
	for node, records := range orphans(k.lab) {
		i := slices.IndexFunc(found.Hosts, func(s hosts.Sandbox) bool { return s.Node == node && s.Running() })
		if i < 0 {
			continue
		}
		on, err := found.Services(found.Hosts[i])
		if err != nil {
			return err
		}
		for _, r := range records {
			k.log.Warn("restarting a service, whose supervisor has ended", "host", node, "service", r.Name)
			if err := on.Restart(ctx, r); err != nil {
				return err
			}
			store.NoteMended(k.lab, "restarted service "+r.Name+" of host "+node)
		}
	}
	return nil
}

// serve starts the services of restarted hosts. How they fare is for others to see.
func (h *healer) serve(ctx context.Context, b *build.Builder, torn []plan.Host, boxes map[string]hosts.Sandbox) {
	var all sync.WaitGroup
	for _, host := range torn {
		box, runs := boxes[host.Name]
		if !runs || len(host.Services) == 0 {
			continue
		}
		all.Go(func() {
			const patience = 20 * time.Second // the lab's lock is held
			ctx, cancel := context.WithTimeout(ctx, patience)
			defer cancel()
			if err := inventory.ServicesIn(h.runtime, true, box).Run(ctx, build.Services(host), false); err != nil {
				h.log.Error("services of a restarted host", "host", host.Name, "error", err)
			}
		})
	}
	all.Wait()
}
