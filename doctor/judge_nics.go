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
		found = append(found, nic.judge("NIC "+name, name)...)
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

func (n NIC) judge(check, name string) []status.Finding {
	refused := func(detail, remedy string) []status.Finding {
		return []status.Finding{fail(check, detail, "it cannot be lent to a router", remedy)}
	}
	switch {
	case !n.Present:
		return refused("the server has no interface of that name", "correct `nic:` in the topology; ip -br link shows the names")
	case n.Default:
		return refused("the server's default route uses it", "use another NIC, or move the default route")
	case n.Kind == "bridge" || name == "lo":
		return refused("it is a bridge or the loopback interface", "lend one of the bridge's ports")
	case n.Master != "":
		return refused("it belongs to "+n.Master, "ip link set "+name+" nomaster")
	}
	var found []status.Finding
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

func words[T fmt.Stringer](items []T) string {
	var out []string
	for _, i := range items {
		out = append(out, i.String())
	}
	return strings.Join(out, ", ")
}
