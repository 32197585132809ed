package labs

import (
	"context"
	"slices"
	"time"

	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/preview"
	"pseudowan/labs/store"
	"pseudowan/status"
	"pseudowan/topology"
)

// DryRun says what Up would do, and does nothing. What it refuses, Up refuses, too.
func DryRun(ctx context.Context, o UpOptions) (status.Preview, error) {
	t, source, err := catalog.Load(o.Lab, o.Stdin, inventory.Known()...)
	if err != nil {
		return status.Preview{}, err
	}
	if o.Cautions != nil {
		o.Cautions(t.Warnings)
	}
	if err := inventory.NeedRoot(); err != nil {
		return status.Preview{}, err
	}
	if store.GoingDown(t.Name) { // up completes that first
		return preview.Of(nil, t), nil
	}
	a, err := newApplier(ctx, t, source, applyOptions{runtime: o.Runtime, nics: o.NICs, force: o.Force, progress: silent{}, times: &timeline{begin: time.Now()}})
	if err != nil {
		return status.Preview{}, err
	}
	if err := a.check(ctx); err != nil {
		return status.Preview{}, err
	}
	var now *topology.Topology
	if !a.fresh {
		if _, _, now, err = running(t.Name); err != nil {
			now = nil // it is replaced as a whole
		}
	}
	p := preview.Of(now, t)
	p.Running, p.Nodes = !a.fresh, slices.Clone(a.changed)
	if p.Running {
		p.Undoes = undoes(t)
	}
	if now != nil {
		p.Differences = differences(now, t)
	}
	return p, nil
}
