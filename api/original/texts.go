package original

import (
	"context"
	"fmt"
	"strings"

	"pseudowan/status"
)

// The original answers some requests with the texts of its BGP library.

// Lines that begin texts, and the forms of their rows.
const (
	bestCodes    = "Status codes: * valid, > best\n"
	originCodes  = "Origin codes: i - IGP, e - EGP, ? - incomplete\n"
	bestForm     = "%s  %-32s %-8s %-20s %-15s %-6s %-6s %s\n"
	neighborForm = "%s  %-19s %-32s %-8s %-20s %-6s %-6s %s\n"
)

// bestHead is the header of tables with best routes.
func bestHead() string {
	return fmt.Sprintf(bestForm, "   ", "Network", "Labels", "Next Hop", "Reason", "Metric", "LocPrf", "Path")
}

// vrfs lists the routes of the VRFs.
func vrfs(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.VRFs(ctx, q.Router)
	var b strings.Builder
	b.WriteString(bestCodes + originCodes + bestHead())
	for _, v := range all {
		fmt.Fprintf(&b, "VPN: ('%s', 'ipv4')\n", v.RD)
		for _, r := range v.Routes {
			if r.Prefix.Addr().Is4() {
				fmt.Fprintf(&b, bestForm, codes(r.Unusable == "", r.Best), r.Prefix, "None", r.NextHop, r.Reason, optional(r.MED), optional(r.LocalPref), path(r.ASPath, r.Origin))
			}
		}
	}
	return b.String(), err
}

// rib lists the VPN routes.
func rib(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.RIB(ctx, q.Router)
	name := func(r status.RIB) string { return r.RD + ":" + r.Prefix.String() }
	paths := map[string]int{}
	for _, r := range all {
		paths[name(r)]++
	}
	var b strings.Builder
	b.WriteString(bestCodes + originCodes + bestHead() + "Family: vpnv4\n")
	for _, r := range all {
		if !r.Prefix.Addr().Is4() {
			continue
		}
		reason := ""
		if r.Best && paths[name(r)] == 1 {
			reason = "Only Path"
		}
		fmt.Fprintf(&b, bestForm, codes(r.Unusable == "", r.Best), name(r), fmt.Sprintf("[%d]", r.Label), r.NextHop, reason, optional(r.MED), optional(r.LocalPref), path(r.ASPath, r.Origin))
	}
	return b.String(), err
}

// neighbor lists the routes of the sessions with a peer. When they came is not known.
func neighbor(ctx context.Context, lab Lab, q Query) (any, error) {
	all, err := lab.SessionRoutes(ctx, q.Router, q.Peer, q.View)
	var b strings.Builder
	b.WriteString("Status codes: x filtered\n" + originCodes)
	fmt.Fprintf(&b, neighborForm, "   ", "Timestamp", "Network", "Labels", "Next Hop", "Metric", "LocPrf", "Path")
	for _, r := range all {
		if !r.Prefix.Addr().Is4() {
			continue
		}
		code, network, label := "   ", r.Prefix.String(), "None"
		if r.Rejected != "" {
			code = " x "
		}
		if r.RD != "" {
			network = r.RD + ":" + network
		}
		if r.Label != nil {
			label = fmt.Sprintf("[%d]", *r.Label)
		}
		fmt.Fprintf(&b, neighborForm, code, "", network, label, r.NextHop, optional(r.MED), optional(r.LocalPref), path(r.ASPath, r.Origin))
	}
	return b.String(), err
}

// codes are the status codes of a route.
func codes(usable, best bool) string {
	c := []byte("   ")
	if usable {
		c[1] = '*'
	}
	if best {
		c[2] = '>'
	}
	return string(c)
}

// path is an AS path with the origin.
func path(as string, origin status.Origin) string {
	code := map[status.Origin]string{"igp": "i", "egp": "e", "incomplete": "?"}[origin]
	if as != "" {
		return as + " " + code
	}
	return code
}

func optional(n *uint32) string {
	if n == nil {
		return ""
	}
	return fmt.Sprint(*n)
}
