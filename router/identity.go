package router

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/ovs"
	"pseudowan/router/config"
)

// identity is the part of a configuration that a running agent cannot change.
type identity struct {
	as       uint32
	id       netip.Addr
	datapath ovs.Datapath
	core     bool // it has a speaker of labelled routes
	passesOn bool // it keeps the routes of others
}

func (i identity) String() string { return fmt.Sprint(i.as, i.id, i.datapath, i.core, i.passesOn) }

// startedWith returns a configuration's identity for an agent that runs on a datapath
// or, if running is "", for one that is starting.
func startedWith(cfg config.Router, running ovs.Datapath) identity {
	return identity{cfg.AS, cfg.RouterID, datapath(cfg.Datapath, running), cfg.Transport != nil, passesOn(cfg)}
}

// datapath returns the requested datapath. "auto" keeps the running one; when
// starting, it prefers the kernel's.
func datapath(asked string, running ovs.Datapath) ovs.Datapath {
	switch {
	case asked == string(ovs.System):
		return ovs.System
	case asked == string(ovs.Netdev):
		return ovs.Netdev
	case running != "":
		return running
	}
	return ovs.Preferred()
}

// listenAddresses returns the router's own addresses of its sessions with labelled routes,
// or of the others.
func listenAddresses(cfg config.Router, core bool) []netip.Addr {
	var out []netip.Addr
	for _, s := range cfg.Sessions {
		if labeled(s) == core && !slices.Contains(out, s.LocalAddress) {
			out = append(out, s.LocalAddress)
		}
	}
	slices.SortFunc(out, netip.Addr.Compare)
	return out
}
