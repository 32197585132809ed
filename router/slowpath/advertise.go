package slowpath

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Option types of RFC 8106 that gopacket does not name.
const (
	optRDNSS layers.ICMPv6Opt = 25
	optDNSSL layers.ICMPv6Opt = 31
)

// Flags of router advertisements and of their prefix information
// (RFC 4861 sections 4.2 and 4.6.2, RFC 4191 section 2.2).
const (
	flagManaged     = 0x80
	flagOther       = 0x40
	preferenceShift = 3
	flagOnLink      = 0x80
	flagAutonomous  = 0x40
)

// Advertise returns the unsolicited router advertisement to all nodes of a port
// (RFC 4861 section 6.2.4). It is nil if the port sends none.
func (r *Router) Advertise(port uint32) []byte {
	p := r.ports[port]
	if p == nil || p.RA == nil {
		return nil
	}
	return r.routerAdvertisement(p, p.RA.RouterLifetime, allNodes, multicastMAC(allNodes))
}

// Withdrawn is what is advertised no more.
type Withdrawn struct {
	Prefixes []netip.Prefix
	RDNSS    []netip.Addr
	DNSSL    []string
}

// Withdraw returns a router advertisement that takes something back, with lifetimes of
// 0. If it is the last one of the port, it also says that we are no longer a default
// router (RFC 4861 section 6.2.5). It is nil if the port sends none.
func (r *Router) Withdraw(port uint32, what Withdrawn, last bool) []byte {
	p := r.ports[port]
	if p == nil || p.RA == nil {
		return nil
	}
	ra := *p.RA
	ra.Prefixes, ra.RDNSS, ra.DNSSL, ra.DNSLifetime = nil, what.RDNSS, what.DNSSL, 0
	for _, i := range p.RA.Prefixes {
		if slices.Contains(what.Prefixes, i.Prefix) {
			i.Valid, i.Preferred = 0, 0
			ra.Prefixes = append(ra.Prefixes, i)
		}
	}
	if last {
		ra.RouterLifetime = 0
	}
	now := *p
	now.RA = &ra
	return r.routerAdvertisement(&now, ra.RouterLifetime, allNodes, multicastMAC(allNodes))
}

// handleRS answers only the solicitor (RFC 4861 section 6.2.6). One without an
// address gets a multicast packet in a unicast frame (RFC 6085), so that the
// solicitations of one station never burden the others.
func (r *Router) handleRS(res *Result, c call, body []byte) {
	var rs layers.ICMPv6RouterSolicitation
	if rs.DecodeFromBytes(body, gopacket.NilDecodeFeedback) != nil {
		res.Ignored = "router solicitation damaged"
		return
	}
	mac, ok := linkLayer(rs.Options, layers.ICMPv6OptSourceAddress)
	dst := r.in.src
	switch {
	case !ok || dst.IsUnspecified() && mac != nil:
		res.Ignored = "router solicitation damaged"
		return
	case dst.IsUnspecified():
		dst = allNodes
	case r.learn(res, c, dst, mac):
		return
	}
	if c.port.RA == nil {
		return
	}
	if mac == nil {
		mac = r.in.eth.SrcMAC
	}
	res.Out = append(res.Out, Out{Port: c.Port, Frame: r.routerAdvertisement(c.port, c.port.RA.RouterLifetime, dst, mac)})
}

func (r *Router) routerAdvertisement(p *port, lifetime time.Duration, dst netip.Addr, dstMAC net.HardwareAddr) []byte {
	e := envelope{srcMAC: p.MAC, dstMAC: dstMAC, src: p.local, dst: dst, ttl: ndHopLimit, proto: layers.IPProtocolICMPv6}
	ra := &layers.ICMPv6RouterAdvertisement{
		HopLimit:       p.RA.HopLimit,
		Flags:          byte(p.RA.Preference) << preferenceShift,
		RouterLifetime: uint16(seconds(lifetime, math.MaxUint16)),
		ReachableTime:  uint32(p.RA.ReachableTime.Milliseconds()),
		RetransTimer:   uint32(p.RA.RetransTimer.Milliseconds()),
		Options:        p.options(),
	}
	if ra.HopLimit == 0 {
		ra.HopLimit = hopLimit
	}
	if p.RA.Managed {
		ra.Flags |= flagManaged
	}
	if p.RA.Other {
		ra.Flags |= flagOther
	}
	return r.seal(e, &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeRouterAdvertisement, 0)}, ra)
}

// seconds returns d in whole seconds, at most limit.
func seconds(d time.Duration, limit uint32) uint32 {
	return uint32(min(max(d/time.Second, 0), time.Duration(limit)))
}

// options returns the options of the port's advertisement.
func (p *port) options() layers.ICMPv6Options {
	mtu := binary.BigEndian.AppendUint32(make([]byte, 2, 6), uint32(p.MTU))
	opts := layers.ICMPv6Options{
		{Type: layers.ICMPv6OptSourceAddress, Data: p.MAC},
		{Type: layers.ICMPv6OptMTU, Data: mtu},
	}
	for _, i := range p.RA.Prefixes {
		opts = append(opts, i.option())
	}
	lifetime := seconds(p.RA.DNSLifetime, math.MaxUint32)
	if len(p.RA.RDNSS) > 0 {
		data := binary.BigEndian.AppendUint32(make([]byte, 2), lifetime)
		for _, a := range p.RA.RDNSS {
			data = append(data, a.AsSlice()...)
		}
		opts = append(opts, layers.ICMPv6Option{Type: optRDNSS, Data: data})
	}
	if len(p.RA.DNSSL) > 0 {
		data := binary.BigEndian.AppendUint32(make([]byte, 2), lifetime)
		for _, name := range p.RA.DNSSL {
			data = appendName(data, name)
		}
		for (len(data)+2)%8 != 0 {
			data = append(data, 0)
		}
		opts = append(opts, layers.ICMPv6Option{Type: optDNSSL, Data: data})
	}
	return opts
}

func (i PrefixInfo) option() layers.ICMPv6Option {
	data := make([]byte, 14, 30)
	data[0] = byte(i.Prefix.Bits())
	if i.OnLink {
		data[1] |= flagOnLink
	}
	if i.Autonomous {
		data[1] |= flagAutonomous
	}
	binary.BigEndian.PutUint32(data[2:], seconds(i.Valid, math.MaxUint32))
	binary.BigEndian.PutUint32(data[6:], seconds(i.Preferred, math.MaxUint32))
	return layers.ICMPv6Option{Type: layers.ICMPv6OptPrefixInfo, Data: append(data, i.Prefix.Masked().Addr().AsSlice()...)}
}

// appendName encodes a domain name without compression (RFC 1035 section 3.1).
func appendName(b []byte, name string) []byte {
	for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
		b = append(append(b, byte(len(label))), label...)
	}
	return append(b, 0)
}

// checkRA returns an error for settings that an advertisement cannot have.
func (r *Router) checkRA(p *port) error {
	if p.RA == nil {
		return nil
	}
	for _, i := range p.RA.Prefixes {
		if !i.Prefix.IsValid() || !i.Prefix.Addr().Is6() || i.Preferred > i.Valid {
			return fmt.Errorf("prefix %v: must be an IPv6 prefix whose preferred lifetime does not exceed the valid one", i.Prefix)
		}
	}
	for _, a := range p.RA.RDNSS {
		if !a.Is6() || a.Is4In6() {
			return fmt.Errorf("RDNSS %v is not an IPv6 address", a)
		}
	}
	for _, name := range p.RA.DNSSL {
		for label := range strings.SplitSeq(strings.TrimSuffix(name, "."), ".") {
			if len(label) == 0 || len(label) > 63 || len(name) > 253 {
				return fmt.Errorf("DNSSL %q is not a domain name", name)
			}
		}
	}
	for _, o := range p.options() {
		if len(o.Data)+2 > 255*8 {
			return errors.New("too many RDNSS or DNSSL for one option")
		}
	}
	if n := len(r.routerAdvertisement(p, p.RA.RouterLifetime, allNodes, multicastMAC(allNodes))) - ethernetHeader; n > p.MTU {
		return fmt.Errorf("%d octets exceed the MTU of %d; remove prefixes or names", n, p.MTU)
	}
	return nil
}
