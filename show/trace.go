package show

import (
	"fmt"
	"strings"

	"pseudowan/status"
)

// Trace prints the path of a packet: what each router does by its tables and by
// its Open vSwitch, who answered real packets, and where these disagree.
func Trace(o Output, t status.Trace) error {
	t.Hops, t.Real, t.Disagreements, t.CannotTell = presentHops(t.Hops), present(t.Real), present(t.Disagreements), present(t.CannotTell)
	for i := range t.Real {
		t.Real[i].Arrived = present(t.Real[i].Arrived)
	}
	return emitOne(o, t, func() string {
		g := grid{colour: o.Colour, columns: []column{
			number("hop"), text("node"), text("source"), text("vrf"), text("route"), text("popped"), text("pushed"),
			text("out"), text("to"), optional("stops"),
		}}
		for i, h := range t.Hops {
			if h.Switch == nil {
				g.add(decimal(i), h.Node, string(h.Kind), "", "", "", "", "", "", "")
				continue
			}
			g.add(append([]string{decimal(i), h.Node, "tables"}, forwardingCells(*h.Tables)...)...)
			g.add(append([]string{decimal(i), h.Node, "switch"}, forwardingCells(*h.Switch)...)...)
		}
		var b strings.Builder
		fmt.Fprintf(&b, "from %s (%s) to %s\n%s", t.From, address(t.Source), address(t.Destination), g.String())
		fmt.Fprintf(&b, "by the flows the packet %s\n", t.Outcome)
		b.WriteString(realHops(t))
		b.WriteString(agreement(t))
		return b.String()
	})
}

// presentHops copies hops, with empty lists instead of nil.
func presentHops(hops []status.Hop) []status.Hop {
	copied := make([]status.Hop, len(hops))
	for i, h := range hops {
		h.Tables, h.Switch = presentForwarding(h.Tables), presentForwarding(h.Switch)
		copied[i] = h
	}
	return copied
}

func presentForwarding(f *status.Forwarding) *status.Forwarding {
	if f == nil {
		return nil
	}
	c := *f
	c.Passed, c.Stack = present(c.Passed), present(c.Stack)
	return &c
}

func realHops(t status.Trace) string {
	if len(t.Real) == 0 {
		return "real packets: none were answered\n"
	}
	words := make([]string, len(t.Real))
	for i, h := range t.Real {
		words[i] = "*"
		if h.Address.IsValid() {
			words[i] = strings.TrimSpace(fmt.Sprintf("%s %s", h.Address, parenthesised(h.Node)))
		}
		if h.Refusal != "" {
			words[i] += " says " + h.Refusal
		}
	}
	return "real packets pass: " + strings.Join(words, ", ") + "\n"
}

func parenthesised(s string) string {
	if s == "" {
		return ""
	}
	return "(" + s + ")"
}

func agreement(t status.Trace) string {
	var b strings.Builder
	for _, text := range t.CannotTell {
		fmt.Fprintf(&b, "cannot tell: %s\n", text)
	}
	switch {
	case len(t.Disagreements) > 0:
		b.WriteString("disagreements:\n  " + strings.Join(t.Disagreements, "\n  ") + "\n")
	case len(t.CannotTell) > 0:
		b.WriteString("tables and flows agree\n")
	default:
		b.WriteString("tables, flows and real packets agree\n")
	}
	return b.String()
}

func forwardingCells(f status.Forwarding) []string {
	vrf := f.VRF
	if f.RD != "" {
		vrf += " (" + f.RD + ")"
	}
	route := prefix(f.Prefix)
	if f.NextHop.IsValid() && !f.NextHop.IsUnspecified() {
		route = strings.TrimSpace(route + " via " + f.NextHop.String())
	}
	return []string{vrf, route, pointed(f.Popped), pushedCell(f), f.Out, f.To, f.Stops}
}

// pushedCell writes the label that a router pushes; if it is one of several with which the
// packet leaves, all of them.
func pushedCell(f status.Forwarding) string {
	if f.Pushed == nil || len(f.Stack) < 2 {
		return pointed(f.Pushed)
	}
	words := make([]string, len(f.Stack))
	for i, label := range f.Stack {
		words[i] = decimal(label)
	}
	return strings.Join(words, "/")
}

// Explanation prints why a prefix is in a VRF or not.
func Explanation(o Output, e status.Explanation) error {
	e.Import, e.Paths, e.Origins, e.Longer = present(e.Import), present(e.Paths), present(e.Origins), present(e.Longer)
	for i := range e.Origins {
		e.Origins[i].Export = present(e.Origins[i].Export)
	}
	for i := range e.Paths {
		e.Paths[i].ChangedBy = present(e.Paths[i].ChangedBy)
	}
	return emitOne(o, e, func() string {
		var b strings.Builder
		fmt.Fprintf(&b, "router %s, VRF %s (rd %s, imports %s), prefix %s\n", e.Router, e.VRF, e.RD, listOr(e.Import, "nothing"), e.Prefix)
		fmt.Fprintf(&b, "%s\n", e.Verdict)
		if e.Remedy != "" {
			fmt.Fprintf(&b, "remedy: %s\n", e.Remedy)
		}
		b.WriteString(explainedPaths(e.Paths))
		b.WriteString(explainedOrigins(e.Origins))
		return b.String()
	})
}

func explainedPaths(paths []status.ExplainedPath) string {
	if len(paths) == 0 {
		return ""
	}
	g := grid{columns: []column{optional("best"), text("source"), text("next hop"), text("label"), text("reason"), text("meaning")}}
	for _, p := range paths {
		best := ""
		if p.Best {
			best = ">"
		}
		g.add(best, string(p.Source), address(p.NextHop), pointed(p.Label), p.Reason, p.Meaning)
	}
	return "\npaths in the VRF:\n" + g.String()
}

func explainedOrigins(origins []status.ExplainedRoute) string {
	if len(origins) == 0 {
		return ""
	}
	g := grid{columns: []column{text("router"), text("vrf"), text("host"), text("prefix"), text("source"), text("exports"), text("verdict")}}
	for _, r := range origins {
		g.add(r.Router, r.VRF, r.Host, prefix(r.Prefix), string(r.Source), list(r.Export), r.Verdict)
	}
	return "\nroutes of the lab's hosts:\n" + g.String()
}

func listOr(items []string, empty string) string {
	if len(items) == 0 {
		return empty
	}
	return list(items)
}
