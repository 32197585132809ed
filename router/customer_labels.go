package router

import (
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
)

// labels gives out the labels that customers' routes need beyond those of the
// plan, and knows what became of them.
type labels struct {
	within vpn.LabelRange
	pool   *bgp.Labels
	given  map[vpn.Label]bool
}

// customerLabels takes over the labels of a new configuration. Where the plan
// has given out a label that a customer's routes had, they all get new ones.
func (r *reactor) customerLabels() error {
	reserved := map[vpn.LabelKey]vpn.Label{}
	for _, v := range r.cfg.VRFs {
		for _, b := range v.Bindings {
			reserved[b.Key] = b.Label
		}
	}
	if r.labels.pool != nil && r.labels.within == r.cfg.Labels && r.labels.pool.Reserve(reserved) == nil {
		return nil
	}
	for _, c := range r.customers {
		for key := range c.entered {
			r.leaveCustomerRoute(c, key)
		}
	}
	pool, err := bgp.NewLabels(r.cfg.Labels, reserved)
	if err != nil {
		return err
	}
	r.labels = labels{within: r.cfg.Labels, pool: pool, given: map[vpn.Label]bool{}}
	if r.recovery != nil {
		pool.Prefer(r.recovery.labels())
	}
	return nil
}

// acquire returns the label of a customer's route; the switch learns what to
// do with it.
func (l *labels) acquire(r *reactor, v *config.VRF, key vpn.LabelKey, prefix netip.Prefix) (vpn.Label, error) {
	label, err := l.pool.Acquire(key, prefix)
	if err != nil {
		return 0, err
	}
	if !l.given[label] && !v.Planned(label) {
		l.given[label] = true
		r.memory.stale = true
		r.fib.SetLabel(r.inLabel(v, vpn.Binding{Label: label, Key: key}))
	}
	return label, nil
}

// releaseLabel gives a label back that a route had, unless another customer's
// route to the prefix has the same.
func (r *reactor) releaseLabel(c *customer, gone bgp.Key, key vpn.LabelKey) {
	for _, o := range r.customers {
		for _, s := range o.BGP.Sessions {
			other := bgp.Key{Prefix: gone.Prefix, Peer: s.PeerAddress}
			if e, stands := o.entered[other]; stands && e.label == key {
				return
			}
		}
	}
	label, ok := r.labels.pool.Lookup(key)
	if !ok {
		return
	}
	r.labels.pool.Release(key, gone.Prefix)
	_, inUse := r.labels.pool.Lookup(key)
	if r.labels.given[label] && !inUse {
		delete(r.labels.given, label)
		r.fib.UnsetLabel(uint32(label))
	}
}

// bindings are the labels of a VRF: those of the plan, then those that
// customers' routes have got.
func (r *reactor) bindings(v *config.VRF) []vpn.Binding {
	all := append([]vpn.Binding{}, v.Bindings...)
	for _, b := range r.labels.pool.Bindings() {
		if r.labels.given[b.Label] && b.Key.VRF == v.Name {
			all = append(all, b)
		}
	}
	return all
}
