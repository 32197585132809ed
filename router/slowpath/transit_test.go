package slowpath

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func TestErrors(t *testing.T) {
	const (
		straight = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 "
		core     = "vrf 101: 02:00:00:00:00:03>02:00:00:00:00:03 "
		noErr    = "ignored: no error about an error or a later fragment"
	)
	icmp4 := func(kind uint8) []byte {
		return letter{src: host4, dst: far4, ttl: 1, proto: 1}.frame(&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(kind, 0)}, gopacket.Payload(make([]byte, 28)))
	}
	icmp6 := func(kind uint8) []byte {
		return letter{src: host6, dst: far6, ttl: 1, proto: 58}.frame(&layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}, gopacket.Payload(make([]byte, 52)))
	}
	later := letter{src: host4, dst: far4, ttl: 1, proto: 17, v4: func(ip *layers.IPv4) { ip.FragOffset = 100 }}.frame(gopacket.Payload(make([]byte, 64)))
	first := letter{src: host4, dst: far4, ttl: 1, proto: 17, v4: func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments }}.frame(gopacket.Payload(make([]byte, 64)))
	later6 := letter{src: host6, dst: far6, ttl: 1, proto: layers.IPProtocolIPv6Fragment}.frame(gopacket.Payload(append([]byte{17, 0, 0, 9, 0, 0, 0, 1}, make([]byte, 40)...)))
	run(t, []testCase{
		{"TTL", Punt{Reason: TTL, Port: 3, Frame: udp(host4, far4, 1, 32)}, straight + "30.1.1.1>30.1.1.2 ttl 64 TimeExceeded(TTLExceeded) 0/0"},
		{"TTL v6", Punt{Reason: TTL, Port: 3, Frame: udp(host6, far6, 1, 32)}, straight + "2001:db8:1::1>2001:db8:1::2 ttl 64 TimeExceeded(HopLimitExceeded)"},
		{"TTL from behind the host", Punt{Reason: TTL, Port: 3, Frame: udp("130.9.0.1", far4, 1, 32)}, core + "30.1.1.1>130.9.0.1 ttl 65 TimeExceeded(TTLExceeded) 0/0"},
		{"TTL from the core", Punt{Reason: TTL, Port: corePort, VRF: 101, Frame: udp(far4, host4, 1, 32)}, core + "30.1.1.1>130.1.0.7 ttl 65 TimeExceeded(TTLExceeded) 0/0"},
		{"TTL from the core v6", Punt{Reason: TTL, Port: corePort, VRF: 101, Frame: udp(far6, host6, 1, 32)}, core + "2001:db8:1::1>2001:db8:f::7 ttl 65 TimeExceeded(HopLimitExceeded)"},
		{"TTL in a VRF without IPv6", Punt{Reason: TTL, Port: corePort, VRF: 102, Frame: udp(far6, host6, 1, 32)}, "ignored: no address in this VRF to send an error from"},
		{"TTL in an unknown VRF", Punt{Reason: TTL, Port: corePort, VRF: 9, Frame: udp(far4, host4, 1, 32)}, "ignored: no address in this VRF to send an error from"},
		{"no route", Punt{Reason: Unreachable, Port: 3, Frame: udp(host4, far4, 9, 32)}, straight + "30.1.1.1>30.1.1.2 ttl 64 DestinationUnreachable(Net) 0/0"},
		{"no route v6", Punt{Reason: Unreachable, Port: 3, Frame: udp(host6, far6, 9, 32)}, straight + "2001:db8:1::1>2001:db8:1::2 ttl 64 DestinationUnreachable(NoRouteToDst)"},
		{"no host", Punt{Reason: HostUnreachable, Port: corePort, VRF: 101, Frame: udp(far4, host4, 9, 32)}, core + "30.1.1.1>130.1.0.7 ttl 65 DestinationUnreachable(Host) 0/0"},
		{"no host v6", Punt{Reason: HostUnreachable, Port: corePort, VRF: 101, Frame: udp(far6, host6, 9, 32)}, core + "2001:db8:1::1>2001:db8:f::7 ttl 65 DestinationUnreachable(AddressUnreachable)"},
		{"about an error", Punt{Reason: TTL, Port: 3, Frame: icmp4(3)}, noErr},
		{"about a time exceeded", Punt{Reason: TTL, Port: 3, Frame: icmp4(11)}, noErr},
		{"about a ping", Punt{Reason: TTL, Port: 3, Frame: icmp4(8)}, straight + "30.1.1.1>30.1.1.2 ttl 64 TimeExceeded(TTLExceeded) 0/0"},
		{"about an error v6", Punt{Reason: TTL, Port: 3, Frame: icmp6(3)}, noErr},
		{"about a ping v6", Punt{Reason: TTL, Port: 3, Frame: icmp6(128)}, straight + "2001:db8:1::1>2001:db8:1::2 ttl 64 TimeExceeded(HopLimitExceeded)"},
		{"about a later fragment", Punt{Reason: TTL, Port: 3, Frame: later}, noErr},
		{"about a later fragment v6", Punt{Reason: TTL, Port: 3, Frame: later6}, noErr},
		{"about a first fragment", Punt{Reason: TTL, Port: 3, Frame: first}, straight + "30.1.1.1>30.1.1.2 ttl 64 TimeExceeded(TTLExceeded) 0/0"},
		{"about multicast", Punt{Reason: TTL, Port: 3, Frame: udp(host4, "224.0.0.251", 1, 32)}, "ignored: multicast or broadcast"},
		{"about broadcast", Punt{Reason: Unreachable, Port: 3, Frame: udp(host4, "30.1.2.255", 9, 32)}, "ignored: multicast or broadcast"},
		{"to a broadcast source", Punt{Reason: TTL, Port: 3, Frame: udp("30.1.2.255", far4, 1, 32)}, "ignored: no error to or about multicast and broadcast"},
		{"to ourselves", Punt{Reason: Unreachable, VRF: 101, Frame: udp(gw4, far4, 9, 32)}, "ignored: no error to ourselves"},
		{"to no address", Punt{Reason: TTL, Port: 3, Frame: udp("::", far6, 1, 32)}, "ignored: no error to or about multicast and broadcast"},
		{"link-local in transit", Punt{Reason: TTL, Port: 3, Frame: udp(hostLL, far6, 1, 32)}, "ignored: link-local address beyond its link"},
		{"unknown reason", Punt{Reason: 99, Port: 3, Frame: udp(host4, far4, 1, 32)}, "ignored: unknown reason"},
		{"tagged", Punt{Reason: TTL, Port: 3, Frame: append(slices.Clone(udp(host4, far4, 1, 32)[:12]), 0x81, 0, 0, 1, 8, 0, 0x45, 0)}, "ignored: neither IPv4, IPv6 nor ARP"},
		{"multicast station", Punt{Reason: TTL, Port: 3, Frame: letter{src: host4, dst: far4, ttl: 1, srcMAC: broadcastMAC, proto: 17}.frame(gopacket.Payload("x"))}, "ignored: not an Ethernet frame from one station"},
	})
}

// An error quotes as much of the packet, as received, as the family's rules allow.
func TestQuote(t *testing.T) {
	for _, c := range []struct {
		frame []byte
		limit int
		head  int
	}{
		{udp(host4, far4, 1, 100), 576, 28}, {udp(host4, far4, 1, 1400), 576, 28},
		{udp(host6, far6, 1, 100), 1280, 48}, {udp(host6, far6, 1, 1400), 1280, 48},
	} {
		res := newLab(t).Handle(now, Punt{Reason: TTL, Port: 3, Frame: c.frame})
		got := res.Out[0].Frame[ethernetHeader:]
		want := c.frame[ethernetHeader:]
		want = want[:min(len(want), c.limit-c.head)]
		if len(got) > c.limit || !bytes.Equal(got[c.head:], want) {
			t.Errorf("%d octets, quotes %d, want %d", len(got), len(got)-c.head, len(want))
		}
	}
}

func TestErrorRate(t *testing.T) {
	cfg := labConfig()
	cfg.errorRate, cfg.errorBurst = 10, 3
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	count := func(at time.Duration, p Punt) (n int) {
		for range 20 {
			n += len(r.Handle(now.Add(at), p).Out)
		}
		return n
	}
	p := Punt{Reason: TTL, Port: 3, Frame: udp(host4, far4, 1, 32)}
	if a, b, c := count(0, p), count(100*time.Millisecond, p), count(time.Hour, p); a != 3 || b != 1 || c != 3 {
		t.Errorf("%d, %d after 100 ms, %d after an hour; want 3, 1, 3", a, b, c)
	}
	for _, vrf := range []uint32{101, 102} {
		other := Punt{Reason: TTL, Port: corePort, VRF: vrf, Frame: udp(far4, host4, 1, 32)}
		if n := count(time.Hour, other); n != 3 {
			t.Errorf("VRF %d has %d of its own, want 3", vrf, n)
		}
	}
	if n := count(time.Hour, Punt{Reason: Local, Port: 3, Frame: ping(host4, gw4, 64, "x")}); n != 20 {
		t.Errorf("%d pings of 20 answered", n)
	}
}

func TestTooBig(t *testing.T) {
	df := letter{src: host4, dst: far4, ttl: 9, proto: 17, v4: func(ip *layers.IPv4) { ip.Flags = layers.IPv4DontFragment }}.frame(gopacket.Payload(make([]byte, 1480)))
	run(t, []testCase{
		{"DF", Punt{Reason: TooBig, Port: 3, MTU: 1496, Frame: df},
			"port 3: 02:00:00:00:00:03>02:00:00:00:00:99 30.1.1.1>30.1.1.2 ttl 64 DestinationUnreachable(FragmentationNeeded) 0/1496"},
		{"v6", Punt{Reason: TooBig, Port: 3, MTU: 1496, Frame: udp(host6, far6, 9, 1452)},
			"port 3: 02:00:00:00:00:03>02:00:00:00:00:99 2001:db8:1::1>2001:db8:1::2 ttl 64 PacketTooBig"},
		{"fits", Punt{Reason: TooBig, Port: 3, MTU: 1500, Frame: df}, "ignored: not longer than the MTU"},
		{"no MTU", Punt{Reason: TooBig, Port: 3, Frame: df}, "ignored: not longer than the MTU"},
	})
	for mtu, want := range map[int]uint32{1496: 1496, 1000: 1280} {
		res := newLab(t).Handle(now, Punt{Reason: TooBig, Port: 3, MTU: mtu, Frame: udp(host6, far6, 9, 1452)})
		icmp := valid(t, res.Out[0].Frame).Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
		if got := binary.BigEndian.Uint32(icmp.Payload); got != want {
			t.Errorf("MTU %d: tells %d, want %d", mtu, got, want)
		}
	}
}

// reassemble reassembles an IPv4 packet and returns its payload.
func reassemble(t *testing.T, outs []Out) []byte {
	t.Helper()
	var whole []byte
	for i, o := range outs {
		ip := valid(t, o.Frame).NetworkLayer().(*layers.IPv4)
		if int(ip.FragOffset)*8 != len(whole) || (ip.Flags&layers.IPv4MoreFragments != 0) != (i < len(outs)-1) {
			t.Fatalf("piece %d: offset %d after %d octets, flags %v", i, ip.FragOffset, len(whole), ip.Flags)
		}
		whole = append(whole, ip.Payload...)
	}
	return whole
}

func TestFragments(t *testing.T) {
	payload := make([]byte, 4000)
	for i := range payload {
		payload[i] = byte(i * 7)
	}
	options := []layers.IPv4Option{
		{OptionType: 0x94, OptionLength: 4, OptionData: []byte{0, 0}},          // router alert: copied
		{OptionType: 0x07, OptionLength: 7, OptionData: []byte{4, 0, 0, 0, 0}}, // record route: not copied
		{OptionType: 1},
	}
	for _, opts := range [][]layers.IPv4Option{nil, options} {
		for _, mtu := range []int{68, 576, 577, 1496, 3999} {
			frame := letter{src: host4, dst: far4, ttl: 9, proto: 17, v4: func(ip *layers.IPv4) { ip.Options = opts }}.frame(gopacket.Payload(payload))
			res := newLab(t).Handle(now, Punt{Reason: TooBig, Port: 3, MTU: mtu, Frame: frame})
			if got := reassemble(t, res.Out); !bytes.Equal(got, payload) {
				t.Fatalf("MTU %d: payload differs", mtu)
			}
			for i, o := range res.Out {
				ip := valid(t, o.Frame).NetworkLayer().(*layers.IPv4)
				if int(ip.Length) > mtu || ip.Id != 77 || ip.TTL != 9 || o.VRF != 101 || o.Port != 0 {
					t.Fatalf("MTU %d, piece %d: %+v", mtu, i, ip)
				}
				if opts != nil && (ip.Options[0].OptionType != 0x94 || (len(ip.Options) > 1 && ip.Options[1].OptionType == 7) != (i == 0)) {
					t.Fatalf("MTU %d, piece %d: options %v", mtu, i, ip.Options)
				}
			}
		}
	}
}

func TestFragmentOfFragment(t *testing.T) {
	frame := letter{src: host4, dst: far4, ttl: 9, proto: 17, v4: func(ip *layers.IPv4) {
		ip.FragOffset, ip.Flags = 100, layers.IPv4MoreFragments
	}}.frame(gopacket.Payload(make([]byte, 800)))
	res := newLab(t).Handle(now, Punt{Reason: TooBig, Port: 3, MTU: 576, Frame: frame})
	if len(res.Out) != 2 {
		t.Fatal(say(t, res))
	}
	for i, offset := range []uint16{100, 169} {
		ip := valid(t, res.Out[i].Frame).NetworkLayer().(*layers.IPv4)
		if ip.FragOffset != offset || ip.Flags != layers.IPv4MoreFragments {
			t.Errorf("piece %d: offset %d flags %v", i, ip.FragOffset, ip.Flags)
		}
	}
}

func TestResolve(t *testing.T) {
	addr := netip.MustParseAddr
	in := func(name string, p Punt, want string) testCase { return testCase{name, p, want} }
	const noRoute = "vrf 101: 02:00:00:00:00:03>02:00:00:00:00:03 30.1.1.1>130.1.0.7 ttl 65 DestinationUnreachable(Net) 0/0"
	to4, to6 := udp(far4, "30.1.2.9", 9, 8), udp(far6, "2001:db8:2::9", 9, 8)
	run(t, []testCase{
		in("glean", Punt{Reason: Glean, Port: corePort, VRF: 101, Frame: to4}, "resolve 4 30.1.2.9 from 1 vrf 101"),
		in("glean v6", Punt{Reason: Glean, Port: corePort, VRF: 101, Frame: to6}, "resolve 4 2001:db8:2::9 from 1 vrf 101"),
		in("glean in another VRF's subnet", Punt{Reason: Glean, Port: corePort, VRF: 101, OutPort: 5, Frame: udp(far4, host4, 9, 8)}, "resolve 5 30.1.1.2 from 1 vrf 101"),
		in("glean of what is not connected", Punt{Reason: Glean, Port: corePort, VRF: 101, Frame: udp(far4, "30.9.9.9", 9, 8)}, noRoute),
		in("glean of the network address", Punt{Reason: Glean, Port: corePort, VRF: 101, Frame: udp(far4, "30.1.2.0", 9, 8)}, "ignored: multicast or broadcast"),
		in("next hop", Punt{Reason: Resolve, Port: 3, NextHop: addr("30.1.2.9"), Frame: udp(host4, far4, 9, 8)}, "resolve 4 30.1.2.9 from 3 vrf 101"),
		in("link-local next hop", Punt{Reason: Resolve, Port: 3, NextHop: addr("fe80::9"), OutPort: 4, Frame: udp(host6, far6, 9, 8)}, "resolve 4 fe80::9 from 3 vrf 101"),
		in("no next hop", Punt{Reason: Resolve, Port: 3, Frame: udp(host4, far4, 9, 8)}, "ignored: no next hop given"),
		in("next hop is ours", Punt{Reason: Resolve, Port: corePort, VRF: 101, NextHop: addr(gw4), Frame: to4}, "ignored: next hop is a gateway address"),
		in("from ourselves", Punt{Reason: Glean, VRF: 101, Frame: udp(gw4, "30.1.2.9", 64, 8)}, "resolve 4 30.1.2.9 from 0 vrf 101"),
	})
}

func TestReasonNames(t *testing.T) {
	seen := map[string]bool{}
	for r := ARP; r <= TooBig; r++ {
		seen[r.String()] = true
	}
	if len(seen) != int(TooBig) || seen[""] || Reason(200).String() != "reason(200)" {
		t.Errorf("%v", seen)
	}
}
