package vrf

import (
	"pseudowan/bgp"
	"pseudowan/router/config"
)

// fill is how full a VRF is.
type fill int

const (
	roomy fill = iota
	near
	full
)

// Usage returns how many prefixes a VRF holds, and how many its limit keeps out.
func (t *Tables) Usage(vrf string) bgp.Usage { return t.tables.Usage(vrf) }

// logLimits says in the log when a VRF comes near its limit, reaches it, or has room
// again for all routes.
func (t *Tables) logLimits() {
	now := map[string]fill{}
	for _, v := range t.vrfs {
		if v.Limit.Max == 0 {
			continue
		}
		u := t.tables.Usage(v.Name)
		now[v.Name] = fillOf(v, u)
		if before := t.fill[v.Name]; now[v.Name] != before {
			t.logFill(v, u, before, now[v.Name])
		}
	}
	t.fill = now
}

func fillOf(v config.VRF, u bgp.Usage) fill {
	switch {
	case u.Refused > 0, v.Limit.WarningOnly && u.Held > int(v.Limit.Max):
		return full
	case v.Limit.Near(u.Held):
		return near
	}
	return roomy
}

func (t *Tables) logFill(v config.VRF, u bgp.Usage, before, now fill) {
	log := t.log.With("vrf", v.Name, "routes", u.Held, "max-routes", v.Limit.Max)
	switch {
	case now == full && v.Limit.WarningOnly:
		log.Warn("the VRF has more routes than max-routes")
	case now == full:
		log.Warn("the VRF is full: more routes are refused until there is room", "refused", u.Refused)
	case before == full:
		log.Info("the VRF has room again: no route is refused")
	case now == near:
		log.Warn("the VRF is almost full")
	}
}
