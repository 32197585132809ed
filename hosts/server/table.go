package server

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"

	"pseudowan/hosts"
)

// tableName names the nftables table of a lab.
func tableName(lab string) string { return "pw-" + lab }

// tableMark is the comment of the table of a lab.
func tableMark(lab string) string { return "pseudowan lab=" + lab }

// nft runs nft on the server.
func nft(stdin string, args ...string) (string, error) {
	out, err := hosts.RunNft(context.Background(), here, stdin, args...)
	return string(out), err
}

// noTable ends what nft says of a table that does not exist.
const noTable = "Error: No such file or directory"

// tableOf returns the text of the table of a lab, "" if there is none, and whether it is
// ours.
func tableOf(lab string) (ours bool, text string, err error) {
	text, err = nft("", "-s", "list", "table", "inet", tableName(lab))
	if err != nil && strings.HasSuffix(err.Error(), noTable) {
		return false, "", nil
	}
	return err == nil && strings.Contains(text, "comment \""+tableMark(lab)+"\""), text, err
}

// ensureTable replaces the table of a lab in one step, which connections do not
// notice, and reports whether it was different.
func ensureTable(lab string, uplinks []Uplink, closed closed) (changed bool, err error) {
	ours, before, err := tableOf(lab)
	if err != nil {
		return false, err
	}
	if before != "" && !ours {
		return false, fmt.Errorf("nftables table inet %s: %w; if nobody needs it, remove it with: nft delete table inet %[1]s", tableName(lab), hosts.ErrForeign)
	}
	name := tableName(lab)
	text := fmt.Sprintf("table inet %s\ndelete table inet %[1]s\n", name) + rules(lab, uplinks, closed)
	if _, err := nft(text, "-f", "-"); err != nil {
		return false, err
	}
	_, after, err := tableOf(lab)
	if before != after {
		forgetConnections(lab, uplinks)
	}
	return before != after, err
}

// removeTable removes the table of a lab, if it is ours.
func removeTable(lab string) error {
	ours, _, err := tableOf(lab)
	if errors.Is(err, hosts.ErrNoNft) && !isRouter(lab) {
		return nil
	}
	if err != nil || !ours {
		return err
	}
	if _, err := nft("", "delete", "table", "inet", tableName(lab)); err != nil {
		return err
	}
	forgetConnections(lab, nil)
	return nil
}

// isRouter reports whether the server is a router on a segment of a lab.
func isRouter(lab string) bool {
	links, err := netlink.LinkList()
	return err != nil || slices.ContainsFunc(links, func(l netlink.Link) bool {
		of, _, ok := marked(l.Attrs().Alias)
		return ok && of == lab && !strings.Contains(l.Attrs().Alias, " nic=")
	})
}

// rules returns the table of a lab.
func rules(lab string, uplinks []Uplink, closed closed) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("table inet %s {", tableName(lab))
	line("comment \"%s\"", tableMark(lab))
	line("chain prerouting {\ntype nat hook prerouting priority dstnat; policy accept;")
	for _, u := range uplinks {
		for _, p := range u.Publish {
			for _, to := range p.Targets {
				line("iifname != %q %s", u.Interface, p.translate(to, ""))
			}
		}
	}
	line("}\nchain output {\ntype nat hook output priority -100; policy accept;")
	for _, u := range uplinks {
		for _, p := range u.Publish {
			for _, to := range p.Targets {
				line("%s", p.translate(to, notLoopback(to)))
			}
		}
	}
	line("}\nchain postrouting {\ntype nat hook postrouting priority srcnat; policy accept;")
	for _, u := range uplinks {
		for _, p := range u.Addresses {
			if !u.Routed {
				line("oifname != \"%s*\" %s saddr %s masquerade", Prefix, family(p.Addr()), p.Masked())
			}
		}
	}
	line("}\nchain forward {\ntype filter hook forward priority filter; policy accept;")
	for _, l := range closed.rules() {
		line("%s", l)
	}
	for _, u := range uplinks {
		u.filter(line)
	}
	line("}\n}")
	return b.String()
}

// filter keeps a segment apart from those of others, lets its hosts send from its
// subnets only, and where the server masquerades lets nothing in but what was
// asked for or published.
func (u Uplink) filter(line func(string, ...any)) {
	for _, v4 := range []bool{true, false} {
		var subnets []string
		for _, p := range u.Addresses {
			if p.Addr().Is4() == v4 {
				subnets = append(subnets, p.Masked().String())
			}
		}
		switch {
		case len(subnets) > 0:
			line("iifname %q %s saddr != { %s } drop", u.Interface, map[bool]string{true: "ip", false: "ip6"}[v4], strings.Join(subnets, ", "))
		default:
			line("iifname %q meta nfproto %s drop", u.Interface, map[bool]string{true: "ipv4", false: "ipv6"}[v4])
		}
	}
	line("iifname %q oifname \"%s*\" ct status dnat accept", u.Interface, Prefix)
	line("iifname %q oifname \"%s*\" drop", u.Interface, Prefix)
	line("oifname %q ct status dnat accept", u.Interface)
	if !u.Routed {
		line("oifname %q ct state new drop", u.Interface)
	}
}

// translate is the rule for connections to a published port.
func (p Published) translate(to netip.Addr, except string) string {
	at := "fib daddr type local"
	if p.Address.IsValid() && !p.Address.IsUnspecified() {
		// Not an address of others: the server may be on the way to it.
		at += " " + family(p.Address) + " daddr " + p.Address.String()
	}
	protocol, host := "ip", to.String()
	if to.Is6() {
		protocol, host = "ip6", "["+host+"]"
	}
	nfproto := map[bool]string{true: "ipv4", false: "ipv6"}[to.Is4()]
	words := []string{"meta nfproto", nfproto, except, at, p.Protocol, "dport", fmt.Sprint(p.Port), "dnat", protocol, "to", fmt.Sprintf("%s:%d", host, p.To)}
	return strings.Join(slices.DeleteFunc(words, func(w string) bool { return w == "" }), " ")
}

// notLoopback excepts packets to the server's loopback addresses, from which hosts
// could not be answered.
func notLoopback(to netip.Addr) string {
	if to.Is4() {
		return "ip daddr != 127.0.0.0/8"
	}
	return "ip6 daddr != ::1"
}

func family(a netip.Addr) string {
	if a.Is4() {
		return "ip"
	}
	return "ip6"
}
