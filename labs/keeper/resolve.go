package keeper

import (
	"context"
	"slices"
	"time"

	"pseudowan/hosts"
	"pseudowan/hosts/resolver"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
)

// follow keeps the resolv.conf of these hosts, and no longer that of others.
func (k *keeper) follow(ctx context.Context, all []store.KeeperHost) {
	for name, stop := range k.follows {
		if !slices.ContainsFunc(all, func(h store.KeeperHost) bool { return h.Name == name }) {
			stop()
			delete(k.follows, name)
		}
	}
	for _, h := range all {
		if k.follows[h.Name] != nil {
			continue
		}
		hostCtx, stop := context.WithCancel(ctx)
		k.follows[h.Name] = stop
		k.wait.Go(func() { k.resolve(hostCtx, h) })
	}
}

// resolve keeps the resolv.conf of one host. Its namespace may still have to be made, or
// be made again.
func (k *keeper) resolve(ctx context.Context, h store.KeeperHost) {
	const pause = 100 * time.Millisecond
	path := hosts.Namespace{Name: h.Namespace}.Path()
	told := ""
	for ctx.Err() == nil {
		err := resolver.Follow(ctx, path, inventory.Homes.Dir(k.lab, h.Name))
		if err != nil && ctx.Err() == nil && hosts.IsOtherNetwork(path) && told != err.Error() {
			told = err.Error()
			k.log.Warn("cannot keep the resolv.conf of a host; trying again", "host", h.Name, "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}
