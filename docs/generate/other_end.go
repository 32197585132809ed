package main

import (
	"fmt"
	"strings"
)

// otherEnds are the configurations of the real router that pseudo-wan-eth1 expects.
var otherEnds = []struct{ kind, title, language string }{
	{"frr", "FRR", ""},
	{"linux", "The Linux box below FRR", "sh"},
	{"ios-xr", "Cisco IOS XR", ""},
	{"junos", "Junos", ""},
}

const otherEndIntro = "# The other end of `pseudo-wan-eth1`\n\n" +
	"The lab [`pseudo-wan-eth1`](labs.md#pseudo-wan-eth1) has one provider edge router of ours; the other one is real,\n" +
	"and wired to the server's `eth1`. Below is all that it needs, for four kinds of routers: one eBGP session for\n" +
	"VPNv4 from 192.168.0.2 in AS 65002 to 192.168.0.1 in AS 65001, MPLS on the wire, and the ten VPNs with the RDs and\n" +
	"route targets 65001:101 to 65001:402. In the N-th VPN, the host 30.N.0.2 and the ten LANs 130.N.0.0/24 to\n" +
	"130.N.9.0/24 are addresses of the router itself, so that they answer without further machines, and\n" +
	"`pseudowan verify` tests them.\n\n" +
	"The wire carries labelled packets: its MTU is 1500 unless both sides say more, so that customers' packets of more\n" +
	"than 1496 octets are fragmented or refused. With `mtu: 1512` on the link and the same at the other end they fit.\n"

// otherEndPage is the page of what pseudo-wan-eth1 needs beyond the NIC.
func otherEndPage(p program) (string, error) {
	var page strings.Builder
	page.WriteString(note + otherEndIntro)
	for _, o := range otherEnds {
		text, err := p.output(nil, "labs", "show", "pseudo-wan-eth1", "--other-end", o.kind)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&page, "\n## %s\n\n```%s\n%s```\n", o.title, o.language, text)
	}
	return page.String(), nil
}
