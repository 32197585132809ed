package router

import (
	"cmp"
	"context"
	"fmt"
	"net/netip"
	"net/url"
	"slices"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
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

// inLoopOr is inLoop for what can fail.
func inLoopOr[T any](ctx context.Context, l *loop, f func() (T, error)) (T, error) {
	var failed error
	v, err := inLoop(ctx, l, func() (v T) { v, failed = f(); return v })
	return v, cmp.Or(err, failed)
}

// eachPart calls do in the loop with the selected prefixes of each VRF, part by part.
func eachPart[T any](ctx context.Context, a *agent, sel status.Selection, do func(*config.VRF, []netip.Prefix) []T, yield func(instance, []T) error) error {
	all, err := inLoop(ctx, a.loop, func() []instance { return a.loop.instances(sel) })
	if err != nil {
		return err
	}
	for _, i := range all {
		prefixes, err := inLoop(ctx, a.loop, func() []netip.Prefix { return a.loop.selectedPrefixes(i.name, sel) })
		if err != nil {
			return err
		}
		slices.SortFunc(prefixes, netip.Prefix.Compare)
		part := func(part []netip.Prefix) error {
			rows, err := inLoopOr(ctx, a.loop, func() ([]T, error) {
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
	cfg, err := inLoop(ctx, a.loop, func() config.Router { return a.loop.cfg })
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

// flowKeys are what the rows of counters are of.
type flowKeys struct {
	labels []vpn.Binding
	routes []fib.Key
}

// flowKeys lists the selected incoming labels and routes.
func (l *loop) flowKeys(sel status.Selection, among []instance) (k flowKeys) {
	in := make(map[uint32]bool)
	for _, i := range among {
		in[i.id] = true
	}
	labels := func(list []vpn.Binding) {
		for _, b := range list {
			if v := l.vrfs.VRF(b.Key.VRF); v != nil && in[v.ID] && sel.Has(b.Key.Prefix) {
				k.labels = append(k.labels, b)
			}
		}
	}
	for i := range l.cfg.VRFs {
		labels(l.cfg.VRFs[i].Bindings)
	}
	given, _ := l.vrfs.Labels.Given()
	labels(given)
	for key := range l.fib.Routes() {
		if in[key.VRF] && sel.Has(key.Prefix) && !l.vrfs.Connected(key) {
			k.routes = append(k.routes, key)
		}
	}
	return k
}

// sort brings the keys into the order of show: labels by number, routes by VRF and prefix.
func (k *flowKeys) sort(among []instance) {
	rank := make(map[uint32]int)
	for n, i := range among {
		rank[i.id] = n
	}
	slices.SortFunc(k.labels, func(a, b vpn.Binding) int { return cmp.Compare(a.Label, b.Label) })
	slices.SortFunc(k.routes, func(a, b fib.Key) int {
		return cmp.Or(cmp.Compare(rank[a.VRF], rank[b.VRF]), a.Prefix.Compare(b.Prefix))
	})
}

func (a *agent) streamFlows(ctx context.Context, sel status.Selection, words url.Values, yield func([]status.Flow) error) error {
	var among []instance
	keys, err := inLoop(ctx, a.loop, func() flowKeys {
		among = a.loop.instances(sel)
		return a.loop.flowKeys(sel, among)
	})
	if err != nil {
		return err
	}
	keys.sort(among)
	counters, err := a.sw.Counters(ctx, words.Get("fast") == "")
	if err != nil {
		return err
	}
	send := func(make func() []status.Flow) error {
		rows, err := inLoop(ctx, a.loop, func() []status.Flow {
			rows := make()
			for i := range rows {
				n := counters[a.loop.rowCookie(rows[i])]
				rows[i].Packets, rows[i].Bytes = n.Packets, n.Bytes
			}
			return rows
		})
		if err != nil || len(rows) == 0 {
			return err
		}
		return yield(rows)
	}
	err = chunks(keys.labels, func(part []vpn.Binding) error {
		return send(func() []status.Flow { return a.loop.labelFlowsOf(part) })
	})
	if err != nil {
		return err
	}
	return chunks(keys.routes, func(part []fib.Key) error {
		return send(func() []status.Flow { return a.loop.routeFlowsOf(part) })
	})
}

func (l *loop) labelFlowsOf(list []vpn.Binding) (rows []status.Flow) {
	for _, b := range list {
		if v := l.vrfs.VRF(b.Key.VRF); v != nil {
			rows = append(rows, l.labelFlow(v, b))
		}
	}
	return rows
}

// routeFlowsOf returns the rows of routes, but not of those that have gone meanwhile.
func (l *loop) routeFlowsOf(list []fib.Key) (rows []status.Flow) {
	for _, key := range list {
		v := l.vrfs.ByID(key.VRF)
		if _, programmed := l.fib.Route(key); v != nil && programmed {
			rows = append(rows, l.routeFlow(v, key))
		}
	}
	return rows
}

// rowCookie returns the cookie of the flow whose counters a row shows.
func (l *loop) rowCookie(row status.Flow) pipeline.Cookie {
	if row.Direction == status.DirectionIn {
		return pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(*row.Label))
	}
	c, _ := l.fib.Route(fib.Key{VRF: l.vrfs.VRF(row.VRF).ID, Prefix: row.Prefix})
	return c
}

func (a *agent) streamRIB(ctx context.Context, sel status.Selection, _ url.Values, yield func([]status.RIB) error) error {
	rds, err := inLoop(ctx, a.loop, func() map[string]bool { return a.loop.rds(sel.VRF) })
	if err != nil {
		return err
	}
	keep := func(d bgp.Destination) bool {
		return sel.Has(d.Prefix) && (sel.VRF == "" || rds[d.RD.String()])
	}
	all, err := a.destinations(ctx, keep)
	if err != nil {
		return err
	}
	for _, f := range []vpn.Family{vpn.VPNv4, vpn.VPNv6} {
		err := chunks(ofFamily(all, f), func(part []bgp.Destination) error {
			paths, err := a.speaker.RIBOf(ctx, f, part)
			if err != nil || len(paths) == 0 {
				return err
			}
			rows := make([]status.RIB, len(paths))
			for i, p := range paths {
				rows[i] = a.ribRow(f, p)
			}
			return yield(rows)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// ofFamily lists the destinations of a family by RD, as names are ordered, and prefix.
func ofFamily(all []bgp.Destination, f vpn.Family) (list []bgp.Destination) {
	names := make(map[vpn.RD]string)
	for _, d := range all {
		if vpn.FamilyOf(d.Prefix) == f {
			list = append(list, d)
			if _, known := names[d.RD]; !known {
				names[d.RD] = d.RD.String()
			}
		}
	}
	slices.SortFunc(list, func(a, b bgp.Destination) int {
		if a.RD == b.RD {
			return a.Prefix.Compare(b.Prefix)
		}
		return cmp.Or(topology.CompareNames(names[a.RD], names[b.RD]), a.RD.Compare(b.RD))
	})
	return list
}
