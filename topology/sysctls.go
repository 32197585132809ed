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

	hostSysctl      = regexp.MustCompile(`^net(\.[a-z][a-z0-9_-]*){2,6}$`)
	hostSysctlValue = regexp.MustCompile(`^[-0-9A-Za-z_:.]{1,64}([ \t]+[-0-9A-Za-z_:.]{1,64}){0,7}$`)
)

// wholeHost begins the names of settings that are of a host and not of an interface.
const wholeHost = "net."

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
		case strings.HasPrefix(name, wholeHost):
			b.refuse(e.key.at, element, fmt.Sprintf("sysctls: %s is of the whole host, not of an interface", name), "write it in sysctls: of the host, beside attach:")
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

// ownHostSysctls are the settings of hosts that other keys are for.
var ownHostSysctls = map[string]string{
	"net.ipv4.ip_forward":              "write forward: true",
	"net.ipv4.conf.all.forwarding":     "write forward: true",
	"net.ipv6.conf.all.forwarding":     "write forward: true",
	"net.ipv6.conf.all.disable_ipv6":   "give the host no IPv6 address",
	"net.ipv6.conf.all.accept_dad":     "write dad: true at the attachment",
	"net.ipv6.conf.default.accept_dad": "write dad: true at the attachment",
	"net.ipv6.conf.default.accept_ra":  "write slaac in addresses:",
}

// hostSysctls reads the settings of a host as a whole, and returns the others, which
// are of its interface. Only those of the network are a host's own.
func (b *hostBuilder) hostSysctls(raw rawHost, element string) (own map[string]string, rest entries[value[string]]) {
	for _, e := range raw.Sysctls {
		name := e.key.v
		remedy, other := ownHostSysctls[name]
		switch {
		case !strings.HasPrefix(name, wholeHost):
			if len(raw.Attach) > 0 {
				b.refuse(e.key.at, element, fmt.Sprintf("sysctls: %s is not a setting of the whole host", name), "move a setting of an interface into attach:; those of the host begin with net., and a host has no others of its own")
				continue
			}
			rest = append(rest, e)
		case !hostSysctl.MatchString(name):
			b.refuse(e.key.at, element, fmt.Sprintf("%q is not the name of a setting of a host", name), "write it as net.ipv4.tcp_syncookies")
		case other:
			b.refuse(e.key.at, element, fmt.Sprintf("sysctls: %s is for another key", name), remedy)
		case ofInterface(name):
			b.refuse(e.key.at, element, fmt.Sprintf("sysctls: %s is of an interface", name), "write its last part in sysctls: of the attachment, or use conf.all")
		case e.value.has && !hostSysctlValue.MatchString(e.value.v):
			b.refuse(e.value.at, element, fmt.Sprintf("sysctls: %s cannot be %q", name, e.value.v), "write up to eight numbers or words")
		case e.value.has:
			if own == nil {
				own = make(map[string]string)
			}
			own[name] = strings.Join(strings.Fields(e.value.v), " ")
		}
	}
	return own, rest
}

// ofInterface reports whether a setting is of one interface, as
// net.ipv4.conf.eth0.arp_ignore.
func ofInterface(name string) bool {
	parts := strings.Split(name, ".")
	return len(parts) > 3 && (parts[2] == "conf" || parts[2] == "neigh") && parts[3] != "all" && parts[3] != "default"
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
