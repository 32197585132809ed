package router

import (
	"context"
	"net/netip"
	"slices"

	"pseudowan/ovs/pipeline"
	"pseudowan/router/fib"
	"pseudowan/router/lsp"
	"pseudowan/router/transport"
	"pseudowan/status"
)

// lspRows lists the label-switched paths, with what has left on them.
func (a *agent) lspRows(ctx context.Context, exact bool) ([]status.LSP, error) {
	if a.core == nil {
		return []status.LSP{}, nil
	}
	if exact {
		if err := a.sw.UpdateCounters(ctx); err != nil {
			return nil, err
		}
	}
	cookies, err := askLoop(ctx, a.loop, a.loop.lspCookies)
	if err != nil {
		return nil, err
	}
	counters, err := a.sw.CountersOf(ctx, cookies)
	if err != nil {
		return nil, err
	}
	return inLoop(ctx, a.loop, func() []status.LSP {
		rows := a.loop.ownLoopbacks()
		for to, p := range a.loop.lsps.Paths() {
			row := a.loop.lspRow(to, p)
			for _, cookie := range a.loop.cookiesOfPath(to) {
				n := counters[cookie]
				row.Packets, row.Bytes = row.Packets+n.Packets, row.Bytes+n.Bytes
			}
			rows = append(rows, row)
		}
		return rows
	})
}

// lspCookies lists the cookies of the flows that count the packets of all paths.
func (l *loop) lspCookies() (list []pipeline.Cookie) {
	for to := range l.lsps.Paths() {
		list = append(list, l.cookiesOfPath(to)...)
	}
	return list
}

func (l *loop) cookiesOfPath(to netip.Prefix) (list []pipeline.Cookie) {
	number := l.fib.LSPNumber(to.Addr())
	for part := range uint8(fib.LSPFlows) {
		list = append(list, pipeline.NewCookie(pipeline.KindAdjacency, part, uint64(number)))
	}
	return list
}

func (l *loop) lspRow(to netip.Prefix, p lsp.Path) status.LSP {
	row := status.LSP{
		Router: l.name(), FEC: to, Owner: l.ownerOf(to.Addr()), Equal: []status.Way{}, InLabel: labelOf(p.In), OutLabel: labelOf(p.Out),
		NextHop: p.Addr, Interface: p.Link, Metric: p.Metric,
	}
	if p.Metric == lsp.NoMetric {
		row.Metric = status.NoMetric
	}
	for i, way := range p.Equal {
		if first := slices.IndexFunc(p.Equal, func(h lsp.Hop) bool { return h.Addr == way.Addr }); len(p.Equal) > 1 && first == i {
			row.Equal = append(row.Equal, status.Way{NextHop: way.Addr, Interface: way.Link, OutLabel: uint32(way.Out)})
		}
	}
	if p.Backup != nil {
		row.Backup, row.BackupOut = p.Backup.Addr, labelOf(p.Backup.Out)
	}
	return row
}

// ownLoopbacks lists the router's own loopbacks.
func (l *loop) ownLoopbacks() []status.LSP {
	rows := []status.LSP{}
	for to, label := range l.lsps.Own() {
		rows = append(rows, status.LSP{Router: l.name(), FEC: to, Owner: l.name(), Equal: []status.Way{}, InLabel: labelOf(label)})
	}
	return rows
}

// ownerOf names the router of the lab that has a loopback.
func (l *loop) ownerOf(a netip.Addr) string {
	for _, e := range l.cfg.Transport.Expect {
		if e.Address == a {
			return e.Router
		}
	}
	return ""
}

// coreRows lists the ends of links that label-switched paths use.
func (l *loop) coreRows() []status.CoreLink {
	rows := []status.CoreLink{}
	for _, s := range l.cfg.Sessions {
		i := slices.IndexFunc(l.links.Ports(), func(p *transport.Port) bool { return p.Name == s.Interface })
		if i < 0 || !labeled(s) {
			continue
		}
		port := l.links.Ports()[i]
		row := status.CoreLink{
			Router: l.name(), Interface: port.Name, Neighbor: s.PeerRouter, Address: s.PeerAddress, Metric: port.Metric,
			Carrier: upOrDown(l.carriers.Up(port.Name)), Session: status.SessionState(l.peers[s.PeerAddress].State),
			Uplink: l.uplinkState(),
		}
		for _, p := range l.lsps.Paths() {
			if p.Addr == s.PeerAddress {
				row.Paths++
			}
		}
		rows = append(rows, row)
	}
	return rows
}
