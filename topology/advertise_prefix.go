package topology

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"time"
)

// Lifetimes of prefixes, and intervals between advertisements (RFC 4861 section
// 6.2.1). Router lifetimes are three intervals long or more.
const (
	validByDefault     = 30 * 24 * time.Hour // AdvValidLifetime
	preferredByDefault = 7 * 24 * time.Hour  // AdvPreferredLifetime
	longestLifetime    = 9000 * time.Second  // AdvDefaultLifetime
	leastInterval      = 4 * time.Second     // MaxRtrAdvInterval
	mostInterval       = 1800 * time.Second
	usualInterval      = 200 * time.Second
	usualLifetime      = 1800 * time.Second
)

// prefixes returns the advertised prefixes in their long form.
func (in rawRA) prefixes() []rawRAPrefix {
	if in.Prefix.missing() {
		return in.Prefixes
	}
	return append([]rawRAPrefix{{at: in.Prefix.at, raPrefixSettings: raPrefixSettings{Prefix: in.Prefix}}}, in.Prefixes...)
}

// advertised resolves the prefixes of an advertisement. It returns nil if there is none,
// or one that cannot be advertised.
func (b *attachmentBuilder) advertised(in rawRA, slaac bool, element string) []RAPrefix {
	all := in.prefixes()
	if len(all) == 0 {
		b.refuse(in.at, element, "advertises no prefix", `add prefix: "2001:db8:1::/64"`)
	}
	var out []RAPrefix
	for _, raw := range all {
		p, ok := b.advertisedPrefix(raw, in.Managed.v, slaac, element)
		if !ok {
			return nil
		}
		for i, other := range out {
			if other.Prefix.Overlaps(p.Prefix) {
				b.refuse(raw.Prefix.at, element, fmt.Sprintf("advertises %s, which overlaps with %s (line %d)", p.Prefix, other.Prefix, all[i].Prefix.at.line), "remove one of them")
				return nil
			}
		}
		out = append(out, p)
	}
	return out
}

// advertisedPrefix resolves one prefix, and reports whether it can be advertised.
func (b *attachmentBuilder) advertisedPrefix(raw rawRAPrefix, managed, slaac bool, element string) (RAPrefix, bool) {
	prefix := netip.Prefix(raw.Prefix.v)
	p := RAPrefix{
		Prefix: prefix, OnLink: raw.OnLink.or(true), Autonomous: raw.Autonomous.or(!managed),
		Valid: time.Duration(raw.Valid.v), Preferred: time.Duration(raw.Preferred.v),
	}
	switch {
	case raw.Prefix.missing():
		b.refuse(raw.at, element, "advertises no prefix", `add prefix: "2001:db8:1::/64"`)
		return p, false
	case !raw.Prefix.has:
		return p, false
	case prefix.Addr().Is4():
		b.refuse(raw.Prefix.at, element, fmt.Sprintf("%s is not an IPv6 prefix", prefix), "router advertisements are for IPv6")
		return p, false
	case slaac && p.Autonomous && prefix.Bits() != 64:
		b.refuse(raw.Prefix.at, element, fmt.Sprintf("SLAAC needs a /64, not %s (RFC 4862)", prefix), "advertise a /64")
		return p, false
	case !b.checkSubnet(raw.Prefix.at, element, prefix):
		return p, false
	}
	return p, b.prefixLifetimes(raw, &p, element)
}

// prefixLifetimes sets the lifetimes that are not given, and refuses those that
// contradict each other (RFC 4861 section 4.6.2).
func (b *attachmentBuilder) prefixLifetimes(raw rawRAPrefix, p *RAPrefix, element string) bool {
	if raw.Valid.bad || raw.Preferred.bad {
		return false
	}
	if raw.Preferred.missing() {
		p.Preferred = preferredByDefault
		if raw.Valid.has {
			p.Preferred = min(p.Preferred, p.Valid)
		}
	}
	if raw.Valid.missing() {
		p.Valid = max(validByDefault, p.Preferred)
	}
	switch {
	case p.Valid == 0:
		b.refuse(raw.Valid.at, element, fmt.Sprintf("prefix %s has the valid lifetime 0: nobody would use it", p.Prefix), "remove the prefix, or write preferred: 0 for one that is deprecated")
		return false
	case p.Preferred > p.Valid:
		b.refuse(raw.Preferred.at, element, fmt.Sprintf("preferred lifetime %v of %s is longer than the valid one, %v (RFC 4861 section 4.6.2)", p.Preferred, p.Prefix, p.Valid), "shorten it, or lengthen valid:")
		return false
	}
	return true
}

// times sets the router lifetime and the interval, and refuses those that do not fit
// each other: what is advertised must not lapse before it is advertised again.
func (b *attachmentBuilder) times(in rawRA, out *RA, element string) {
	out.Interval = time.Duration(in.Interval.v)
	if in.Lifetime.missing() {
		out.Lifetime = max(usualLifetime, min(3*out.Interval, longestLifetime))
	}
	shortest, what := out.shortest()
	if !in.Interval.has {
		out.Interval = max(min(usualInterval, shortest/3), leastInterval)
	}
	switch {
	case out.Lifetime > longestLifetime:
		b.refuse(in.Lifetime.at, element, fmt.Sprintf("router lifetime %v is more than 9000 s (RFC 4861 section 6.2.1)", out.Lifetime), "use 1800")
	case out.Interval < leastInterval || out.Interval > mostInterval:
		b.refuse(in.Interval.at, element, fmt.Sprintf("interval %v is not from 4 s to 1800 s (RFC 4861 section 6.2.1)", out.Interval), "use 200")
	case in.Interval.has && out.Interval > shortest:
		b.refuse(in.Interval.at, element, fmt.Sprintf("interval %v is longer than the %s, %v, which would lapse in between", out.Interval, what, shortest), "shorten it")
	}
}

// shortest returns the shortest lifetime of an advertisement, and whose it is.
func (a *RA) shortest() (time.Duration, string) {
	type named struct {
		time time.Duration
		what string
	}
	var all []named
	add := func(d time.Duration, what string) {
		if d > 0 {
			all = append(all, named{d, what})
		}
	}
	add(a.Lifetime, "router lifetime")
	for _, p := range a.Prefixes {
		add(p.Preferred, "preferred lifetime of "+p.Prefix.String())
		add(p.Valid, "valid lifetime of "+p.Prefix.String())
	}
	least := slices.MinFunc(all, func(x, y named) int { return cmp.Compare(x.time, y.time) })
	return least.time, least.what
}

// Has reports whether an address is in an advertised prefix.
func (a *RA) Has(addr netip.Addr) bool {
	return a != nil && slices.ContainsFunc(a.Prefixes, func(p RAPrefix) bool { return p.Prefix.Contains(addr) })
}

// autonomous returns the prefixes in which hosts form addresses (RFC 4862 section
// 5.5.3).
func (a *RA) autonomous() []netip.Prefix {
	var out []netip.Prefix
	for _, p := range a.Prefixes {
		if p.Autonomous && p.Prefix.Bits() == 64 {
			out = append(out, p.Prefix)
		}
	}
	return out
}
