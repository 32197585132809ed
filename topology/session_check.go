package topology

import (
	"fmt"
	"slices"

	"pseudowan/bgp/session"
	"pseudowan/bgp/vpn"
)

// checkPair refuses settings of two ends that keep their session down.
func (b *sessionBuilder) checkPair(raw rawLink, mine, theirs sessionKeys, element string) {
	where := raw.BGP.at
	if where == (pos{}) {
		where = raw.At
	}
	if mine.v.Passive && theirs.v.Passive {
		b.refuse(mine.at("passive"), element, "both ends are passive: nobody connects", "set passive: true at one end only")
	}
	if mine.v.Password != theirs.v.Password {
		b.refuse(where, element, "the ends have different passwords", "set password: once, in the link's bgp:")
	}
	if mine.v.GTSM != theirs.v.GTSM {
		b.refuse(where, element, "only one end has gtsm", "set gtsm: once, in the link's bgp:")
	}
	a, c := mine.resolved(session.Routers).Families, theirs.resolved(session.Routers).Families
	if !slices.ContainsFunc(a, func(f vpn.Family) bool { return slices.Contains(c, f) }) {
		b.refuse(where, element, "the ends have no address family in common", "set families: once, in the link's bgp:")
	}
}

// checkReflector refuses a route reflector without a client on the link.
func (b *sessionBuilder) checkReflector(raw rawLink, link Link, i int) {
	if !reflects(raw.Ends[i]) {
		return
	}
	as := b.lab.Routers[b.router[link.Ends[i].Router]].AS
	for j, end := range link.Ends {
		if j != i && b.lab.Routers[b.router[end.Router]].AS == as && !reflects(raw.Ends[j]) {
			return
		}
	}
	b.refuse(raw.Ends[i].settings.BGP.RouteReflector.at, linkElement(raw), fmt.Sprintf("%s reflects routes, but no other router of AS %d on the link is a client", raw.Ends[i].name.v, as),
		"remove route-reflector, or put the routers in one AS")
}
