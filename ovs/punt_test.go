package ovs

import (
	"bytes"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/ovs/openflow"
	"pseudowan/ovs/pipeline"
)

// icmp returns an echo request from a host of router 1 in a VRF.
func icmp(vrf, family int, dst netip.Addr, ttl uint8, payload int) []gopacket.SerializableLayer {
	eth := &layers.Ethernet{SrcMAC: hostMAC(1, vrf), DstMAC: gatewayMAC(1, vrf), EthernetType: layers.EthernetTypeIPv4}
	src := nth(subnets(1)[family], 2).AsSlice()
	data := gopacket.Payload(make([]byte, payload))
	if family == 0 {
		ip := &layers.IPv4{Version: 4, TTL: ttl, Protocol: layers.IPProtocolICMPv4, SrcIP: src, DstIP: dst.AsSlice()}
		return []gopacket.SerializableLayer{eth, ip, &layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(8, 0)}, data}
	}
	eth.EthernetType = layers.EthernetTypeIPv6
	ip := &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: layers.IPProtocolICMPv6, SrcIP: src, DstIP: dst.AsSlice()}
	echo := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(128, 0)}
	if err := echo.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	return []gopacket.SerializableLayer{eth, ip, echo, &layers.ICMPv6Echo{}, data}
}

// solicitation returns a request for the gateway's MAC address.
func solicitation(vrf, family int) []gopacket.SerializableLayer {
	host, gateway := nth(subnets(1)[family], 2), nth(subnets(1)[family], 1)
	eth := &layers.Ethernet{SrcMAC: hostMAC(1, vrf), DstMAC: net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, EthernetType: layers.EthernetTypeARP}
	if family == 0 {
		return []gopacket.SerializableLayer{eth, &layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: layers.ARPRequest, SourceHwAddress: hostMAC(1, vrf), SourceProtAddress: host.AsSlice(),
			DstHwAddress: make([]byte, 6), DstProtAddress: gateway.AsSlice(),
		}}
	}
	eth.EthernetType, eth.DstMAC = layers.EthernetTypeIPv6, mac("33:33:ff:00:00:01")
	ip := &layers.IPv6{
		Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: host.AsSlice(), DstIP: net.ParseIP("ff02::1:ff00:1"),
	}
	ns := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(135, 0)}
	if err := ns.SetNetworkLayerForChecksum(ip); err != nil {
		panic(err)
	}
	return []gopacket.SerializableLayer{eth, ip, ns, &layers.ICMPv6NeighborSolicitation{TargetAddress: gateway.AsSlice()}}
}

// nextPunt returns the next packet-in of a frame, or fails the test. The hosts'
// kernels send packets of their own in between.
func nextPunt(t *testing.T, s *Switch, what string, frame []byte) PacketIn {
	t.Helper()
	end := time.After(patience)
	for {
		select {
		case p := <-s.PacketIns():
			if bytes.Equal(p.Frame, frame) {
				return p
			}
		case <-end:
			t.Fatalf("%s: no packet-in", what)
		}
	}
}

func TestRealPunt(t *testing.T) {
	p := runningPair(t)
	const vrf = 2
	r, host := p.r1, p.hosts["a2"]
	out := newCapture(t, host, "eth0")
	check(t, r.sw.Commit(t.Context(), r.hostAdjacency(1, false).Flows(), nil))
	for family := range 2 {
		own, far := subnets(1)[family], subnets(2)[family]
		elsewhere := []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8:ffff::9")}[family]
		extranet := pipeline.Route{
			ID: routeID(vrf, family) + 4, VRF: vrf, Prefix: single(nth(own, 77)),
			To: pipeline.Forward{Adjacency: hostAdjacency(1)},
		}
		check(t, r.sw.Commit(t.Context(), extranet.Flows(), nil))
		for _, c := range []struct {
			frame     []gopacket.SerializableLayer
			reason    pipeline.Reason
			adjacency uint32
		}{
			{solicitation(vrf, family), []pipeline.Reason{pipeline.ReasonARP, pipeline.ReasonND}[family], 0},
			{icmp(vrf, family, nth(own, 1), 64, 9), pipeline.ReasonLocal, 0},
			{icmp(vrf, family, nth(own, 1), 1, 9), pipeline.ReasonLocal, 0},
			{icmp(vrf, family, nth(far, 2), 1, 9), pipeline.ReasonTTL, 0},
			{icmp(vrf, family, nth(own, 99), 64, 9), pipeline.ReasonGlean, 0},
			{icmp(vrf, family, elsewhere, 64, 9), pipeline.ReasonUnreachable, 0},
			{icmp(vrf, family, nth(own, 77), 64, 9), pipeline.ReasonResolve, hostAdjacency(1)},
		} {
			out.send(t, host, "eth0", c.frame...)
			want := PacketIn{Reason: c.reason, Port: hostPort(vrf), VRF: vrf, Adjacency: c.adjacency, Frame: frame(t, c.frame...)}
			got := nextPunt(t, r.sw, c.reason.String(), want.Frame)
			if got.Reason != want.Reason || got.Port != want.Port || got.VRF != want.VRF || got.Adjacency != want.Adjacency {
				t.Errorf("family %d: %s: got %s from port %d, VRF %d, adjacency %d",
					family, c.reason, got.Reason, got.Port, got.VRF, got.Adjacency)
			}
		}
	}
}

func TestRealTooBig(t *testing.T) {
	p := runningPair(t)
	const vrf = 1
	core := newCapture(t, p.r1.ns, "eth1")
	out := newCapture(t, p.hosts["a1"], "eth0")
	for family := range 2 {
		dst := nth(subnets(2)[family], 2)
		route := pipeline.Route{ID: routeID(vrf, family) + 3, VRF: vrf, Prefix: subnets(2)[family], To: pipeline.Forward{
			Adjacency: coreAdjacency, Label: label(2, vrf, family == 1), MTU: 1300,
		}}
		check(t, p.r1.sw.Commit(t.Context(), route.Flows(), nil))
		headers := []int{20 + 8, 40 + 8}[family]
		fits, tooBig := icmp(vrf, family, dst, 64, 1300-headers), icmp(vrf, family, dst, 64, 1301-headers)
		out.send(t, p.hosts["a1"], "eth0", tooBig...)
		if got := nextPunt(t, p.r1.sw, "too big", frame(t, tooBig...)); got.Reason != pipeline.ReasonTooBig {
			t.Errorf("family %d: a packet of 1301 octets: %s", family, got.Reason)
		}
		out.send(t, p.hosts["a1"], "eth0", fits...)
		core.next(t, "a packet of 1300 octets and a label", func(p gopacket.Packet) bool {
			return p.Layer(layers.LayerTypeMPLS) != nil && len(p.Data()) == 14+4+1300
		})
	}
}

func TestRealInjectAndOutput(t *testing.T) {
	p := runningPair(t)
	const vrf = 2
	core := newCapture(t, p.r1.ns, "eth1")
	host := newCapture(t, p.hosts["a2"], "eth0")
	for family := range 2 {
		ls := icmp(vrf, family, nth(subnets(2)[family], 2), 64, 33)
		check(t, p.r1.sw.Inject(vrf, frame(t, ls...)))
		found := core.next(t, "injected packet", func(p gopacket.Packet) bool {
			m, ok := p.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
			return ok && m.Label >= label(2, 0, false)
		})
		if m := found.Layer(layers.LayerTypeMPLS).(*layers.MPLS); m.Label != label(2, vrf, family == 1) || m.TTL != 63 || !m.StackBottom {
			t.Errorf("injected packet left with %+v", m)
		}
		unroutable := frame(t, icmp(vrf, family, []netip.Addr{netip.MustParseAddr("203.0.113.9"), netip.MustParseAddr("2001:db8:ffff::9")}[family], 64, 3)...)
		check(t, p.r1.sw.Inject(vrf, unroutable))
		if got := nextPunt(t, p.r1.sw, "injected", unroutable); got.Reason != pipeline.ReasonUnreachable || got.Port != openflow.PortController || got.VRF != vrf {
			t.Errorf("injected packet without a route: %s from port %#x", got.Reason, got.Port)
		}
	}
	solicit := frame(t, solicitation(vrf, 0)...)
	check(t, p.r1.sw.Output(hostPort(vrf), solicit))
	host.next(t, "packet-out", func(p gopacket.Packet) bool { return slices.Equal(p.Data(), solicit) })

	check(t, p.r1.sw.Output(0xffffff01, solicit))
	select {
	case err := <-p.r1.sw.Faults():
		if want := "packet-out: switch refused: no such output port"; err.Error() != want {
			t.Errorf("output to an absent port: %v, want %s", err, want)
		}
	case <-time.After(patience):
		t.Error("output to an absent port: no fault")
	}
}
