package slowpath

import (
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// arpFrame returns an ARP packet from a station.
func arpFrame(op uint16, mac net.HardwareAddr, from string, target net.HardwareAddr, to string) []byte {
	dst := broadcastMAC
	if op == layers.ARPReply {
		dst = target
	}
	return serialized(&layers.Ethernet{SrcMAC: mac, DstMAC: dst, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, Operation: op,
			SourceHwAddress: mac, SourceProtAddress: netip.MustParseAddr(from).AsSlice(),
			DstHwAddress: target, DstProtAddress: netip.MustParseAddr(to).AsSlice(),
		})
}

func TestARP(t *testing.T) {
	zero := make(net.HardwareAddr, 6)
	arp := func(name string, frame []byte, want string) testCase {
		return testCase{name, Punt{Reason: ARP, Port: customerPort, Frame: frame}, want}
	}
	const (
		seen = "seen 3 30.1.1.2 02:00:00:00:00:99 O"
		gw   = "port 3: 02:00:00:00:00:03>"
	)
	run(t, []testCase{
		arp("request", arpFrame(1, hostMAC, host4, zero, gw4),
			gw+"02:00:00:00:00:99 arp 2 02:00:00:00:00:03/30.1.1.1 02:00:00:00:00:99/30.1.1.2\n"+seen),
		arp("request from an address of another interface", arpFrame(1, hostMAC, far4, zero, gw4),
			gw+"02:00:00:00:00:99 arp 2 02:00:00:00:00:03/30.1.1.1 02:00:00:00:00:99/130.1.0.7"),
		arp("probe", arpFrame(1, hostMAC, "0.0.0.0", zero, gw4),
			gw+"02:00:00:00:00:99 arp 2 02:00:00:00:00:03/30.1.1.1 02:00:00:00:00:99/0.0.0.0"),
		arp("for another port's gateway", arpFrame(1, hostMAC, host4, zero, nextGW4), seen),
		arp("for another host", arpFrame(1, hostMAC, host4, zero, "30.1.1.3"), seen),
		arp("gratuitous request", arpFrame(1, hostMAC, host4, zero, host4), seen),
		arp("gratuitous reply", arpFrame(2, hostMAC, host4, broadcastMAC, host4), seen),
		arp("reply", arpFrame(2, hostMAC, host4, gwMAC, gw4), "seen 3 30.1.1.2 02:00:00:00:00:99 SO"),
		arp("reply to another", arpFrame(2, hostMAC, host4, otherMAC, gw4), seen),
		arp("claim of our address", arpFrame(1, hostMAC, gw4, zero, gw4),
			gw+"ff:ff:ff:ff:ff:ff arp 1 02:00:00:00:00:03/30.1.1.1 00:00:00:00:00:00/30.1.1.1\nconflict 3 30.1.1.1 02:00:00:00:00:99"),
		arp("our own, on a looped wire", arpFrame(1, gwMAC, gw4, zero, gw4), "ignored: our own frame"),
		arp("broadcast address", arpFrame(1, hostMAC, "30.1.1.255", zero, host4), ""),
		arp("multicast sender", append(append([]byte{}, arpFrame(1, hostMAC, host4, zero, gw4)[:22]...), append([]byte{1}, arpFrame(1, hostMAC, host4, zero, gw4)[23:]...)...),
			"ignored: ARP from a MAC that no station has"),
		arp("sizes that overflow eight bits", append(serialized(&layers.Ethernet{SrcMAC: hostMAC, DstMAC: gwMAC, EthernetType: layers.EthernetTypeARP}, gopacket.Payload{0, 1, 8, 0, 255, 200, 0, 1}), make([]byte, 60)...),
			"ignored: ARP on a port without gateway, or not of IPv4 over Ethernet"),
		{"core port", Punt{Reason: ARP, Port: corePort, Frame: arpFrame(1, hostMAC, host4, zero, gw4)},
			"ignored: ARP on a port without gateway, or not of IPv4 over Ethernet"},
	})
}

func TestConflictIsAnsweredSeldom(t *testing.T) {
	r := newLab(t)
	p := Punt{Reason: ARP, Port: customerPort, Frame: arpFrame(1, hostMAC, gw4, hostMAC, gw4)}
	for i, at := range []struct {
		d    time.Duration
		outs int
	}{{0, 1}, {time.Second, 0}, {9 * time.Second, 0}, {10 * time.Second, 1}} {
		res := r.Handle(now.Add(at.d), p)
		if len(res.Out) != at.outs || len(res.Conflicts) != 1 {
			t.Errorf("claim %d: %s", i, say(t, res))
		}
	}
}

// nd returns a message of RFC 4861 from the host.
func nd(src, dst string, kind uint8, body gopacket.SerializableLayer) []byte {
	l := letter{src: src, dst: dst, ttl: 255, proto: layers.IPProtocolICMPv6}
	if a := netip.MustParseAddr(dst); a.IsMulticast() {
		l.dstMAC = multicastMAC(a)
	}
	return l.frame(&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}, body)
}

func options(kind layers.ICMPv6Opt, mac net.HardwareAddr) layers.ICMPv6Options {
	if mac == nil {
		return nil
	}
	return layers.ICMPv6Options{{Type: kind, Data: mac}}
}

func ns(src, dst, target string, slla net.HardwareAddr) []byte {
	return nd(src, dst, 135, &layers.ICMPv6NeighborSolicitation{
		TargetAddress: net.ParseIP(target), Options: options(layers.ICMPv6OptSourceAddress, slla)})
}

func na(src, dst, target string, flags uint8, tlla net.HardwareAddr) []byte {
	return nd(src, dst, 136, &layers.ICMPv6NeighborAdvertisement{
		Flags: flags, TargetAddress: net.ParseIP(target), Options: options(layers.ICMPv6OptTargetAddress, tlla)})
}

func TestND(t *testing.T) {
	in := func(name string, frame []byte, want string) testCase {
		return testCase{name, Punt{Reason: ND, Port: customerPort, Frame: frame}, want}
	}
	const (
		group = "ff02::1:ff00:1"
		tlla  = "[ICMPv6Option(TargetAddress:02:00:00:00:00:03)]"
		reply = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 "
		all   = "port 3: 02:00:00:00:00:03>33:33:00:00:00:01 "
		seen6 = "seen 3 2001:db8:1::2 02:00:00:00:00:99 "
		bad   = "ignored: neighbour discovery damaged or forwarded"
	)
	forwarded := letter{src: host6, dst: gw6, ttl: 254, proto: layers.IPProtocolICMPv6}.frame(
		&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(135, 0)}, &layers.ICMPv6NeighborSolicitation{TargetAddress: net.ParseIP(gw6)})
	run(t, []testCase{
		in("NS", ns(host6, group, gw6, hostMAC),
			reply+"2001:db8:1::1>2001:db8:1::2 ttl 255 NeighborAdvertisement 2001:db8:1::1 0xe0 "+tlla+"\n"+seen6+"O"),
		in("NS for link-local from link-local", ns(hostLL, "ff02::1:ff00:3", gwLL, hostMAC),
			reply+gwLL+">"+hostLL+" ttl 255 NeighborAdvertisement "+gwLL+" 0xe0 "+tlla+"\nseen 3 "+hostLL+" 02:00:00:00:00:99 O"),
		in("NS unicast without link-layer address", ns(host6, gw6, gw6, nil),
			reply+"2001:db8:1::1>2001:db8:1::2 ttl 255 NeighborAdvertisement 2001:db8:1::1 0xe0 "+tlla),
		in("NS from an address that is not on-link", ns(far6, gw6, gw6, hostMAC),
			reply+"2001:db8:1::1>2001:db8:f::7 ttl 255 NeighborAdvertisement 2001:db8:1::1 0xe0 "+tlla),
		in("DAD of our address", ns("::", group, gw6, nil),
			all+"2001:db8:1::1>ff02::1 ttl 255 NeighborAdvertisement 2001:db8:1::1 0xa0 "+tlla),
		in("DAD of another", ns("::", "ff02::1:ff00:2", host6, nil), ""),
		in("DAD to unicast", ns("::", gw6, gw6, nil), "ignored: neighbour solicitation damaged"),
		in("DAD with link-layer address", ns("::", group, gw6, hostMAC), "ignored: neighbour solicitation damaged"),
		in("NS for another port's gateway", ns(host6, group, nextGW6, hostMAC), seen6+"O"),
		in("NS with multicast link-layer address", ns(host6, group, gw6, broadcastMAC), "ignored: neighbour solicitation damaged"),
		in("NS from our address", ns(gw6, group, host6, hostMAC),
			all+"2001:db8:1::1>ff02::1 ttl 255 NeighborAdvertisement 2001:db8:1::1 0xa0 "+tlla+"\nconflict 3 2001:db8:1::1 02:00:00:00:00:99"),
		in("forwarded", forwarded, bad),
		in("checksum", damaged(ns(host6, group, gw6, hostMAC), 60), bad),
		in("NA solicited", na(host6, gw6, host6, 0x60, hostMAC), seen6+"SO"),
		in("NA without link-layer address", na(host6, gw6, host6, 0xc0, nil), "seen 3 2001:db8:1::2  SR"),
		in("NA unsolicited", na(host6, "ff02::1", host6, 0x20, hostMAC), seen6+"O"),
		in("NA solicited to all", na(host6, "ff02::1", host6, 0x60, hostMAC), "ignored: neighbour advertisement damaged"),
		in("NA of our address", na(host6, "ff02::1", gw6, 0x20, hostMAC),
			all+"2001:db8:1::1>ff02::1 ttl 255 NeighborAdvertisement 2001:db8:1::1 0xa0 "+tlla+"\nconflict 3 2001:db8:1::1 02:00:00:00:00:99"),
		in("NA of another subnet's address", na(host6, gw6, far6, 0x60, hostMAC), "ignored: neighbour advertisement of an address of another subnet"),
		in("RA of a customer", nd(hostLL, "ff02::1", 134, &layers.ICMPv6RouterAdvertisement{}), "ignored: a router takes no advice from routers"),
		in("not ND", udp(host6, gw6, 64, 8), "ignored: neither ARP nor neighbour discovery"),
		{"port without IPv6", Punt{Reason: ND, Port: overlapPort, Frame: ns(host6, group, gw6, hostMAC)},
			"ignored: neighbour discovery on a port without IPv6 gateway"},
	})
}

func TestSolicit(t *testing.T) {
	r := newLab(t)
	cases := []struct {
		port uint32
		addr string
		mac  net.HardwareAddr
		want string
	}{
		{3, host4, nil, "02:00:00:00:00:03>ff:ff:ff:ff:ff:ff arp 1 02:00:00:00:00:03/30.1.1.1 00:00:00:00:00:00/30.1.1.2"},
		{3, host4, hostMAC, "02:00:00:00:00:03>02:00:00:00:00:99 arp 1 02:00:00:00:00:03/30.1.1.1 02:00:00:00:00:99/30.1.1.2"},
		{3, host6, nil, "02:00:00:00:00:03>33:33:ff:00:00:02 2001:db8:1::1>ff02::1:ff00:2 ttl 255 NeighborSolicitation 2001:db8:1::2 [ICMPv6Option(SourceAddress:02:00:00:00:00:03)]"},
		{3, host6, hostMAC, "02:00:00:00:00:03>02:00:00:00:00:99 2001:db8:1::1>2001:db8:1::2 ttl 255 NeighborSolicitation 2001:db8:1::2 [ICMPv6Option(SourceAddress:02:00:00:00:00:03)]"},
		{3, hostLL, nil, "02:00:00:00:00:03>33:33:ff:00:00:99 fe80::ff:fe00:3>ff02::1:ff00:99 ttl 255 NeighborSolicitation fe80::ff:fe00:99 [ICMPv6Option(SourceAddress:02:00:00:00:00:03)]"},
		{3, far4, nil, ""}, {3, gw4, nil, ""}, {5, host6, nil, ""}, {1, host4, nil, ""},
	}
	for _, c := range cases {
		got := ""
		if f := r.Solicit(c.port, netip.MustParseAddr(c.addr), c.mac); f != nil {
			got = sayFrame(valid(t, f))
		}
		if got != c.want {
			t.Errorf("port %d %s %v: got\n%s\nwant\n%s", c.port, c.addr, c.mac, got, c.want)
		}
	}
}

func TestGratuitousAnnounce(t *testing.T) {
	const tlla = " 0xa0 [ICMPv6Option(TargetAddress:02:00:00:00:00:03)]"
	want := []string{
		"02:00:00:00:00:03>ff:ff:ff:ff:ff:ff arp 1 02:00:00:00:00:03/30.1.1.1 00:00:00:00:00:00/30.1.1.1",
		"02:00:00:00:00:03>33:33:00:00:00:01 2001:db8:1::1>ff02::1 ttl 255 NeighborAdvertisement 2001:db8:1::1" + tlla,
		"02:00:00:00:00:03>33:33:00:00:00:01 fe80::ff:fe00:3>ff02::1 ttl 255 NeighborAdvertisement fe80::ff:fe00:3" + tlla,
	}
	frames := newLab(t).GratuitousAnnounce(customerPort)
	if len(frames) != len(want) {
		t.Fatalf("%d frames", len(frames))
	}
	for i, f := range frames {
		if got := sayFrame(valid(t, f)); got != want[i] {
			t.Errorf("got\n%s\nwant\n%s", got, want[i])
		}
	}
}
