package doctor

import (
	"fmt"
	"strings"

	"pseudowan/status"
)

// neighbours judges the kernel's neighbour tables. If the kernel drops an entry of a
// host, the host resolves it again. Routers need theirs all the time: a table too
// small for them never settles.
func neighbours(o Observed, n Need) []status.Finding {
	var told, sysctls []string
	full, hopeless := false, false
	for _, t := range []struct {
		name, sysctl string
		Table
		need Entries
	}{{"ARP", "net.ipv4", o.Limits.ARP, n.ARP}, {"ND", "net.ipv6", o.Limits.ND, n.ND}} {
		if t.Most == 0 {
			continue
		}
		detail := fmt.Sprintf("%s %d, of which %d are in use", t.name, t.Most, t.Used)
		if t.need.all() > 0 {
			detail += fmt.Sprintf(", and the lab needs %d", t.need.all())
		}
		told = append(told, detail)
		if t.Used+t.need.all() > t.Most {
			full, hopeless = true, hopeless || t.need.Routers > t.Most
			sysctls = append(sysctls, fmt.Sprintf("%s.neigh.default.gc_thresh3=%d", t.sysctl, roundUp(t.Used+t.need.all())))
		}
	}
	const check = "limit: neighbours"
	detail, remedy := strings.Join(told, "; "), "sysctl -w "+strings.Join(sysctls, " ")
	switch {
	case len(told) == 0:
		return nil
	case hopeless:
		return []status.Finding{fail(check, detail, "routers lose their BGP peers and next hops, and the lab does not converge: "+oneTable, remedy)}
	case full:
		return []status.Finding{warn(check, detail, "hosts and routers lose each other: "+oneTable, remedy)}
	}
	return []status.Finding{ok(check, "%s", detail)}
}

const oneTable = "the kernel has one neighbour table for all namespaces (\"neighbour table overflow\")"

// roundUp doubles n and returns the next power of two, at least 1024.
func roundUp(n uint64) uint64 {
	p := uint64(1024)
	for p < 2*n {
		p *= 2
	}
	return p
}
