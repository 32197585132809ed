package router

import (
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/topology"
)

// labels gives out the labels that customers' routes need beyond those of the
// plan, and knows what became of them.
type labels struct {
	within vpn.LabelRange
	pool   *bgp.Labels
	given  map[vpn.Label]givenLabel
}

type givenLabel struct {
	vrf string
	Binding
}

// customerLabels takes over the labels of a new configuration. Where the plan
// has given out a label that a customer's routes had, they all get new ones.
func (r *reactor) customerLabels() error {
	reserved := map[bgp.LabelKey]vpn.Label{}
	for i := range r.cfg.VRFs {
		for _, b := range r.cfg.VRFs[i].Bindings {
			reserved[plannedKey(&r.cfg.VRFs[i], b)] = b.Label
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
	r.labels = labels{within: r.cfg.Labels, pool: pool, given: map[vpn.Label]givenLabel{}}
	if r.recovery != nil {
		pool.Prefer(r.recovery.labels())
	}
	return nil
}

// plannedKey names what a label of the plan stands for.
func plannedKey(v *VRF, b Binding) bgp.LabelKey {
	if !b.NextHop.IsValid() && !b.Prefix.IsValid() && v.LabelMode != topology.PerVRF {
		return bgp.LabelKey{VRF: v.Name, Kind: bgp.LabelConnected, Family: b.Family}
	}
	key := labelKeyFor(v, b.Prefix, b.NextHop)
	key.Family = b.Family
	return key
}

// labelKeyFor names what the label of a route behind a next hop stands for.
func labelKeyFor(v *VRF, prefix netip.Prefix, nextHop netip.Addr) bgp.LabelKey {
	key := bgp.LabelKey{VRF: v.Name}
	if prefix.IsValid() {
		key.Family = vpn.FamilyOf(prefix)
	}
	switch v.LabelMode {
	case topology.PerVRF:
		key.Kind = bgp.LabelVRF
	case topology.PerPrefix:
		key.Kind, key.Prefix = bgp.LabelPrefix, prefix
	default:
		key.Kind, key.NextHop = bgp.LabelNextHop, nextHop
	}
	return key
}

// acquire returns the label of a customer's route; the switch learns what to
// do with it.
func (l *labels) acquire(r *reactor, v *VRF, key bgp.LabelKey, prefix netip.Prefix) (vpn.Label, error) {
	label, err := l.pool.Acquire(key, prefix)
	if err != nil {
		return 0, err
	}
	b := Binding{Label: label, Family: key.Family, NextHop: key.NextHop, Prefix: key.Prefix}
	if _, known := l.given[label]; !known && !v.planned(label) {
		l.given[label] = givenLabel{v.Name, b}
		r.memory.stale = true
		r.fib.SetLabel(r.inLabel(v, b))
	}
	return label, nil
}

// releaseLabel gives a label back that a route had, unless another customer's
// route to the prefix has the same.
func (r *reactor) releaseLabel(c *customer, gone bgp.Key, key bgp.LabelKey) {
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
	if _, ours := r.labels.given[label]; ours && !inUse {
		delete(r.labels.given, label)
		r.fib.UnsetLabel(uint32(label))
	}
}

func (v *VRF) planned(label vpn.Label) bool {
	for _, b := range v.Bindings {
		if b.Label == label {
			return true
		}
	}
	return false
}

// bindings are the labels of a VRF: those of the plan, then those that
// customers' routes have got.
func (r *reactor) bindings(v *VRF) []Binding {
	all := append([]Binding{}, v.Bindings...)
	for _, b := range r.labels.pool.Bindings() {
		if g, ok := r.labels.given[b.Label]; ok && g.vrf == v.Name {
			all = append(all, g.Binding)
		}
	}
	return all
}
