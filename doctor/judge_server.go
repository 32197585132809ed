package doctor

import (
	"fmt"
	"strings"

	"pseudowan/status"
)

// server judges what a lab does on the server itself.
func server(o Observed, n Need) []status.Finding {
	if len(n.Uplinks) == 0 {
		return nil
	}
	var found []status.Finding
	if o.NoNFT {
		found = append(found, fail("nftables", "nft is not installed", "the server cannot be a router on segment "+n.Uplinks[0].Segment, "apt-get install nftables"))
	}
	for _, u := range n.Uplinks {
		found = append(found, u.judge(o, n))
	}
	for _, p := range n.Publish {
		found = append(found, p.judge(o, n))
	}
	for _, d := range o.Droppers {
		if !d.Knows {
			found = append(found, d.judge())
		}
	}
	return found
}

// judge refuses a segment whose subnets the server has elsewhere.
func (u Uplink) judge(o Observed, n Need) status.Finding {
	check := "uplink of segment " + u.Segment
	for _, subnet := range u.Subnets {
		for _, there := range o.Networks {
			if there.Lab == n.Lab && n.Lab != "" || !subnet.Overlaps(there.Prefix) {
				continue
			}
			of := "the server's interface " + there.Interface
			if there.Lab != "" {
				of = "lab " + there.Lab
			}
			return fail(check, fmt.Sprintf("subnet %s overlaps with %s of %s", subnet, there.Prefix, of), "the server would not know where to send", "use another subnet")
		}
	}
	return ok(check, "the server forwards for %s, with rules in the nftables table pw-%s; `down` removes them", words(u.Subnets), n.Lab)
}

// judge refuses a published port that somebody else has.
func (p Published) judge(o Observed, n Need) status.Finding {
	check := "published port " + p.Text
	for _, other := range append(n.Taken[:len(n.Taken):len(n.Taken)], o.Ports...) {
		if p.meets(other) {
			return fail(check, fmt.Sprintf("port %d/%s is that of %s", p.Port.Port, p.Protocol, other.Holder), "connections to it would go elsewhere", "publish another port of the server")
		}
	}
	return ok(check, "leads to %s", p.Host)
}

func (d Dropper) judge() status.Finding {
	chain := d.Chain
	if d.User != "" {
		chain = d.User
	}
	var commands []string
	for _, way := range []string{"i", "o"} {
		if d.Legacy {
			commands = append(commands, fmt.Sprintf("%stables-legacy -I %s -%s '%s+' -j ACCEPT", strings.Replace(d.Family, "ip6", "ip6", 1), chain, way, uplinkPrefix))
			continue
		}
		commands = append(commands, fmt.Sprintf("nft insert rule %s %s %s %sifname '\"%s*\"' accept", d.Family, d.Table, chain, way, uplinkPrefix))
	}
	return warn("firewall", fmt.Sprintf("chain %s of table %s %s drops what the server forwards, as Docker sets it", d.Chain, d.Family, d.Table),
		"hosts reach nothing by their uplink, and published ports do not answer", strings.Join(commands, "; "))
}
