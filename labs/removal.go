package labs

import (
	"context"
	"errors"
	"sync"

	"golang.org/x/sync/errgroup"

	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
)

// removeHosts removes the hosts that which picks, several at a time.
func removeHosts(ctx context.Context, o inventory.Inventory, which func(hosts.Sandbox) bool) error {
	var (
		g    errgroup.Group
		mu   sync.Mutex
		errs []error
	)
	g.SetLimit(build.Parallel)
	for _, s := range o.Hosts {
		if !which(s) {
			continue
		}
		g.Go(func() error {
			runtime, err := o.Get(s.Runtime)
			if err == nil {
				err = runtime.Remove(ctx, s)
			}
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
			return nil
		})
	}
	g.Wait() // the errors are in errs, all of them
	return errors.Join(errs...)
}
