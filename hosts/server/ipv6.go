package server

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// The kernel forwards IPv6 by one setting for all interfaces. Those of each interface
// make it a router to its neighbours.
const (
	all6     = "ipv6/conf/all/forwarding"
	default6 = "ipv6/conf/default/forwarding"
)

// noteIPv6 records what turning IPv6 forwarding on will change.
func (r *record) noteIPv6(links []netlink.Link) {
	if read(all6) != "0" {
		return
	}
	r.note(setting{Path: all6, Value: "0"})
	r.note(setting{Path: default6, Value: read(default6)})
	for _, l := range links {
		if s := of(l, "ipv6", "forwarding"); s.now() != "" {
			s.Value = s.now()
			r.note(s)
		}
	}
}

// closed6 reports whether no IPv6 was forwarded before any lab, and nobody else has
// turned it on for everything since: that sets the default, which labs leave at 0.
func (r record) closed6() bool {
	was := func(path string) string {
		i := slices.IndexFunc(r.Was, func(s setting) bool { return s.Path == path })
		if i < 0 {
			return ""
		}
		return r.Was[i].Value
	}
	return was(all6) == "0" && (r.Turning || was(default6) != "0" || read(default6) != "1")
}

// turnOnIPv6 makes the server forward IPv6, and its ends of segments known as routers
// there. What other interfaces are to their neighbours stays.
func turnOnIPv6(links []netlink.Link) error {
	r := loadRecord()
	ends, err := routerEnds()
	if err != nil {
		return err
	}
	on := append([]setting{{Path: all6, Value: "1"}}, ends...)
	if !r.Turning && !r.hasRA() && !slices.ContainsFunc(on, differs) {
		return nil
	}
	restore := r.Turning || read(all6) == "0"
	return r.turning(links, restore, func() error {
		if err := apply(on[:1]); err != nil {
			return err
		}
		if restore {
			if err := apply(r.forwarding6()); err != nil {
				return err
			}
		}
		return apply(ends)
	})
}

// routerEnds are the settings by which ends of segments are known as routers.
func routerEnds() (out []setting, err error) {
	links, err := netlink.LinkList()
	if err != nil {
		return nil, fmt.Errorf("list the server's interfaces: %w", err)
	}
	for _, l := range links {
		if _, _, ours := marked(l.Attrs().Alias); ours && strings.HasPrefix(l.Attrs().Name, Prefix) {
			out = append(out, setting{Path: "ipv6/conf/" + l.Attrs().Name + "/forwarding", Value: "1"})
		}
	}
	return out, nil
}

// turnOffIPv6 restores the settings. Those of each interface stay what others have
// made them since.
func (r *record) turnOffIPv6(links []netlink.Link) error {
	if !r.closed6() {
		if r.hasRA() {
			return r.turning(links, false, func() error { return nil })
		}
		return nil
	}
	was := []setting{{Path: default6, Value: read(default6)}}
	for _, l := range links {
		s := of(l, "ipv6", "forwarding")
		s.Value = s.now()
		was = append(was, s)
	}
	if r.Turning { // what it is now is what we have made it
		was = r.forwarding6()
	}
	return r.turning(links, true, func() error {
		if err := apply([]setting{{Path: all6, Value: "0"}}); err != nil {
			return err
		}
		return apply(was)
	})
}

// turning changes settings of IPv6 forwarding. Whenever one of them becomes 1, the
// kernel forgets what it has learned from router advertisements on all interfaces,
// except those whose accept_ra is 2; so it is 2 for that moment. If all is set, those
// of each interface change for that moment, too.
func (r *record) turning(links []netlink.Link, all bool, change func() error) error {
	for _, l := range links {
		if s := of(l, "ipv6", "accept_ra"); s.now() == "1" {
			s.Value = "1"
			r.note(s)
		}
	}
	r.Turning = r.Turning || all
	if err := r.save(); err != nil {
		return err
	}
	advertised := slices.DeleteFunc(slices.Clone(r.Was), func(s setting) bool { return !isRA(s) })
	for _, s := range advertised {
		s.Value = "2"
		if err := apply([]setting{s}); err != nil {
			return err
		}
	}
	if err := change(); err != nil {
		return err
	}
	if err := apply(advertised); err != nil {
		return err
	}
	r.Turning = false
	r.Was = slices.DeleteFunc(r.Was, isRA)
	return r.save()
}

// hasRA reports whether a process was killed while it changed settings.
func (r record) hasRA() bool { return slices.ContainsFunc(r.Was, isRA) }

// isRA reports whether a setting is changed for a moment only.
func isRA(s setting) bool { return strings.HasSuffix(s.Path, "/accept_ra") }

// forwarding6 returns the settings of each interface and of those to come.
func (r record) forwarding6() []setting {
	return slices.DeleteFunc(slices.Clone(r.Was), func(s setting) bool { return !s.is6() || isRA(s) || s.Path == all6 })
}

// differs reports whether a setting is there and has another value.
func differs(s setting) bool { return s.now() != "" && s.now() != s.Value }

// forgetLearned removes routes on the server's end of a segment that hosts there have
// taught the kernel. Those that somebody has written stay.
func (u Uplink) forgetLearned(end netlink.Link) error {
	routes, err := netlink.RouteListFiltered(netlink.FAMILY_V6, &netlink.Route{LinkIndex: end.Attrs().Index}, netlink.RT_FILTER_OIF)
	if err != nil {
		return fmt.Errorf("list routes: %w", err)
	}
	for _, route := range routes {
		if !u.learned(route) {
			continue
		}
		if err := netlink.RouteDel(&route); err != nil && !errors.Is(err, unix.ESRCH) {
			return fmt.Errorf("remove route %s: %w", route, err)
		}
	}
	return nil
}

// learned reports whether a route on the server's end is from a router advertisement
// or for a prefix in one.
func (u Uplink) learned(r netlink.Route) bool {
	const kernel, ra = 2, 9
	if r.Protocol == ra {
		return true
	}
	p := hosts.PrefixOf(r.Dst)
	return r.Protocol == kernel && p.IsValid() && !p.Addr().IsLinkLocalUnicast() && !p.Addr().IsMulticast() &&
		!slices.ContainsFunc(u.Addresses, func(a netip.Prefix) bool { return a.Masked() == p })
}
