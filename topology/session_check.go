package topology

import (
	"fmt"
	"slices"
	"time"

	"pseudowan/bgp/vpn"
)

// checkOptions refuses settings of one level that no session can have.
func (r *report) checkOptions(o bgpOptions, element string) {
	hold := time.Duration(o.HoldTime.or(lifetime(defaultHold)))
	if o.HoldTime.has && hold != 0 && (hold < leastHold || hold > longestTime) {
		r.refuse(o.HoldTime.at, element, fmt.Sprintf("hold time %v is not allowed (RFC 4271 section 4.2)", hold), "use 0, or 3 to 65535 seconds")
	}
	keepalive := time.Duration(o.Keepalive.v)
	switch {
	case o.Keepalive.has && hold == 0 && keepalive != 0:
		r.refuse(o.Keepalive.at, element, "keepalives without a hold time", "set hold-time, or remove keepalive")
	case o.Keepalive.has && hold != 0 && (keepalive == 0 || keepalive >= hold):
		r.refuse(o.Keepalive.at, element, fmt.Sprintf("keepalive %v does not fit into the hold time of %v", keepalive, hold), fmt.Sprintf("use a third of it, %v", (hold/3).Truncate(time.Second)))
	}
	retry := time.Duration(o.ConnectRetry.v)
	if o.ConnectRetry.has && (retry < time.Second || retry > longestTime) {
		r.refuse(o.ConnectRetry.at, element, fmt.Sprintf("connect-retry %v is not allowed", retry), "use 1 to 65535 seconds")
	}
	if o.LocalPref.has && o.LocalPref.v == 0 {
		r.refuse(o.LocalPref.at, element, "local-pref 0 cannot be set", "use 1 for the least")
	}
	if o.Password.has && (o.Password.v == "" || len(o.Password.v) > maxPasswordLen) {
		r.refuse(o.Password.at, element, fmt.Sprintf("the password has %d characters", len(o.Password.v)), fmt.Sprintf("use 1 to %d", maxPasswordLen))
	}
}

// checkPair refuses settings of two ends that would keep their session down
// for ever.
func (b *builder) checkPair(raw rawLink, mine, theirs bgpOptions, element string) {
	where := raw.BGP.at
	if where == (pos{}) {
		where = raw.At
	}
	if mine.Passive.v && theirs.Passive.v {
		b.refuse(first(mine.Passive, theirs.Passive).at, element, "both ends are passive: nobody connects", "set passive: true at one end only")
	}
	if mine.Password.v != theirs.Password.v {
		b.refuse(where, element, "the ends have different passwords", "set password: once, in the link's bgp:")
	}
	if mine.GTSM.v != theirs.GTSM.v {
		b.refuse(where, element, "only one end has gtsm", "set gtsm: once, in the link's bgp:")
	}
	a, c := mine.session().Families, theirs.session().Families
	if !slices.ContainsFunc(a, func(f vpn.Family) bool { return slices.Contains(c, f) }) {
		b.refuse(where, element, "the ends have no address family in common", "set families: once, in the link's bgp:")
	}
}

// checkReflector refuses a route reflector without a client on the link.
func (b *builder) checkReflector(raw rawLink, link Link, i int) {
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
