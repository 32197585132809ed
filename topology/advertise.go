package topology

import (
	"fmt"
	"net/netip"
	"time"
)

// advertisement is what the router advertises on the attachment.
func (b *builder) advertisement(raw rawAttachment, a Attachment, element string) *RA {
	in := raw.RA
	if in.at == (pos{}) || in.Prefix.bad {
		return nil
	}
	prefix := netip.Prefix(in.Prefix.v)
	switch {
	case in.Prefix.missing():
		b.refuse(in.at, element, "advertises no prefix", `add prefix: "2001:db8:1::/64"`)
		return nil
	case prefix.Addr().Is4():
		b.refuse(in.Prefix.at, element, fmt.Sprintf("%s is not an IPv6 prefix", prefix), "router advertisements are for IPv6")
		return nil
	case a.SLAAC && prefix.Bits() != 64:
		b.refuse(in.Prefix.at, element, fmt.Sprintf("SLAAC needs a /64, not %s (RFC 4862)", prefix), "advertise a /64")
		return nil
	case a.SLAAC && in.Managed.v:
		b.refuse(in.Managed.at, element, "slaac where managed: true leaves addresses to DHCPv6 (RFC 4861 section 4.2)", "leave managed out, or give the host its address")
		return nil
	case !b.checkSubnet(in.Prefix.at, element, prefix):
		return nil
	}
	out := &RA{
		Prefix: prefix, Lifetime: time.Duration(in.Lifetime.or(lifetime(1800 * time.Second))),
		DNSSL: texts(in.DNSSL), Managed: in.Managed.v, Other: in.Other.v, Preference: string(in.Preference.v),
	}
	if out.Lifetime > 9000*time.Second {
		b.refuse(in.Lifetime.at, element, fmt.Sprintf("router lifetime %v is more than 9000 s (RFC 4861 section 6.2.1)", out.Lifetime), "use 1800")
	}
	for _, server := range in.RDNSS {
		if server.has && !server.v.Is6() {
			b.refuse(server.at, element, fmt.Sprintf("rdnss %s is not an IPv6 address", server.v), "router advertisements name IPv6 servers")
		}
		out.RDNSS = append(out.RDNSS, server.v)
	}
	return out
}
