package resolver

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Bounds on what anybody on a link can make a host remember. libc uses three servers and
// six domains.
const (
	mostServers = 8
	mostDomains = 16
)

// named is a server or a domain, until a time; for ever if that is zero.
type named struct {
	text string
	ends time.Time
}

// heard is what advertisements have said, in the order in which they first did.
type heard struct {
	servers, domains []named
}

// take adds the names of an option that has come in at an interface. A lifetime of 0
// takes them back.
func (h *heard) take(now time.Time, iface string, o option) {
	for _, a := range o.servers {
		text := a.String()
		if a.IsLinkLocalUnicast() {
			text = a.WithZone(iface).String()
		}
		h.servers = noted(h.servers, text, now, o.lifetime, mostServers)
	}
	for _, d := range o.domains {
		h.domains = noted(h.domains, d, now, o.lifetime, mostDomains)
	}
}

// noted adds a name or renews it. Of too many, the one that ends first gives way (RFC
// 8106 section 6.2).
func noted(all []named, text string, now time.Time, lifetime time.Duration, most int) []named {
	i := slices.IndexFunc(all, func(n named) bool { return n.text == text })
	if lifetime == 0 {
		if i >= 0 {
			all = slices.Delete(all, i, i+1)
		}
		return all
	}
	one := named{text: text}
	if lifetime != infinity*time.Second {
		one.ends = now.Add(lifetime)
	}
	if i >= 0 {
		all[i] = one
		return all
	}
	all = append(all, one)
	if len(all) > most {
		first := 0
		for k, n := range all {
			if !n.ends.IsZero() && (all[first].ends.IsZero() || n.ends.Before(all[first].ends)) {
				first = k
			}
		}
		all = slices.Delete(all, first, first+1)
	}
	return all
}

// expire forgets what has ended, and returns when the next will; zero if nothing will.
func (h *heard) expire(now time.Time) (next time.Time) {
	for _, list := range []*[]named{&h.servers, &h.domains} {
		*list = slices.DeleteFunc(*list, func(n named) bool { return !n.ends.IsZero() && !n.ends.After(now) })
		for _, n := range *list {
			if !n.ends.IsZero() && (next.IsZero() || n.ends.Before(next)) {
				next = n.ends
			}
		}
	}
	return next
}

// text returns what has been heard in the form of resolv.conf.
func (h *heard) text() string {
	var servers, domains []string
	for _, s := range h.servers {
		servers = append(servers, s.text)
	}
	for _, d := range h.domains {
		domains = append(domains, d.text)
	}
	return compose(servers, domains)
}

func compose(servers, domains []string) string {
	var b strings.Builder
	if len(domains) > 0 {
		b.WriteString("search " + strings.Join(domains, " ") + "\n")
	}
	for _, s := range servers {
		b.WriteString("nameserver " + s + "\n")
	}
	return b.String()
}

// merge joins texts in the form of resolv.conf: each server and domain once. What is
// neither is left out.
func merge(texts ...string) string {
	var servers, domains []string
	add := func(list []string, s string, most int) []string {
		if slices.Contains(list, s) || len(list) >= most {
			return list
		}
		return append(list, s)
	}
	for _, t := range texts {
		for line := range strings.Lines(t) {
			words := strings.Fields(line)
			switch {
			case len(words) < 2:
			case words[0] == "nameserver":
				if a, err := netip.ParseAddr(words[1]); err == nil {
					servers = add(servers, a.String(), mostServers)
				}
			case words[0] == "search":
				for _, d := range words[1:] {
					if d = strings.TrimSuffix(d, "."); isDomain(d) {
						domains = add(domains, d, mostDomains)
					}
				}
			}
		}
	}
	return compose(servers, domains)
}
