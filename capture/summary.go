package capture

import (
	"fmt"
	"strings"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// summaryOf says in a few words what the innermost known layer is.
func summaryOf(p gopacket.Packet) string {
	text := "unknown"
	for _, l := range p.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			text = fmt.Sprintf("%s > %s %s", l.SrcMAC, l.DstMAC, l.EthernetType)
		case *layers.ARP:
			return arp(l)
		case *layers.IPv4:
			text = l.Protocol.String()
		case *layers.IPv6:
			text = l.NextHeader.String()
		case *layers.TCP:
			text = tcp(l)
		case *layers.UDP:
			text = fmt.Sprintf("UDP %d > %d", l.SrcPort, l.DstPort)
		case *layers.ICMPv4:
			return fmt.Sprintf("ICMP %s id %d seq %d", l.TypeCode, l.Id, l.Seq)
		case *layers.ICMPv6:
			text = fmt.Sprintf("ICMPv6 %s", l.TypeCode)
		case *layers.ICMPv6NeighborSolicitation:
			text = "ICMPv6 who has " + l.TargetAddress.String()
		case *layers.ICMPv6NeighborAdvertisement:
			text = "ICMPv6 here is " + l.TargetAddress.String()
		}
	}
	return text
}

func arp(a *layers.ARP) string {
	ip := func(b []byte) string {
		var words []string
		for _, octet := range b {
			words = append(words, fmt.Sprint(octet))
		}
		return strings.Join(words, ".")
	}
	if a.Operation == layers.ARPRequest {
		return fmt.Sprintf("ARP who has %s, tell %s", ip(a.DstProtAddress), ip(a.SourceProtAddress))
	}
	return fmt.Sprintf("ARP %s is at % x", ip(a.SourceProtAddress), a.SourceHwAddress)
}

// bgpPort is the port of BGP (RFC 4271 section 4.2).
const bgpPort = 179

func tcp(t *layers.TCP) string {
	name := "TCP"
	if t.SrcPort == bgpPort || t.DstPort == bgpPort {
		name = "BGP"
	}
	flags := ""
	for _, f := range []struct {
		set  bool
		name string
	}{{t.SYN, "S"}, {t.FIN, "F"}, {t.RST, "R"}, {t.PSH, "P"}, {t.ACK, "."}} {
		if f.set {
			flags += f.name
		}
	}
	return fmt.Sprintf("%s %d > %d [%s] seq %d ack %d, %d of data", name, t.SrcPort, t.DstPort, flags, t.Seq, t.Ack, len(t.Payload))
}
