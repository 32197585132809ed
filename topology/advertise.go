package topology

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"
)

// advertisement resolves what the router advertises on the attachment.
func (b *attachmentBuilder) advertisement(raw rawAttachment, a Attachment, element string) *RA {
	in := raw.RA
	if in.at == (pos{}) || in.Prefix.bad {
		return nil
	}
	out := &RA{
		Prefixes: b.advertised(in, a.SLAAC, element), Lifetime: time.Duration(in.Lifetime.v),
		DNSSL: texts(in.DNSSL), Managed: in.Managed.v, Other: in.Other.v, Preference: string(in.Preference.v),
	}
	if out.Prefixes == nil {
		return nil
	}
	if a.SLAAC && len(out.autonomous()) == 0 {
		b.refuseIdle(in, element)
		return nil
	}
	b.times(in, out, element)
	for _, server := range in.RDNSS {
		b.checkServer(server, element)
		out.RDNSS = append(out.RDNSS, server.v)
	}
	for _, domain := range in.DNSSL {
		b.checkDomain(domain, element)
	}
	b.checkLength(in, out, a.MTU, element)
	return out
}

// refuseIdle refuses SLAAC where no prefix is for that.
func (b *attachmentBuilder) refuseIdle(in rawRA, element string) {
	if in.Managed.v {
		b.refuse(in.Managed.at, element, "slaac although managed: true leaves addresses to DHCPv6 (RFC 4861 section 4.2)", "remove managed, give the host its address, or say autonomous: true of a prefix")
		return
	}
	b.refuse(in.at, element, "slaac, but none of the advertised prefixes is autonomous", "remove autonomous: false of one, or give the host its address")
}

func (b *attachmentBuilder) checkDomain(domain value[string], element string) {
	if domain.has && !isDomain(domain.v) {
		b.refuse(domain.at, element, fmt.Sprintf("dnssl %q is not a domain name", domain.v), "write it as example.org")
	}
}

// checkLength refuses more servers and domains than fit into an option or an
// advertisement.
func (b *attachmentBuilder) checkLength(in rawRA, a *RA, mtu int, element string) {
	const most = 255 * 8 // octets of an option (RFC 4861 section 4.6)
	switch {
	case a.serverOctets() > most:
		b.refuse(in.RDNSS[0].at, element, fmt.Sprintf("%d servers do not fit into an advertisement", len(a.RDNSS)), "name fewer")
	case a.domainOctets() > most:
		b.refuse(in.DNSSL[0].at, element, fmt.Sprintf("%d domains do not fit into an advertisement", len(a.DNSSL)), "name fewer")
	case a.octets() > max(mtu, leastMTU6):
		b.refuse(in.at, element, fmt.Sprintf("its advertisements have %d octets, more than its MTU of %d", a.octets(), mtu), "name fewer prefixes, servers and domains")
	}
}

func (b *attachmentBuilder) checkServer(server value[netip.Addr], element string) {
	switch {
	case !server.has:
	case !server.v.Is6():
		b.refuse(server.at, element, fmt.Sprintf("rdnss %s is not an IPv6 address", server.v), "router advertisements name IPv6 servers")
	case server.v.IsUnspecified(), server.v.IsLoopback(), server.v.IsMulticast():
		b.refuse(server.at, element, fmt.Sprintf("rdnss %s is not the address of a server", server.v), "use a unicast address such as 2001:db8::53")
	}
}

var domainLabel = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?$`)

// isDomain reports whether a name is a DNS name in ASCII form (RFC 1035 section
// 2.3.4, RFC 2181 section 11).
func isDomain(name string) bool {
	name = strings.TrimSuffix(name, ".")
	for label := range strings.SplitSeq(name, ".") {
		if !domainLabel.MatchString(label) {
			return false
		}
	}
	return len(name) <= 253
}

// octets returns the length of an advertisement as an IPv6 packet, with the options
// link-layer address, MTU, prefixes, servers and domains (RFC 4861 section 4.6, RFC
// 8106 section 5).
func (a *RA) octets() int {
	const headers, source, mtu, prefix = 40 + 16, 8, 8, 32
	return headers + source + mtu + prefix*len(a.Prefixes) + a.serverOctets() + a.domainOctets()
}

func (a *RA) serverOctets() int {
	if len(a.RDNSS) == 0 {
		return 0
	}
	return 8 + 16*len(a.RDNSS)
}

func (a *RA) domainOctets() int {
	names := 0
	for _, domain := range a.DNSSL {
		names += len(strings.TrimSuffix(domain, ".")) + 2
	}
	if names == 0 {
		return 0
	}
	return 8 + (names+7)/8*8
}
