package router

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"pseudowan/router/config"
	"pseudowan/router/meter"
	"pseudowan/status"
	"pseudowan/topology"
)

// instance is a VRF of a router that is being listed.
type instance struct {
	id       uint32
	name, rd string
}

// instances lists the selected VRFs by name and RD.
func (l *loop) instances(sel status.Selection) []instance {
	var list []instance
	for _, v := range l.vrfs.VRFs() {
		if sel.InVRF(v.Name, v.RD.String()) {
			list = append(list, instance{v.ID, v.Name, v.RD.String()})
		}
	}
	slices.SortFunc(list, func(a, b instance) int {
		return cmp.Or(topology.CompareNames(a.name, b.name), topology.CompareNames(a.rd, b.rd))
	})
	return list
}

// still returns a VRF that is being listed; an error if an edit has replaced it.
func (l *loop) still(i instance) (*config.VRF, error) {
	if v := l.vrfs.VRF(i.name); v != nil && v.RD.String() == i.rd {
		return v, nil
	}
	return nil, fmt.Errorf("VRF %s has changed meanwhile: ask again", i.name)
}

// askLoopOr is askLoop for what can fail.
func askLoopOr[T any](ctx context.Context, l *loop, f func() (T, error)) (T, error) {
	var failed error
	v, err := askLoop(ctx, l, func() (v T) { v, failed = f(); return v })
	return v, cmp.Or(err, failed)
}

// eachPart calls do in the loop with the selected prefixes of each VRF, part by part.
func eachPart[T any](ctx context.Context, a *agent, sel status.Selection, do func(*config.VRF, []netip.Prefix) []T, yield func(instance, []T) error) error {
	all, err := askLoop(ctx, a.loop, func() []instance { return a.loop.instances(sel) })
	if err != nil {
		return err
	}
	for _, i := range all {
		prefixes, err := askLoop(ctx, a.loop, func() []netip.Prefix { return a.loop.selectedPrefixes(i.name, sel) })
		if err != nil {
			return err
		}
		slices.SortFunc(prefixes, netip.Prefix.Compare)
		part := func(part []netip.Prefix) error {
			rows, err := askLoopOr(ctx, a.loop, func() ([]T, error) {
				v, err := a.loop.still(i)
				if err != nil {
					return nil, err
				}
				return do(v, part), nil
			})
			if err != nil {
				return err
			}
			return yield(i, rows)
		}
		if len(prefixes) == 0 {
			err = part(nil)
		} else {
			err = chunks(prefixes, part)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *agent) streamVRFs(ctx context.Context, sel status.Selection, _ url.Values, yield func([]status.VRF) error) error {
	cfg, err := askLoop(ctx, a.loop, func() config.Router { return a.loop.cfg })
	if err != nil {
		return err
	}
	_, punts, err := meter.Count(ctx, a.sw, cfg)
	if err != nil {
		return err
	}
	before := instance{}
	return eachPart(ctx, a, sel, func(v *config.VRF, part []netip.Prefix) []status.VRF {
		row := a.loop.vrfRow(v)
		for _, p := range part {
			for _, e := range a.loop.vrfs.Paths(v.Name, p) {
				row.Routes = append(row.Routes, routeRow(e))
			}
		}
		return []status.VRF{row}
	}, func(i instance, rows []status.VRF) error {
		if len(rows[0].Routes) == 0 && (before == i || sel.Prefix.IsValid() && !sel.Shorter) {
			return nil
		}
		before = i
		rows[0].Punted, rows[0].PuntsDropped = punts[i.id].Packets, punts[i.id].Dropped
		return yield(rows)
	})
}

func (a *agent) streamMPLS(ctx context.Context, sel status.Selection, _ url.Values, yield func([]status.MPLS) error) error {
	return eachPart(ctx, a, sel, func(v *config.VRF, part []netip.Prefix) (rows []status.MPLS) {
		for _, p := range part {
			rows = append(rows, a.loop.bindingRows(v, a.loop.vrfs.Paths(v.Name, p))...)
		}
		return rows
	}, func(_ instance, rows []status.MPLS) error {
		if len(rows) == 0 {
			return nil
		}
		return yield(rows)
	})
}
