package topology

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

var (
	sysctlName  = regexp.MustCompile(`^(ipv[46]\.)?[a-z][a-z0-9_]*$`)
	sysctlValue = regexp.MustCompile(`^[-0-9a-fA-F:.]{1,64}$`)
)

// ownSysctls are the settings that other keys are for.
var ownSysctls = map[string]string{
	"accept_ra":     "write slaac in addresses:, or leave it out",
	"accept_dad":    "write dad: true",
	"disable_ipv6":  "give the host no IPv6 address",
	"addr_gen_mode": "use mac: to choose what addresses are formed from",
	"forwarding":    "write forward: true at the host",
	"mtu":           "write mtu:",
}

// sysctls reads the settings of a host's interface.
func (b *attachmentBuilder) sysctls(raw rawAttachment, element string) map[string]string {
	var out map[string]string
	for _, e := range raw.Sysctls {
		name := e.key.v
		bare := strings.TrimPrefix(strings.TrimPrefix(name, "ipv4."), "ipv6.")
		remedy, own := ownSysctls[bare]
		switch {
		case !sysctlName.MatchString(name):
			b.refuse(e.key.at, element, fmt.Sprintf("%q is not the name of a setting of an interface", name), "write it as accept_redirects or ipv6.accept_redirects")
		case own:
			b.refuse(e.key.at, element, fmt.Sprintf("sysctls: %s is for another key", name), remedy)
		case e.value.has && !sysctlValue.MatchString(e.value.v):
			b.refuse(e.value.at, element, fmt.Sprintf("sysctls: %s cannot be %q", name, e.value.v), "write a number")
		case e.value.has:
			if out == nil {
				out = make(map[string]string)
			}
			out[name] = e.value.v
		}
	}
	return out
}

// leastProxied is the shortest prefix that a host answers for: the kernel has an entry
// for each address.
const leastProxied = 118

// proxied reads the prefixes for which a host answers neighbour discovery.
func (b *attachmentBuilder) proxied(raw rawAttachment, element string) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range raw.ProxyND {
		prefix := netip.Prefix(p.v)
		switch {
		case !p.has:
		case prefix.Addr().Is4():
			b.refuse(p.at, element, fmt.Sprintf("proxy-nd: %s is not an IPv6 prefix", prefix), "for IPv4 write sysctls: {proxy_arp: 1}")
		case prefix.Bits() < leastProxied:
			b.refuse(p.at, element, fmt.Sprintf("proxy-nd: %s has more than 1024 addresses", prefix), "write longer prefixes, or a route to the prefix")
		case b.checkSubnet(p.at, element, prefix):
			out = append(out, prefix)
		}
	}
	return out
}

// proxies reports whether the host answers neighbour discovery for an address of
// somebody else on the attachment.
func (a *Attachment) proxies(addr netip.Addr) bool {
	return slices.ContainsFunc(a.ProxyND, func(p netip.Prefix) bool { return p.Contains(addr) })
}
