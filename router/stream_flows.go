package router

import (
	"cmp"
	"context"
	"net/url"
	"slices"

	"pseudowan/bgp/vpn"
	"pseudowan/ovs"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
	"pseudowan/status"
)

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
			if _, ok := l.border.Of(b.Key); ok && sel.InVRF("", b.Key.VRF) && sel.Has(b.Key.Prefix) {
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

// countedAlone is for how many rows the switch is asked for each: the first ones of a table
// are not to wait for the counters of all flows.
const countedAlone = 256

func (a *agent) streamFlows(ctx context.Context, sel status.Selection, words url.Values, yield func([]status.Flow) error) error {
	var among []instance
	keys, err := askLoop(ctx, a.loop, func() flowKeys {
		among = a.loop.instances(sel)
		return a.loop.flowKeys(sel, among)
	})
	if err != nil {
		return err
	}
	keys.sort(among)
	if words.Get("fast") == "" {
		if err := a.sw.UpdateCounters(ctx); err != nil {
			return err
		}
	}
	first, rest := keys.split(countedAlone)
	counters, err := a.countersOf(ctx, first)
	if err != nil {
		return err
	}
	others := make(chan counted, 1)
	go func() {
		c, err := a.countersOf(ctx, rest)
		others <- counted{c, err}
	}()
	if err := a.sendFlows(ctx, first, counters, yield); err != nil {
		return err
	}
	c := <-others
	if c.err != nil {
		return c.err
	}
	return a.sendFlows(ctx, rest, c.counters, yield)
}

// counted are counters, or why there are none.
type counted struct {
	counters map[pipeline.Cookie]ovs.Counter
	err      error
}

// split returns the first n keys and the others.
func (k flowKeys) split(n int) (first, rest flowKeys) {
	labels := min(n, len(k.labels))
	routes := min(n-labels, len(k.routes))
	return flowKeys{k.labels[:labels], k.routes[:routes]}, flowKeys{k.labels[labels:], k.routes[routes:]}
}

// countersOf reads the counters of keys: of few alone, of many with all others.
func (a *agent) countersOf(ctx context.Context, k flowKeys) (map[pipeline.Cookie]ovs.Counter, error) {
	if len(k.labels)+len(k.routes) > countedAlone {
		return a.sw.Counters(ctx, false)
	}
	cookies, err := askLoop(ctx, a.loop, func() []pipeline.Cookie { return a.loop.cookiesOf(k) })
	if err != nil {
		return nil, err
	}
	return a.sw.CountersOf(ctx, cookies)
}

// cookiesOf lists the cookies of the flows that count what keys are of.
func (l *loop) cookiesOf(k flowKeys) (list []pipeline.Cookie) {
	for _, b := range k.labels {
		if _, swapped := l.border.Of(b.Key); swapped {
			list = append(list, swapCookie(b.Label))
		} else {
			list = append(list, labelCookie(b.Label))
		}
	}
	for _, key := range k.routes {
		if c, programmed := l.fib.Route(key); programmed {
			list = append(list, c)
		}
	}
	return list
}

// sendFlows passes on the rows of keys.
func (a *agent) sendFlows(ctx context.Context, keys flowKeys, counters map[pipeline.Cookie]ovs.Counter, yield func([]status.Flow) error) error {
	send := func(make func() []status.Flow) error {
		rows, err := askLoop(ctx, a.loop, func() []status.Flow {
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
	err := chunks(keys.labels, func(part []vpn.Binding) error {
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
		} else if row, ok := l.swapFlow(b); ok {
			rows = append(rows, row)
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
	if row.Swap != nil {
		return swapCookie(vpn.Label(*row.Label))
	}
	if row.Direction == status.DirectionIn {
		return labelCookie(vpn.Label(*row.Label))
	}
	c, _ := l.fib.Route(fib.Key{VRF: l.vrfs.VRF(row.VRF).ID, Prefix: row.Prefix})
	return c
}

// labelCookie returns the cookie of the flow that counts the packets of an incoming label.
func labelCookie(l vpn.Label) pipeline.Cookie {
	return pipeline.NewCookie(pipeline.KindInLabel, 0, uint64(l))
}

// swapCookie returns the cookie of the flow that swaps a label for that of another router.
func swapCookie(l vpn.Label) pipeline.Cookie {
	return pipeline.NewCookie(pipeline.KindTransit, 0, uint64(l))
}
