package pipeline

import (
	"fmt"
	"net"
	"net/netip"
)

// Header sizes between an MTU and the size that check_pkt_larger compares, in
// octets.
const (
	ethernetHeader = 14
	labelEntry     = 4
)

const drop = "drop"

func inPort(p uint32) string             { return fmt.Sprintf("in_port=%d", p) }
func output(p uint32) string             { return fmt.Sprintf("output:%d", p) }
func to(mac net.HardwareAddr) string     { return "dl_dst=" + mac.String() }
func vrfIs(v uint32) string              { return fmt.Sprintf("metadata=%#x", v) }
func setVRF(v uint32) string             { return fmt.Sprintf("set_field:%#x->metadata", v) }
func setReg(reg int, v uint32) string    { return fmt.Sprintf("set_field:%#x->reg%d", v, reg) }
func gotoTable(t Table) string           { return fmt.Sprintf("goto_table:%d", t) }
func resubmit(t Table) string            { return fmt.Sprintf("resubmit(,%d)", t) }
func setSrc(mac net.HardwareAddr) string { return "set_field:" + mac.String() + "->eth_src" }
func setDst(mac net.HardwareAddr) string { return "set_field:" + mac.String() + "->eth_dst" }

// punt sends the packet to the punt table, which adds the meter.
func punt(r Reason) string {
	return join(setReg(3, uint32(r)), gotoTable(TablePunt))
}

// checkSize sets reg6[0] if the Ethernet frame is larger than limit octets.
func checkSize(limit int) string {
	return fmt.Sprintf("check_pkt_larger(%d)->NXM_NX_REG6[0]", limit)
}

// protocol is the match on the EtherType of an address family.
func protocol(a netip.Addr) string {
	if a.Is4() {
		return "ip"
	}
	return "ipv6"
}

// destination matches IP packets to the addresses of a prefix.
func destination(p netip.Prefix) string {
	field := "nw_dst"
	if p.Addr().Is6() {
		field = "ipv6_dst"
	}
	if p.Bits() == 0 {
		return protocol(p.Addr())
	}
	return fmt.Sprintf("%s,%s=%s", protocol(p.Addr()), field, p.Masked())
}

func destinationAddr(a netip.Addr) string {
	return destination(netip.PrefixFrom(a, a.BitLen()))
}

func hex(v uint32) string { return fmt.Sprintf("%#x", v) }
