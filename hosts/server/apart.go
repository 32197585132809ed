package server

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vishvananda/netlink"
)

// closed are the interfaces between which the server did not forward before any lab,
// by their indices: names change, and may have anything in them.
type closed struct {
	v4      []int    // from which no IPv4 was forwarded
	v6      bool     // no IPv6 was forwarded
	all     []int    // interfaces of the server
	bridged [][2]int // of all: pairs between which frames pass by a bridge
}

// rules keep interfaces apart between which the server did not forward before.
// Interfaces that are made later do not forward IPv4 unless somebody wants that, but
// do forward IPv6, which is turned on as a whole. Multicast passes: it is forwarded
// by a daemon's leave only, whatever these settings are.
//
// Frames that a bridge passes on come here, too, where the kernel hands them to
// firewalls of IP (br_netfilter): from the bridge, to the same bridge.
func (c closed) rules() (out []string) {
	routed := ""
	if len(c.bridged) > 0 {
		words := make([]string, len(c.bridged))
		for i, p := range c.bridged {
			words[i] = fmt.Sprintf("%d . %d", p[0], p[1])
		}
		routed = " iif . oif != { " + strings.Join(words, ", ") + " }"
	}
	if len(c.v4) > 0 {
		out = append(out, fmt.Sprintf("meta nfproto ipv4 ip daddr != 224.0.0.0/4%s iif { %s } oif { %s } drop", routed, numbers(c.v4), numbers(c.all)))
	}
	if !c.v6 {
		return out
	}
	if len(c.all) > 0 {
		out = append(out, fmt.Sprintf("meta nfproto ipv6 ip6 daddr != ff00::/8%s iif { %s } oif { %[2]s } drop", routed, numbers(c.all)))
	}
	return append(out,
		`meta nfproto ipv6 meta iifkind "bridge" meta oifkind "bridge" return`, // one may be made later
		fmt.Sprintf(`meta nfproto ipv6 ip6 daddr != ff00::/8 iifname != "%s*" oifname != "%[1]s*" drop`, Prefix))
}

func numbers(list []int) string {
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = strconv.Itoa(n)
	}
	return strings.Join(words, ", ")
}

// bridgedPairs returns between which interfaces frames pass by a bridge: itself, and
// a VLAN of it where frames count as those of the VLAN.
func bridgedPairs(links []netlink.Link, byVLAN bool) (out [][2]int) {
	bridges := map[int]bool{}
	for _, l := range links {
		if l.Type() == "bridge" {
			bridges[l.Attrs().Index] = true
			out = append(out, [2]int{l.Attrs().Index, l.Attrs().Index})
		}
	}
	for _, l := range links {
		if byVLAN && l.Type() == "vlan" && bridges[l.Attrs().ParentIndex] {
			out = append(out, [2]int{l.Attrs().Index, l.Attrs().ParentIndex})
		}
	}
	return out
}
