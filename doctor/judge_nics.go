package doctor

import (
	"fmt"
	"strings"

	"pseudowan/status"
)

func nics(o Observed, n Need) []status.Finding {
	var found []status.Finding
	virtual := false
	for _, name := range n.NICs {
		nic := o.NICs[name]
		found = append(found, nic.judge("NIC "+name, name, n.Force)...)
		virtual = virtual || nic.Present && nic.Kind != "device"
	}
	// Only a virtual NIC has its other end on this server, possibly in a bridge.
	if virtual && o.BridgeNF {
		found = append(found, warn("bridge firewall", "net.bridge.bridge-nf-call-iptables is 1",
			"if the other end of the NIC is in a bridge of the server, the server's firewall filters its packets",
			"sysctl -w net.bridge.bridge-nf-call-iptables=0 net.bridge.bridge-nf-call-ip6tables=0"))
	}
	return found
}

func (n NIC) judge(check, name string, force bool) []status.Finding {
	refused := func(detail, remedy string) []status.Finding {
		return []status.Finding{fail(check, detail, "it cannot be lent to a router", remedy)}
	}
	switch {
	case !n.Present:
		return refused("the server has no interface of that name", "correct `nic:` in the topology, or name the server's NIC as with --nic eth1=enp7s0; ip -br link shows the names")
	case n.needed() != "" && !force:
		return refused(n.needed(), "lend another one, as with `pseudowan up LAB --nic eth1=OTHER`, or this one in spite of it with --force")
	case n.Kind == "bridge" || name == "lo":
		return refused("it is a bridge or the loopback interface", "lend one of the bridge's ports")
	case n.Master != "":
		return refused("it belongs to "+n.Master, "ip link set "+name+" nomaster")
	}
	var found []status.Finding
	if why := n.needed(); why != "" {
		found = append(found, warn(check, why, "the server cannot be reached this way while the NIC is lent", "run `pseudowan down` at the server's console to have it back"))
	}
	if n.Manager != "" {
		remedy := "nmcli device set " + name + " managed no"
		if n.Manager == networkd {
			remedy = "a .network file that matches " + name + " with [Link] Unmanaged=yes"
		}
		found = append(found, warn(check, n.Manager+" manages it",
			"it may configure the NIC again when that is returned", remedy))
	}
	if len(n.Addresses) > 0 {
		found = append(found, warn(check, fmt.Sprintf("it has %s", words(n.Addresses)),
			"the server does not answer there while the NIC is lent; `down` restores the addresses", "make sure that nobody is logged in through it"))
	}
	if !n.Up {
		found = append(found, warn(check, "it has no carrier", "its router's peer does not answer", "plug in the cable"))
	}
	if found == nil {
		found = append(found, ok(check, "can be lent"))
	}
	return found
}

// needed returns what the server itself needs the NIC for; "" for nothing.
func (n NIC) needed() string {
	switch {
	case n.SSH.IsValid():
		return fmt.Sprintf("your SSH session from %s comes in through it", n.SSH)
	case n.Default:
		return "the server's default route uses it"
	}
	return ""
}

func words[T fmt.Stringer](items []T) string {
	var out []string
	for _, i := range items {
		out = append(out, i.String())
	}
	return strings.Join(out, ", ")
}
