package topology

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// Words of addresses: for where addresses come from.
const (
	fromSLAAC     = "slaac"
	fromDHCP      = "dhcp"
	fromDHCP6     = "dhcp6"
	fromStateless = "dhcp6-stateless"
)

// DHCP is what a host asks DHCP servers for on an interface.
type DHCP struct {
	V4        bool       `json:"v4,omitempty"`        // an IPv4 address
	V6        bool       `json:"v6,omitempty"`        // an IPv6 address
	Stateless bool       `json:"stateless,omitempty"` // other configuration (RFC 8415 section 18.2.6)
	Delegated *Delegated `json:"delegated,omitempty"` // an IPv6 prefix; nil: none
}

// Delegated is a prefix that a host asks for (RFC 8415 section 6.3).
type Delegated struct {
	Length int      `json:"length"`
	To     []string `json:"to,omitempty"` // interfaces with an address in the first /64, the second, …
}

// ByIPv6 reports whether the host asks by DHCPv6. It then hears router advertisements,
// too: nothing else says who its router is.
func (d *DHCP) ByIPv6() bool { return d != nil && (d.V6 || d.Stateless || d.Delegated != nil) }

// Leases reports whether the host gets addresses on the interface itself.
func (d *DHCP) Leases() bool { return d != nil && (d.V4 || d.V6) }

// leastID and mostID bound the octets of a DUID (RFC 8415 section 11.1), with its type.
const (
	leastID = 3
	mostID  = 130
)

func parseClientID(p *clientID, s string) *fault {
	b, err := hex.DecodeString(strings.ReplaceAll(s, ":", ""))
	if err != nil || len(b) < leastID || len(b) > mostID || strings.Count(s, ":") != len(b)-1 {
		return &fault{fmt.Sprintf("%q is not a DUID", s), `write its octets as in "00:03:00:01:52:54:00:d6:c2:a9", in quotes`}
	}
	*p = b
	return nil
}

func (c clientID) text() string {
	octets := make([]string, len(c))
	for i, b := range c {
		octets[i] = hex.EncodeToString([]byte{b})
	}
	return strings.Join(octets, ":")
}

// The service of a host that is its DHCP client.
const (
	ClientService = "dhcpcd"
	ClientConfig  = "/etc/dhcpcd.conf"
	ClientHook    = "/etc/dhcpcd.hook"
	ClientReady   = "all leases are there" // in its output
)

// withClient adds the DHCP client of a host to its services.
func (b *hostBuilder) withClient(services entries[rawService], raw rawHost, element string) entries[rawService] {
	attached := append([]rawAttachment{raw.rawAttachment}, raw.Attach...)
	asks := func(a rawAttachment) bool {
		word := func(v value[hostAddress]) bool { return v.v.from != "" && v.v.from != fromSLAAC }
		return a.Delegated.At != (pos{}) || slices.ContainsFunc(a.Addresses, word)
	}
	if !slices.ContainsFunc(attached, asks) {
		return services
	}
	for _, e := range services {
		if e.key.v == ClientService {
			b.refuse(e.key.at, element, "service "+ClientService+" is that of the host's DHCP client", "rename it, or write no dhcp, dhcp6 and delegated: and give the client a configuration of its own")
			return services
		}
	}
	client := rawService{at: raw.At}
	// Without a lease of its last life it asks as if it had just been made.
	// Without its own directory, as while it is taken from a host, it would be the server's.
	start := "grep -Eq ' /var/lib/dhcpcd |/keep/[^ ]* /var(/lib)? ' /proc/self/mountinfo || exit 1; rm -f /var/lib/dhcpcd/*; exec dhcpcd -B -f " + ClientConfig + " -c " + ClientHook
	for _, word := range []string{"sh", "-c", start} {
		client.Command = append(client.Command, given(raw.At, word))
	}
	client.Ready, client.Restart = given(raw.At, ClientReady), given(raw.At, restartPolicy("on-failure"))
	return append(entries[rawService]{{key: given(raw.At, ClientService), value: client}}, services...)
}

// asks notes what a word of addresses: asks for.
func (b *attachmentBuilder) asks(a *Attachment, word value[hostAddress], element string) {
	if a.DHCP == nil {
		a.DHCP = &DHCP{}
	}
	switch word.v.from {
	case fromDHCP:
		a.DHCP.V4 = true
	case fromDHCP6:
		a.DHCP.V6 = true
	case fromStateless:
		a.DHCP.Stateless = true
	}
	if a.DHCP.V6 && a.DHCP.Stateless {
		b.refuse(word.at, element, "dhcp6 and dhcp6-stateless: a server that gives an address gives the rest with it", "remove dhcp6-stateless")
	}
}

// delegation reads the prefix that a host asks for.
func (b *attachmentBuilder) delegation(raw rawAttachment, a *Attachment, element string) {
	in := raw.Delegated
	if in.At == (pos{}) {
		return
	}
	d := &Delegated{Length: in.Length.or(60), To: texts(in.To)}
	switch {
	case in.Length.has && (d.Length < 1 || d.Length > 64):
		b.refuse(in.Length.at, element, fmt.Sprintf("delegated: a prefix of length %d has no /64", d.Length), "ask for one of 64 at most, such as 60")
	case d.Length > 32 && len(d.To) > 1<<(64-d.Length):
		b.refuse(in.At, element, fmt.Sprintf("delegated: a /%d has not %d /64s", d.Length, len(d.To)), "ask for a shorter prefix")
	}
	if a.DHCP == nil {
		a.DHCP = &DHCP{}
	}
	if a.DHCP.Stateless {
		b.refuse(in.At, element, "delegated: with dhcp6-stateless: a server that gives a prefix gives the rest with it", "remove dhcp6-stateless")
	}
	a.DHCP.Delegated = d
}

// client checks what concerns a host's DHCP client as a whole.
func (b *hostBuilder) client(h *Host, raw rawHost, attach []rawAttachment, element string) {
	index := make(map[string]int)
	asks := false
	for i, a := range h.Attachments {
		index[a.Interface] = i
		asks = asks || a.DHCP != nil
	}
	if raw.DUID.has {
		h.DUID = raw.DUID.v.text()
		if !asks {
			b.refuse(raw.DUID.at, element, "has a DUID, but asks no DHCP server", "remove duid:, or write dhcp6 in addresses:")
		}
	}
	given := make(map[string]bool)
	for i, a := range h.Attachments {
		if a.DHCP == nil || a.DHCP.Delegated == nil {
			continue
		}
		for _, to := range attach[i].Delegated.To {
			k, known := index[to.v]
			switch {
			case !to.has:
			case !known:
				b.refuse(to.at, element, fmt.Sprintf("delegated: no attachment has the interface %q", to.v), suggest(to.v, index))
			case k == i:
				b.refuse(to.at, element, fmt.Sprintf("delegated: interface %s is the one on which it asks", to.v), "name another one")
			case given[to.v]:
				b.refuse(to.at, element, fmt.Sprintf("delegated: interface %s gets two prefixes", to.v), "name it once")
			case !h.Forward:
				b.refuse(to.at, element, fmt.Sprintf("delegated: gives interface %s a prefix, but the host does not forward", to.v), "add forward: true")
			}
			given[to.v] = true
		}
	}
}

// Delegates reports whether an interface of the host gets an address in a delegated
// prefix.
func (h *Host) Delegates(iface string) bool {
	return slices.ContainsFunc(h.Attachments, func(a Attachment) bool {
		return a.DHCP != nil && a.DHCP.Delegated != nil && slices.Contains(a.DHCP.Delegated.To, iface)
	})
}

// AsksDHCP reports whether the host runs a DHCP client.
func (h *Host) AsksDHCP() bool {
	return slices.ContainsFunc(h.Attachments, func(a Attachment) bool { return a.DHCP != nil })
}
