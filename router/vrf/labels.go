package vrf

import (
	"net/netip"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/router/config"
)

// labels gives out the labels that CEs' routes need beyond those of the plan.
type labels struct {
	within vpn.LabelRange
	pool   *bgp.Labels // nil before the first configuration
	given  map[vpn.Label]bool
	fresh  bool // one was given out since LabelsGiven was asked
}

func planned(cfg config.Router) map[vpn.LabelKey]vpn.Label {
	reserved := map[vpn.LabelKey]vpn.Label{}
	for _, v := range cfg.VRFs {
		for _, b := range v.Bindings {
			reserved[b.Key] = b.Label
		}
	}
	return reserved
}

// KeepLabels reserves the labels of a plan, and reports whether that leaves all
// labels of CEs' routes as they are. Where it does not, those routes have to
// leave the tables before RenewLabels.
func (t *Tables) KeepLabels(cfg config.Router) bool {
	return t.labels.pool != nil && t.labels.within == cfg.Labels && t.labels.pool.Reserve(planned(cfg)) == nil
}

// RenewLabels gives out labels anew, beside those of a plan. A route that is
// among preferred gets its label there.
func (t *Tables) RenewLabels(cfg config.Router, preferred map[vpn.LabelKey]vpn.Label) error {
	pool, err := bgp.NewLabels(cfg.Labels, planned(cfg))
	if err != nil {
		return err
	}
	pool.Prefer(preferred)
	t.labels = labels{within: cfg.Labels, pool: pool, given: map[vpn.Label]bool{}}
	return nil
}

// PreferNoLabels ends the preference of RenewLabels.
func (t *Tables) PreferNoLabels() { t.labels.pool.Prefer(nil) }

// AcquireLabel returns the label of a CE's route to a prefix, and programs what
// becomes of packets with it.
func (t *Tables) AcquireLabel(v *config.VRF, key vpn.LabelKey, prefix netip.Prefix) (vpn.Label, error) {
	label, err := t.labels.pool.Acquire(key, prefix)
	if err != nil || t.labels.given[label] || v.Planned(label) {
		return label, err
	}
	t.labels.given[label], t.labels.fresh = true, true
	t.fib.SetLabel(t.inLabel(v, vpn.Binding{Label: label, Key: key}))
	return label, nil
}

// LabelsGiven reports whether a label was given out since the last call.
func (t *Tables) LabelsGiven() bool {
	fresh := t.labels.fresh
	t.labels.fresh = false
	return fresh
}

// ReleaseLabel gives back the label that a CE's route to a prefix had.
func (t *Tables) ReleaseLabel(key vpn.LabelKey, prefix netip.Prefix) {
	label, ok := t.labels.pool.Lookup(key)
	if !ok {
		return
	}
	t.labels.pool.Release(key, prefix)
	if _, inUse := t.labels.pool.Lookup(key); t.labels.given[label] && !inUse {
		delete(t.labels.given, label)
		t.fib.UnsetLabel(uint32(label))
	}
}

// GivenLabels lists the labels that CEs' routes have beyond those of the plan;
// ok is false before the first configuration.
func (t *Tables) GivenLabels() (given []vpn.Binding, ok bool) {
	if t.labels.pool == nil {
		return nil, false
	}
	for _, b := range t.labels.pool.Bindings() {
		if t.labels.given[b.Label] {
			given = append(given, b)
		}
	}
	return given, true
}

// Labels lists the labels of a VRF: those of the plan, then those of CEs'
// routes.
func (t *Tables) Labels(v *config.VRF) []vpn.Binding {
	all := append([]vpn.Binding{}, v.Bindings...)
	given, _ := t.GivenLabels()
	for _, b := range given {
		if b.Key.VRF == v.Name {
			all = append(all, b)
		}
	}
	return all
}
