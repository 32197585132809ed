package trace

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/status"
)

// LSPHop is where packets on a label-switched path leave a router.
type LSPHop struct {
	Router, Interface string
	Label             uint32 // with which they leave; 3: without one (RFC 3032 section 2.1)
}

// String returns the hop as at a link.
func (h LSPHop) String() string {
	if h.Label == implicitNull {
		return h.Router + ": no label"
	}
	return fmt.Sprintf("%s: label %d", h.Router, h.Label)
}

// AlongLSP returns the hops of the label-switched path from a router to the loopback of
// another, the nearest first, each of equally short ones. lsps are those of all routers; at
// names the router that has an address on a link, "" if it is none of the lab: the path is
// not followed further there.
func AlongLSP(lsps []status.LSP, from, to string, at func(netip.Addr) string) (hops []LSPHop, err error) {
	first := slices.IndexFunc(lsps, func(p status.LSP) bool { return p.Router == from && p.Owner == to && p.OutLabel != nil })
	if first < 0 {
		return nil, status.NotFound(fmt.Sprintf("router %s has no label-switched path to the loopback of %s; see `pseudowan show lsp`", from, to))
	}
	fec := lsps[first].FEC
	routers := []string{from}
	for i := 0; i < len(routers); i++ { // it grows
		j := slices.IndexFunc(lsps, func(p status.LSP) bool { return p.Router == routers[i] && p.FEC == fec })
		if j < 0 {
			return hops, status.NotFound(fmt.Sprintf("the label-switched path from %s to %s ends at %s, which has none to %s", from, to, routers[i], fec))
		}
		for _, w := range lsps[j].Ways() {
			hops = append(hops, LSPHop{routers[i], w.Interface, w.OutLabel})
			if next := at(w.NextHop); next != "" && !slices.Contains(routers, next) {
				routers = append(routers, next)
			}
		}
	}
	return hops, nil
}
