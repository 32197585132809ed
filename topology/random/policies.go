package random

import (
	"fmt"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/topology"
)

// policyKeys are the keys of policies.
var policyKeys = slices.Concat(
	[]key{
		{"prefix-lists", within(), prefixLists},
		{"policies", within(), policies},
		{"policies", within(), policies},

		{"then", terms, among("accept", "reject", "next")},

		{"prefixes", matches, oneOrSome(listEntry)},
		{"family", matches, oneOrSome(among("vpnv4", "vpnv6", "ipv4", "ipv6"))},
		{"communities", matches, oneOrSome(among("64999:1", "64999:*", "64999:1 64999:2"))},
		{"large-communities", matches, oneOrSome(among("64999:1:1", "64999:*:2"))},
		{"rts", matches, oneOrSome(routeTarget)},
		{"soo", matches, oneOrSome(distinguisher)},
		{"extended-communities", matches, oneOrSome(among("rt:64999:1", "soo:64999:1", "0x030b000000000001"))},
		{"as-path", matches, oneOrSome(among("^$", "^6500[0-9]_", "_64999_"))},
		{"next-hop", matches, oneOrSome(among("192.168.77.9", "203.0.113.0/24", "2001:db8:9999::/48"))},
		{"rd", matches, oneOrSome(distinguisher)},
		{"med", matches, oneOrSome(among(0, 1, "1-3"))},

		{"med", sets, number(0, 3)},
		{"local-pref", sets, among(50, 100, 200)},
		{"weight", sets, number(0, 3)},
		{"next-hop", sets, among("192.168.77.9", "2001:db8::77")},
		{"prepend", sets, among(1, 2, []any{64990}, []any{64990, 64991})},
	},
	editKeys("communities", among("64999:1", "64999:2"), among("64999:1", "*:2")),
	editKeys("large-communities", among("64999:1:1", "64999:2:2"), among("64999:1:1", "*:2:*")),
	editKeys("rts", routeTarget, routeTarget),
	editKeys("soo", distinguisher, distinguisher),
)

// editKeys are the changes of one kind of communities.
func editKeys(kind string, what, which maker) []key {
	at := inside(sets, kind)
	return []key{{"add", at, oneOrSome(what)}, {"delete", at, oneOrSome(which)}, {"replace", at, oneOrSome(what)}}
}

// terms are the terms of policies, with what they match and set.
var (
	terms = func(e *editor) []place {
		m, _ := e.file.get("policies").(*mapping)
		if m == nil {
			return nil
		}
		var out []place
		for _, name := range m.keys() {
			out = append(out, listed(m, name, "policy "+name+" term")...)
		}
		return out
	}
	matches = inside(terms, "match")
	sets    = inside(terms, "set")
)

func prefixLists(e *editor, at *mapping) any {
	return edited(e, at.get("prefix-lists"), oneOf(e, listNames...), some(listEntry)(e, nil))
}

// listEntry is an entry of a prefix list, or the name of a list.
func listEntry(e *editor, _ *mapping) any {
	if name := nameOf("prefix-lists")(e, nil); name != nil && e.chance(3) {
		return name
	}
	n := 1 + e.IntN(99)
	return oneOf[any](e, fmt.Sprintf("10.%d.0.0/16 le 32", n), "10.0.0.0/8 ge 16 le 24", fmt.Sprintf("except 10.%d.0.0/24", n), "0.0.0.0/0 le 32",
		fmt.Sprintf("2001:db8:%x::/48 le 64", n), "::/0 le 128")
}

// policies has one policy more than before, one less, or one with other terms.
func policies(e *editor, at *mapping) any {
	return edited(e, at.get("policies"), oneOf(e, policyNames...), someTerms(e))
}

// The names that policies and prefix lists have: few, so that they come and go.
var (
	policyNames = []string{"p1", "p2", "p3"}
	listNames   = []string{"n1", "n2"}
)

func someTerms(e *editor) []any {
	list := []any{}
	for range e.IntN(3) {
		t := new(mapping)
		switch e.IntN(3) {
		case 0:
			t.set("match", mapped("prefixes", listEntry(e, nil)))
		case 1:
			t.set("set", mapped("med", e.IntN(3)))
		}
		t.set("then", among("accept", "next", "next", nil)(e, nil))
		list = append(list, t)
	}
	return list
}

// harmless reports whether the policies of a lab leave everything where it is:
// nothing of what its VRFs must have is due to them, and its hosts are told all
// that they would be without.
func harmless(lab *topology.Topology) bool {
	if len(lab.Policies) == 0 {
		return true
	}
	without := *lab
	without.Policies = nil
	routes, others := map[topology.ExpectedRoute]bool{}, without.Intent()
	for _, r := range others.Routes {
		routes[r] = true
	}
	meant := lab.Intent()
	if len(meant.Routes) != len(others.Routes) || !slices.Equal(meant.Imports, others.Imports) {
		return false
	}
	for _, r := range meant.Routes {
		if !routes[r] {
			return false
		}
	}
	for _, h := range lab.Hosts {
		for _, a := range h.Attachments {
			if a.BGP != nil && slices.ContainsFunc(policy.Named(lab.Policies, a.BGP.ExportPolicy), withholds) {
				return false
			}
		}
	}
	return true
}

// withholds reports whether a policy may keep a route from a host.
func withholds(p policy.Policy) bool {
	return slices.ContainsFunc(p.Terms, func(t policy.Term) bool { return t.Then == policy.Reject || t.Set.NextHop.IsValid() })
}
