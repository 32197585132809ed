package topology

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// Guard is what the port of a host on a segment drops.
type Guard struct {
	RA     bool           `json:"ra,omitempty"`     // router advertisements and redirects (RFC 6105)
	Source bool           `json:"source,omitempty"` // what comes from addresses that are not the host's
	DHCP   bool           `json:"dhcp,omitempty"`   // what DHCP servers say
	Allow  []netip.Prefix `json:"allow,omitempty"`  // with Source: further addresses of the host
}

// guardWord is a kind of guard in the file.
type guardWord string

const (
	guardRA     guardWord = "ra"
	guardSource guardWord = "source"
	guardDHCP   guardWord = "dhcp"
	guardNone   guardWord = "none"
)

// guardOf reads a list of guards.
func guardOf(to *report, list oneOrMany[value[guardWord]], element string) Guard {
	var g Guard
	for _, w := range list {
		switch w.v {
		case guardRA:
			g.RA = true
		case guardSource:
			g.Source = true
		case guardDHCP:
			g.DHCP = true
		case guardNone:
			if len(list) > 1 {
				to.refuse(w.at, element, "guard: none with others", "remove one of them")
			}
		}
	}
	return g
}

// guard resolves the guard of a host's port on a segment.
func (b *attachmentBuilder) guard(raw rawAttachment, a *Attachment, s *Segment, element string) {
	a.Guard, a.Guard.Allow = s.Guard, nil
	at := raw.At
	if len(raw.Guard) > 0 {
		a.Guard, at = guardOf(b.report, raw.Guard, element), raw.Guard[0].at
	}
	if a.Guard.RA && len(raw.Advertise) > 0 {
		b.refuse(first(raw.Advertise[0], given(at, network{})).at, element, fmt.Sprintf("advertises on segment %s, and guard: ra drops its advertisements", s.Name), "write guard: [source] or guard: none at this host")
	}
	for _, p := range raw.Allow {
		switch prefix := netip.Prefix(p.v); {
		case !p.has:
		case !a.Guard.Source:
			b.refuse(p.at, element, fmt.Sprintf("allow: %s without guard: source", prefix), "add source to guard:, or remove allow:")
		case prefix.Addr().IsMulticast():
			b.refuse(p.at, element, fmt.Sprintf("allow: nothing comes from the multicast address %s", prefix), "remove it")
		default:
			a.Guard.Allow = append(a.Guard.Allow, prefix)
		}
	}
}

// noGuard refuses guards on a wire to a router.
func (b *attachmentBuilder) noGuard(raw rawAttachment, element string) {
	remedy := fmt.Sprintf("attach the host by a segment: segments: {NAME: {to: %s, vrf: %s, subnets: [...]}}", raw.To.v, raw.VRF.v)
	for _, w := range raw.Guard {
		b.refuse(w.at, element, "guard: is for ports of segments; on a wire of its own a host disturbs only itself", remedy)
	}
	for _, p := range raw.Allow {
		b.refuse(p.at, element, "allow: is for guards of ports on segments", remedy)
	}
}

// warnGuarded warns of hosts whose port drops what they forward, or all that they can
// send.
func (b *hostBuilder) warnGuarded(h Host, raw rawHost, attach []rawAttachment, element string) {
	for i, a := range h.Attachments {
		if !a.Guard.Source || len(a.Guard.Allow) > 0 {
			continue
		}
		at := attach[i].At
		if len(attach[i].Guard) > 0 {
			at = attach[i].Guard[0].at
		}
		switch {
		case len(a.Addresses) == 0 && !a.SLAAC:
			b.warn(at, element, fmt.Sprintf("has no address in the file, and guard: source drops what it sends to segment %s from any but its link-local one", a.Segment),
				"add allow: with the prefixes in which it gets addresses, or guard: none")
		case h.Forward && len(h.Attachments) > 1:
			b.warn(at, element, fmt.Sprintf("forwards, and guard: source drops what others send through it to segment %s", a.Segment), "add allow: with their prefixes, or guard: none")
		case len(h.LANs) > 0:
			b.warn(at, element, fmt.Sprintf("has LANs, and guard: source drops what they send to segment %s", a.Segment), "add allow: with their prefixes, or guard: none")
		}
	}
}

// Permits reports whether the port of a host on a segment lets packets from an
// address in.
func (a *Attachment) Permits(source netip.Addr) bool {
	if !a.Guard.Source || source.Is6() && source.IsLinkLocalUnicast() {
		return true
	}
	in := func(p netip.Prefix) bool { return p.Contains(source) }
	own := func(p netip.Prefix) bool { return p.Addr() == source }
	return slices.ContainsFunc(a.Addresses, own) || slices.ContainsFunc(a.Guard.Allow, in) || slices.ContainsFunc(a.Prefixes(), in)
}

// unguarded reports whether the ports of segments let a packet and its answer pass.
func (w *walker) unguarded(from, to *Host, source, destination netip.Addr) bool {
	return w.permitted(from, to, source, destination) && w.permitted(to, from, destination, source)
}

// permitted reports whether the ports of segments on its way let a packet pass.
func (w *walker) permitted(from, to *Host, source, destination netip.Addr) bool {
	at := from
	for range maxForwards {
		out := w.outlet(at, destination)
		if out.through == nil {
			return true // it does not get there anyway
		}
		if !out.through.Permits(source) {
			return false
		}
		if at = w.beyond(out, destination); at == nil || at == to {
			return true
		}
	}
	return true
}

// Words returns what is guarded, as in the file.
func (g Guard) Words() []string {
	var out []string
	for _, w := range []struct {
		on   bool
		word guardWord
	}{{g.RA, guardRA}, {g.Source, guardSource}, {g.DHCP, guardDHCP}} {
		if w.on {
			out = append(out, string(w.word))
		}
	}
	return out
}

// String returns the same as a list.
func (g Guard) String() string { return strings.Join(g.Words(), ", ") }
