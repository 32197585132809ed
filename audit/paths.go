package audit

import (
	"fmt"
	"net/netip"

	"pseudowan/status"
)

// paths compares the labels with which routers send on label-switched paths with those that
// the next router on each has assigned.
func paths(t Tables) (all []status.Deviation) {
	type path struct {
		router string
		fec    netip.Prefix
	}
	of, assigned, answers := owners(t), map[path]*uint32{}, map[string]bool{}
	for _, p := range t.LSPs {
		assigned[path{p.Router, p.FEC}], answers[p.Router] = p.InLabel, true
	}
	check := func(p status.LSP, hop netip.Addr, out *uint32) {
		next := of[hop].Router
		if out == nil || !answers[next] {
			return
		}
		d := status.Deviation{Node: p.Router, Check: status.CheckLabel, Object: p.FEC.String()}
		switch in := assigned[path{next, p.FEC}]; {
		case in == nil:
			d.Detail = fmt.Sprintf("stale: router %s (%s) has assigned no label for this path, on which label %d is sent to it", next, hop, *out)
		case *in != *out:
			d.Detail = fmt.Sprintf("stale: the label is %d, and router %s (%s) has assigned %d", *out, next, hop, *in)
		default:
			return
		}
		all = append(all, d)
	}
	for _, p := range t.LSPs {
		for _, way := range p.Ways() {
			check(p, way.NextHop, &way.OutLabel)
		}
		check(p, p.Backup, p.BackupOut)
	}
	return all
}
