package vrf

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
)

// Labels assigns the labels that CEs' routes need in addition to those of the plan.
type Labels struct {
	within vpn.LabelRange
	pool   *bgp.Labels // nil before the first configuration
	given  map[vpn.Label]bool
	fresh  bool // a label was assigned since Fresh was called
	routes int  // of other routers that have a label
}

func planned(cfg config.Router) map[vpn.LabelKey]vpn.Label {
	reserved := map[vpn.LabelKey]vpn.Label{}
	for _, v := range cfg.VRFs {
		for _, b := range v.Bindings {
			reserved[b.Key] = b.Label
		}
	}
	if cfg.Transport != nil {
		for _, b := range cfg.Transport.Labels {
			reserved[b.Key] = b.Label
		}
	}
	return reserved
}

// Keep reserves the labels of a plan, and reports whether all labels of CEs' routes
// can stay as they are. If not, those routes have to leave the tables before Renew.
func (l *Labels) Keep(cfg config.Router) bool {
	return l.pool != nil && l.within == cfg.Labels && l.pool.Reserve(planned(cfg)) == nil
}

// Renew starts assigning labels again, avoiding those of a plan. Until PreferNone, a
// route in preferred gets its label from there.
func (l *Labels) Renew(cfg config.Router, preferred map[vpn.LabelKey]vpn.Label) error {
	pool, err := bgp.NewLabels(cfg.Labels, planned(cfg))
	if err != nil {
		return err
	}
	pool.Prefer(preferred)
	*l = Labels{within: cfg.Labels, pool: pool, given: map[vpn.Label]bool{}}
	return nil
}

// PreferNone ends the preference of Renew.
func (l *Labels) PreferNone() {
	if l.pool != nil {
		l.pool.Prefer(nil)
	}
}

// Fresh reports whether a label was assigned since the last call.
func (l *Labels) Fresh() bool {
	fresh := l.fresh
	l.fresh = false
	return fresh
}

// Given lists the labels that CEs' routes have in addition to those of the plan; ok
// is false before the first configuration.
func (l *Labels) Given() (given []vpn.Binding, ok bool) {
	if l.pool == nil {
		return nil, false
	}
	for _, b := range l.pool.Bindings() {
		if l.given[b.Label] {
			given = append(given, b)
		}
	}
	return given, true
}

// AcquireLabel returns the label of a CE's route to a prefix, and programs where
// packets with the label go.
func (t *Tables) AcquireLabel(v *config.VRF, key vpn.LabelKey, prefix netip.Prefix) (vpn.Label, error) {
	label, err := t.Labels.pool.Acquire(key, prefix)
	if err != nil || t.Labels.given[label] || v.Planned(label) {
		return label, err
	}
	t.Labels.given[label], t.Labels.fresh = true, true
	t.fib.SetLabel(t.inLabel(v, vpn.Binding{Label: label, Key: key}))
	return label, nil
}

// ReleaseLabel releases the label of a CE's route to a prefix.
func (t *Tables) ReleaseLabel(key vpn.LabelKey, prefix netip.Prefix) {
	label, ok := t.Labels.pool.Lookup(key)
	if !ok {
		return
	}
	t.Labels.pool.Release(key, prefix)
	if _, inUse := t.Labels.pool.Lookup(key); t.Labels.given[label] && !inUse {
		delete(t.Labels.given, label)
		t.fib.UnsetLabel(uint32(label))
	}
}

// AcquireLoopback returns the label of the path to another router's loopback.
func (l *Labels) AcquireLoopback(to netip.Prefix) (vpn.Label, error) {
	key := config.LoopbackLabel(to)
	label, err := l.pool.Acquire(key, to)
	if err == nil && !l.pool.Reserved(key) && !l.given[label] {
		l.given[label], l.fresh = true, true
	}
	return label, err
}

// AcquireRoute returns the label by which others send to what another router has announced
// a route to. Such routes get three quarters of the labels at most: however many others
// announce, the router's own customers have labels left.
func (l *Labels) AcquireRoute(rd vpn.RD, to netip.Prefix) (vpn.Label, error) {
	key := routeLabel(rd, to)
	_, had := l.pool.Lookup(key)
	if most := l.within.Size() * 3 / 4; !had && l.routes >= most {
		return 0, fmt.Errorf("routes of other routers have %d labels, three quarters of the range %s; give the router a larger range", most, l.within)
	}
	label, err := l.pool.Acquire(key, to)
	if err == nil && !had {
		l.given[label], l.fresh = true, true
		l.routes++
	}
	return label, err
}

// ReleaseRoute releases the label of a route.
func (l *Labels) ReleaseRoute(rd vpn.RD, to netip.Prefix) {
	key := routeLabel(rd, to)
	label, ok := l.pool.Lookup(key)
	if !ok {
		return
	}
	l.pool.Release(key, to)
	delete(l.given, label)
	l.routes--
}

// routeLabel is the key of the label of a route of another router: it has the RD in the
// place of a VRF, and no VRF is named so.
func routeLabel(rd vpn.RD, to netip.Prefix) vpn.LabelKey {
	return vpn.LabelKey{VRF: rd.String(), Kind: vpn.LabelPrefix, Family: vpn.FamilyOf(to), Prefix: to}
}

// ReleaseLoopback releases the label of the path to a loopback.
func (l *Labels) ReleaseLoopback(to netip.Prefix) {
	key := config.LoopbackLabel(to)
	label, ok := l.pool.Lookup(key)
	if !ok {
		return
	}
	l.pool.Release(key, to)
	if _, inUse := l.pool.Lookup(key); !inUse {
		delete(l.given, label)
	}
}

// inLabel returns where packets with one of our labels go: straight to the next hop
// that the label stands for, else to a lookup in the VRF.
func (t *Tables) inLabel(v *config.VRF, b vpn.Binding) pipeline.InLabel {
	in := pipeline.InLabel{Label: uint32(b.Label), VRF: v.ID, IPv6: b.Key.Family == vpn.VPNv6, Uniform: t.uniform, Echo: t.echo}
	hop := t.NextHopOf(v, b.Key)
	if p := t.ports.Holding(v.ID, hop); hop.IsValid() && p != nil {
		to := t.ports.Forward(p, hop)
		in.Adjacency, in.MTU = to.Adjacency, to.MTU
	}
	return in
}

// NextHopOf returns the host to which packets with a label go without a lookup in the
// VRF; zero if its routes are looked up. The label of a single prefix follows the
// best route to it.
func (t *Tables) NextHopOf(v *config.VRF, key vpn.LabelKey) netip.Addr {
	if key.Kind != vpn.LabelPrefix {
		return key.NextHop
	}
	route := fib.Key{VRF: v.ID, Prefix: key.Prefix}
	best := t.best[route]
	_, subnet := t.connected[route]
	switch {
	case best == nil, best.VRF != v.Name, subnet, len(t.spread[route]) > 1:
		return netip.Addr{}
	case best.Source == bgp.Connected && best.Route.Prefix.IsSingleIP():
		return best.Route.Prefix.Addr()
	case best.Source == bgp.Connected:
		return netip.Addr{}
	}
	return best.Route.NextHop
}

// bindLabel binds the label of a prefix to where its best route leads.
func (t *Tables) bindLabel(route fib.Key) {
	v := t.byID[route.VRF]
	if v == nil || v.LabelMode != vpn.PerPrefix {
		return
	}
	key := v.LabelMode.KeyFor(v.Name, route.Prefix, netip.Addr{})
	label, ok := v.LabelOf(route.Prefix, netip.Addr{})
	if !ok {
		label, ok = t.Labels.pool.Lookup(key)
	}
	if ok {
		t.fib.SetLabel(t.inLabel(v, vpn.Binding{Label: label, Key: key}))
	}
}

// Bindings lists the labels of a VRF: those of the plan, then those of CEs'
// routes.
func (t *Tables) Bindings(v *config.VRF) []vpn.Binding {
	all := append([]vpn.Binding{}, v.Bindings...)
	given, _ := t.Labels.Given()
	for _, b := range given {
		if b.Key.VRF == v.Name {
			all = append(all, b)
		}
	}
	return all
}
