package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pseudowan/status"
)

// server judges what a lab does on the server itself.
func server(o Observed, n Need) []status.Finding {
	var found []status.Finding
	for _, s := range n.OnSegments {
		found = append(found, s.judge(o.NICs[s.NIC], n.Lab))
	}
	if len(n.Uplinks) == 0 {
		return found
	}
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
	if a := p.Address; a.IsValid() && !a.IsUnspecified() && !slices.Contains(o.Addresses, a) {
		return warn(check, fmt.Sprintf("no interface of the server has the address %s", a), "nobody reaches "+p.Host+" by it", "publish at an address of the server, or at all of them")
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

// judge refuses a NIC that cannot be a port of a segment.
func (s SegmentNIC) judge(nic NIC, lab string) status.Finding {
	check := "NIC " + s.NIC
	refused := func(detail, remedy string) status.Finding {
		return fail(check, detail, "it cannot be a port of segment "+s.Segment, remedy)
	}
	switch {
	case !nic.Present:
		return refused("the server has no interface of that name", "correct `nic:` in the topology, or name the server's NIC as with --nic "+s.NIC+"=enp7s0; ip -br link shows the names")
	case nic.Lab != "" && nic.Lab != lab:
		return refused("lab "+nic.Lab+" has it on a segment", "name another one, or take that lab down")
	case nic.Wireless:
		return refused("it is wireless: an access point takes frames of the server's address alone", "use a NIC with a cable, or uplink: masquerade instead of nic:")
	case !nic.Ethernet:
		return refused("it is no Ethernet interface", "name another one, or write uplink: masquerade instead of nic:")
	case nic.Master != "":
		return refused("it belongs to "+nic.Master, "name "+nic.Master+", if that is a bridge")
	case nic.MTU < s.MTU:
		return refused(fmt.Sprintf("its MTU is %d, that of the segment %d", nic.MTU, s.MTU), "set mtu: "+strconv.Itoa(nic.MTU)+" of the segment")
	case nic.Down:
		return warn(check, "it is down", "nobody outside answers", "ip link set "+s.NIC+" up")
	case !nic.Up:
		return warn(check, "it has no carrier", "nobody outside answers", "plug in the cable")
	}
	keeps := "the server keeps it"
	if len(nic.Addresses) > 0 {
		keeps += ", with " + words(nic.Addresses)
	}
	if nic.SSH.IsValid() {
		keeps += ", and your SSH session goes on"
	}
	return ok(check, "becomes a port of segment %s; %s", s.Segment, keeps)
}
