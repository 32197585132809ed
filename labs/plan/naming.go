package plan

import (
	"crypto/sha256"
	"net"
	"strings"

	"pseudowan/hosts"
)

// LabNamespace names the namespace that holds a lab's segments and keeper.
func LabNamespace(lab string) string { return "pw-" + lab }

// NodeNamespace names a router's or host's namespace. The name is for people; the
// program recognises a namespace by its mark.
func NodeNamespace(lab, node string) string { return "pw-" + lab + "-" + node }

// maxInterfaceName is IFNAMSIZ less the terminating zero.
const maxInterfaceName = 15

// bgpPortName names the internal port that owns a link's address.
func bgpPortName(link string) string {
	name := "bgp-" + link
	if len(name) > maxInterfaceName {
		name = "bgp-" + ShortHash(link)
	}
	return name
}

func ShortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	const hex = "0123456789abcdef"
	var b strings.Builder
	for _, c := range sum[:4] {
		b.WriteByte(hex[c>>4])
		b.WriteByte(hex[c&15])
	}
	return b.String()
}

// derivedMAC returns a locally administered unicast address that depends only on
// the names of lab, node and interface.
func derivedMAC(lab, node, intf string) net.HardwareAddr {
	sum := sha256.Sum256([]byte(lab + "\x00" + node + "\x00" + intf))
	mac := net.HardwareAddr(sum[:6])
	mac[0] = mac[0]&^0x03 | 0x02
	return mac
}

// gatewayMAC returns the router's MAC on the port of a host, from
// 00:00:00:00:00:01 for the first host port (3).
func gatewayMAC(port uint32) net.HardwareAddr {
	n := port - 2
	return net.HardwareAddr{0, 0, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
}

// NamespaceOf returns the name that plans give to the namespace with a mark.
func NamespaceOf(m hosts.Mark) string {
	if m.Kind == hosts.KindLab {
		return LabNamespace(m.Lab)
	}
	return NodeNamespace(m.Lab, m.Node)
}
