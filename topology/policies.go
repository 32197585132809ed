package topology

import (
	"fmt"
	"net/netip"
	"slices"

	"pseudowan/bgp/policy"
	"pseudowan/bgp/vpn"
)

// policyBuilder fills Policies.
type policyBuilder struct {
	*report
	raw     *rawTopology
	lab     *Topology
	lists   map[string]*prefixList
	defined map[string]*definedPolicy
	entered int // prefixes so far, in lists and terms
}

// maxPrefixes bounds the entries of all lists and terms, those that they include
// among them: lists that include each other double with each step.
const maxPrefixes = 1 << 18

// prefixList is a prefix list of the file.
type prefixList struct {
	at       pos
	raw      []value[listEntry]
	entries  policy.PrefixList
	resolved bool
	within   bool // its entries are being collected
	users    []string
}

// definedPolicy is a policy of the file.
type definedPolicy struct {
	policy.Policy
	at   pos
	used bool
}

// define reads the prefix lists and the policies.
func (b *policyBuilder) define() {
	for _, e := range b.raw.PrefixLists {
		b.checkName(e.key, "prefix-list", maxName)
		b.lists[e.key.v] = &prefixList{at: e.key.at, raw: e.value}
	}
	for _, e := range b.raw.PrefixLists {
		b.resolve(b.lists[e.key.v], "prefix-list "+e.key.v)
	}
	for _, e := range b.raw.Policies {
		b.checkName(e.key, "policy", maxName)
		d := &definedPolicy{Policy: policy.Policy{Name: e.key.v}, at: e.key.at}
		for i, raw := range e.value {
			d.Terms = append(d.Terms, b.term(raw, fmt.Sprintf("policy %s, term %d", e.key.v, i+1)))
		}
		b.defined[e.key.v] = d
		b.lab.Policies = append(b.lab.Policies, d.Policy)
		b.lint(d, e.value)
	}
	for _, e := range b.raw.PrefixLists {
		b.lab.PrefixLists = append(b.lab.PrefixLists, PrefixList{e.key.v, b.lists[e.key.v].users})
	}
}

// lint warns of what the author of a policy cannot have meant.
func (b *policyBuilder) lint(d *definedPolicy, raw []rawTerm) {
	for _, f := range d.Lint() {
		if f.Term == 0 {
			b.warn(d.at, "policy "+d.Name, f.Message, "add terms, or remove it")
			continue
		}
		b.warn(raw[f.Term-1].At, fmt.Sprintf("policy %s, term %d", d.Name, f.Term), f.Message, "remove or change the term")
	}
}

// resolve collects the entries of a list, those of the lists that it includes
// among them.
func (b *policyBuilder) resolve(l *prefixList, element string) {
	if l.resolved {
		return
	}
	l.within = true
	l.entries = b.entries(l.raw, element)
	l.within, l.resolved = false, true
}

// entries resolves the entries of a list; nil becomes an empty list.
func (b *policyBuilder) entries(raw []value[listEntry], element string) policy.PrefixList {
	out := policy.PrefixList{}
	for _, v := range raw {
		switch {
		case !v.has:
		case v.v.list == "":
			out = append(out, v.v.entry)
		default:
			out = append(out, b.included(v, element)...)
		}
		if b.entered+len(out) > maxPrefixes {
			b.refuse(v.at, element, fmt.Sprintf("the prefix lists and policies have more than %d entries, with what they include", maxPrefixes), "name fewer lists")
			return out[:0]
		}
	}
	b.entered += len(out)
	return out
}

// included returns the entries of the list that an entry names.
func (b *policyBuilder) included(v value[listEntry], element string) policy.PrefixList {
	l := b.lists[v.v.list]
	switch {
	case l == nil:
		b.refuse(v.at, element, fmt.Sprintf("no prefix list is named %q", v.v.list), suggest(v.v.list, b.lists))
		return nil
	case l.within:
		b.refuse(v.at, element, fmt.Sprintf("prefix list %s includes itself by way of %s", v.v.list, element), "remove one of the names")
		return nil
	}
	l.users = append(l.users, element)
	b.resolve(l, "prefix-list "+v.v.list)
	return l.entries
}

// term resolves a term of a policy.
func (b *policyBuilder) term(raw rawTerm, element string) policy.Term {
	t := policy.Term{Match: b.match(raw.Match, element), Set: b.set(raw.Set, element), Then: raw.Then.v}
	if why := t.Match.Contradiction(); why != "" {
		at := raw.At
		if len(raw.Match.Family) > 0 {
			at = raw.Match.Family[0].at
		}
		b.refuse(at, element, "can match nothing: "+why, "change family:, or what it contradicts")
	}
	return t
}

func (b *policyBuilder) match(raw rawMatch, element string) policy.Match {
	m := policy.Match{
		Communities: valuesOf(raw.Communities), Large: valuesOf(raw.Large), RTs: valuesOf(raw.RTs), SoO: valuesOf(raw.SoO),
		Extended: valuesOf(raw.Extended), ASPath: valuesOf(raw.ASPath), RD: valuesOf(raw.RD), MED: valuesOf(raw.MED),
	}
	if raw.Prefixes != nil {
		m.Prefixes = b.entries(raw.Prefixes, element)
	}
	for _, hop := range valuesOf(raw.NextHop) {
		m.NextHop = append(m.NextHop, netip.Prefix(hop))
	}
	if raw.Family != nil {
		m.Families = []vpn.Family{}
	}
	for _, f := range valuesOf(raw.Family) {
		m.Families = append(m.Families, vpn.Family(f))
	}
	return m
}

// mostPrepended bounds what an AS path is lengthened by.
const mostPrepended = 32

func (b *policyBuilder) set(raw rawSet, element string) policy.Set {
	s := policy.Set{
		MED: pointer(raw.MED), LocalPref: pointer(raw.LocalPref), Weight: pointer(raw.Weight), NextHop: raw.NextHop.v,
		Communities: edit(b.report, raw.Communities, element), Large: edit(b.report, raw.Large, element),
		RTs: edit(b.report, raw.RTs, element), SoO: edit(b.report, raw.SoO, element),
	}
	if hop := raw.NextHop; hop.has && (hop.v.IsUnspecified() || hop.v.IsMulticast() || hop.v.IsLoopback()) {
		b.refuse(hop.at, element, fmt.Sprintf("next-hop %s is not the address of a router", hop.v), "use a unicast address")
	}
	b.checkPatterns(raw.Communities.Delete, false, element)
	b.checkPatterns(raw.Large.Delete, true, element)
	s.Prepend.Times = int(raw.Prepend.times.v)
	for _, as := range raw.Prepend.as {
		s.Prepend.AS = append(s.Prepend.AS, uint32(as.v))
	}
	switch times := raw.Prepend.times; {
	case times.has && (times.v == 0 || times.v > mostPrepended):
		b.refuse(times.at, element, fmt.Sprintf("prepend %d is not allowed", times.v), fmt.Sprintf("use 1 to %d", mostPrepended))
	case len(s.Prepend.AS) > mostPrepended:
		b.refuse(raw.Prepend.as[mostPrepended].at, element, fmt.Sprintf("prepends %d AS numbers", len(s.Prepend.AS)), fmt.Sprintf("use up to %d", mostPrepended))
	}
	return s
}

// checkPatterns refuses patterns of the other kind of communities.
func (b *policyBuilder) checkPatterns(list []value[policy.CommunityPattern], large bool, element string) {
	for _, p := range list {
		switch {
		case !p.has || p.v.Large() == large:
		case large:
			b.refuse(p.at, element, fmt.Sprintf("%s is not a large community", p.v), "write it as 65001:1:2 or 65001:*:*")
		default:
			b.refuse(p.at, element, fmt.Sprintf("%s is a large community", p.v), "write it under large-communities:")
		}
	}
}

// edit resolves a change of communities.
func edit[V, P any](r *report, raw rawEdit[V, P], element string) policy.Edit[V, P] {
	if raw.Replace != nil && len(raw.Add)+len(raw.Delete) > 0 {
		r.refuse(raw.at, element, "replace leaves nothing to delete, and names all that is added", "use replace: alone, or add: and delete:")
	}
	return policy.Edit[V, P]{Replace: valuesOf(raw.Replace), Delete: valuesOf(raw.Delete), Add: valuesOf(raw.Add)}
}

// valuesOf returns the readable values of a list; nil only where there is no
// list.
func valuesOf[T any](list oneOrMany[value[T]]) []T {
	if list == nil {
		return nil
	}
	out := make([]T, 0, len(list))
	for _, v := range list {
		if v.has {
			out = append(out, v.v)
		}
	}
	return out
}

func pointer[T any](v value[T]) *T {
	if !v.has {
		return nil
	}
	return &v.v
}

func names(list oneOrMany[value[string]]) []string {
	if out := valuesOf(list); len(out) > 0 {
		return slices.Clip(out)
	}
	return nil
}
