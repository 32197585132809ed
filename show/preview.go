package show

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
)

// Preview prints what up would do; verbose also object by object.
func Preview(o Output, p status.Preview, verbose bool) error {
	p.Undoes, p.Reach, p.Routes = present(p.Undoes), present(p.Reach), present(p.Routes)
	p.Unaffected, p.Nodes, p.Differences = present(p.Unaffected), present(p.Nodes), present(p.Differences)
	for i := range p.Reach {
		p.Reach[i].Addresses = present(p.Reach[i].Addresses)
	}
	return emitOne(o, p, func() string {
		var b strings.Builder
		for _, line := range p.Undoes {
			fmt.Fprintf(&b, "undoes a change made while the lab ran: %s\n", line)
		}
		for _, line := range slices.Concat(reachLines(p.Reach), routeLines(p.Routes)) {
			fmt.Fprintln(&b, line)
		}
		switch {
		case p.Nothing():
			fmt.Fprintf(&b, "lab %s: nothing to do\n", p.Lab)
			return b.String()
		case !p.Running:
			fmt.Fprintf(&b, "lab %s does not run: up starts it\n", p.Lab)
		case len(p.Unaffected) > 0:
			fmt.Fprintf(&b, "%s: unaffected\n", enumerated(p.Unaffected))
		}
		if verbose {
			for _, line := range slices.Concat(p.Nodes, p.Differences) {
				fmt.Fprintln(&b, line)
			}
		} else if p.Running {
			fmt.Fprintf(&b, "lab %s: %d differences from the file, %d changes of nodes; -v lists them\n", p.Lab, len(p.Differences), len(p.Nodes))
		}
		return b.String()
	})
}

// reached is what some hosts of a VRF will reach, or no longer.
type reached struct {
	vrf, to string // to: in words
	gained  bool
	from    []string
}

// reachLines says who will reach whom: hosts that reach the same in one line.
func reachLines(all []status.ReachChange) (lines []string) {
	if line, whole := eachOther(all); whole {
		return line
	}
	var groups []reached
	for i := 0; i < len(all); {
		one, to := all[i], []string{}
		for ; i < len(all) && all[i].VRF == one.VRF && all[i].From == one.From && all[i].Gained == one.Gained; i++ {
			to = append(to, other(all[i]))
		}
		g := reached{one.VRF, enumerated(to), one.Gained, []string{one.From}}
		if n := len(groups) - 1; n >= 0 && groups[n].vrf == g.vrf && groups[n].to == g.to && groups[n].gained == g.gained {
			groups[n].from = append(groups[n].from, one.From)
			continue
		}
		groups = append(groups, g)
	}
	for _, g := range groups {
		verb := "will reach"
		if !g.gained {
			verb = "will no longer reach"
		}
		lines = append(lines, strings.TrimPrefix(g.vrf+": ", ": ")+enumerated(g.from)+" "+verb+" "+g.to)
	}
	return lines
}

// eachOther says of VRFs whose hosts all reach each other, in a lab that is new, just
// that; whole reports whether that is all there is to say.
func eachOther(all []status.ReachChange) (lines []string, whole bool) {
	hosts, pairs := map[string][]string{}, map[string]int{}
	var vrfs []string
	for _, r := range all {
		if !r.Gained || len(r.Addresses) > 0 {
			return nil, false
		}
		if pairs[r.VRF] == 0 {
			vrfs = append(vrfs, r.VRF)
		}
		pairs[r.VRF]++
		for _, name := range []string{r.From, r.To} {
			if !slices.Contains(hosts[r.VRF], name) {
				hosts[r.VRF] = append(hosts[r.VRF], name)
			}
		}
	}
	for _, v := range vrfs {
		if n := len(hosts[v]); pairs[v] != n*(n-1) {
			return nil, false
		}
		lines = append(lines, v+": "+enumerated(hosts[v])+" will reach each other")
	}
	return lines, true
}

// other names the other host, and its addresses if only some are meant.
func other(r status.ReachChange) string {
	if len(r.Addresses) == 0 {
		return r.To
	}
	return fmt.Sprintf("%s at %s", r.To, enumerated(words(r.Addresses, netip.Addr.String)))
}

// routeLines says what routers announce and withdraw: the prefixes of a VRF in one line.
func routeLines(all []status.RouteChange) (lines []string) {
	for i := 0; i < len(all); {
		one, prefixes := all[i], []string{}
		for ; i < len(all) && all[i].Router == one.Router && all[i].VRF == one.VRF && all[i].Announced == one.Announced; i++ {
			prefixes = append(prefixes, all[i].Prefix.String())
		}
		verb := "announces"
		if !one.Announced {
			verb = "withdraws"
		}
		lines = append(lines, fmt.Sprintf("%s: %s %s %s", one.VRF, one.Router, verb, enumerated(prefixes)))
	}
	return lines
}

// enumeratedAll is how many things are named one by one.
const enumeratedAll = 12

// enumerated joins names as in "a, b and c"; of many, it counts the rest.
func enumerated(names []string) string {
	switch n := len(names); {
	case n == 1:
		return names[0]
	case n > enumeratedAll:
		return fmt.Sprintf("%s and %d more", strings.Join(names[:enumeratedAll-1], ", "), n-enumeratedAll+1)
	default:
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
}

func words[T any](all []T, word func(T) string) (out []string) {
	for _, one := range all {
		out = append(out, word(one))
	}
	return out
}
