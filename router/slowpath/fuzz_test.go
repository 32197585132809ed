package slowpath

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// FuzzHandle feeds arbitrary frames for every reason and port, and checks the result
// against what must hold for everything that the router sends.
func FuzzHandle(f *testing.F) {
	zero := []byte{0, 0, 0, 0, 0, 0}
	for _, frame := range [][]byte{
		ping(host4, gw4, 64, "abc"), ping(host6, gw6, 64, "abc"), udp(host4, far4, 1, 1400), udp(host6, far6, 1, 1400),
		arpFrame(1, hostMAC, host4, zero, gw4), arpFrame(1, hostMAC, gw4, zero, gw4),
		ns(host6, "ff02::1:ff00:1", gw6, hostMAC), na(host6, gw6, host6, 0x60, hostMAC),
		nd("::", "ff02::2", 133, &layers.ICMPv6RouterSolicitation{}),
		letter{src: host4, dst: gw4, ttl: 64, proto: 6}.frame(&layers.TCP{SYN: true}),
		letter{src: host4, dst: far4, ttl: 64, proto: 17, v4: func(ip *layers.IPv4) { ip.FragOffset = 100 }}.frame(&layers.UDP{}),
	} {
		for reason := ARP; reason <= TooBig; reason++ {
			f.Add(frame, uint8(reason), uint8(3), uint8(0), uint16(100))
		}
		f.Add(frame, uint8(TTL), uint8(1), uint8(101), uint16(100))
		f.Add(under(frame, 5000, 1000), uint8(TTL), uint8(1), uint8(0), uint16(100))
		f.Add(under(frame, 5000), uint8(TooBig), uint8(1), uint8(7), uint16(100))
	}
	f.Fuzz(func(t *testing.T, frame []byte, reason, port, vrf uint8, mtu uint16) {
		r := newLab(t)
		repair(frame)
		before := bytes.Clone(frame)
		p := Punt{Reason: Reason(reason), Port: uint32(port % 6), VRF: uint32(vrf), Frame: frame, MTU: int(mtu)}
		if reason%2 == 0 {
			p.NextHop, p.OutPort = netip.MustParseAddr("30.1.2.9"), uint32(vrf%6)
		}
		res := r.Handle(now, p)
		if !bytes.Equal(frame, before) {
			t.Fatal("the punt's frame was written to")
		}
		checkResult(t, r, p, res)
	})
}

// repair corrects the checksums, so that fuzzing gets past them.
func repair(frame []byte) {
	var k packet
	if len(frame) >= 34 && frame[12] == 8 && frame[13] == 0 && int(frame[14]&15)*4 <= len(frame)-14 && frame[14]&15 >= 5 {
		header := frame[14:][:int(frame[14]&15)*4]
		header[10], header[11] = 0, 0
		put(header[10:], checksum(header, 0))
	}
	if k.decode(frame) != nil || k.fragment {
		return
	}
	at, sum := 0, k.pseudoHeader
	switch {
	case k.proto == layers.IPProtocolICMPv6:
		at = 2
	case k.proto == layers.IPProtocolICMPv4:
		at, sum = 2, func() uint32 { return 0 }
	case k.proto == layers.IPProtocolTCP:
		at = 16
	case k.proto == layers.IPProtocolUDP:
		at = 6
	default:
		return
	}
	if len(k.payload) < at+2 {
		return
	}
	k.payload[at], k.payload[at+1] = 0, 0
	put(k.payload[at:], checksum(k.payload, sum()))
}

func put(b []byte, v uint16) { b[0], b[1] = byte(v>>8), byte(v) }

// checksum implements RFC 1071 again, independently of the tested code.
func checksum(b []byte, sum uint32) uint16 {
	for i, octet := range b {
		if i%2 == 0 {
			sum += uint32(octet) << 8
		} else {
			sum += uint32(octet)
		}
	}
	for sum > 0xffff {
		sum = sum>>16 + sum&0xffff
	}
	return ^uint16(sum)
}

func checkResult(t *testing.T, r *Router, p Punt, res Result) {
	fragments := len(res.Out) > 1
	for _, o := range res.Out {
		eth := layers.Ethernet{SrcMAC: o.Frame[6:12], DstMAC: o.Frame[:6]}
		if !bytes.Equal(p.Frame[6:12], eth.SrcMAC) && !unicastMAC(eth.SrcMAC) {
			t.Errorf("sends from %v", eth.SrcMAC)
		}
		if len(p.Frame) < 14 || !unicastMAC(p.Frame[6:12]) {
			t.Errorf("answers a frame that is from no station: %x", p.Frame)
		}
		if !fragments && p.Reason != TooBig {
			valid(t, o.Frame)
		}
		if o.Labeled {
			checkLabeled(t, p, o)
			continue
		}
		var k packet
		isARP := o.Frame[12] == 8 && o.Frame[13] == 6
		if err := k.decode(o.Frame); err != nil || !isARP && k.src.Is4() && checksum(k.raw[:k.header], 0) != 0 {
			t.Errorf("sends what it would not accept: %v %x", err, o.Frame)
		}
		switch limit := 0; {
		case o.Port != 0:
			limit = r.ports[o.Port].MTU
			if o.Port != p.Port || len(o.Frame)-ethernetHeader > limit {
				t.Errorf("%d octets out of port %d, came in by %d", len(o.Frame), o.Port, p.Port)
			}
		case o.VRF == 0 || isARP:
			t.Errorf("goes nowhere: %+v", o)
		case fragments && len(k.raw) > p.MTU:
			t.Errorf("fragment of %d octets for MTU %d", len(k.raw), p.MTU)
		}
	}
	for _, s := range res.Seen {
		in := r.ports[s.Port]
		if s.MAC != nil && !unicastMAC(s.MAC) || s.Port != p.Port || in.has(s.Addr) || !in.onLink(s.Addr) {
			t.Errorf("counts as evidence: %+v", s)
		}
	}
	for _, u := range res.Resolve {
		if to := r.ports[u.Port]; to == nil || to.has(u.Addr) || !to.onLink(u.Addr) || !bytes.Equal(u.Frame, p.Frame) {
			t.Errorf("resolves %+v", u)
		}
	}
}

// checkLabeled checks that a frame continues on the path of the punted one.
func checkLabeled(t *testing.T, p Punt, o Out) {
	stack, bare, err := unlabel(o.Frame)
	before, _, bad := unlabel(p.Frame)
	if err != nil || bad != nil || len(stack) != len(before) || o.Port != 0 {
		t.Fatalf("%x becomes %x", p.Frame, o.Frame)
	}
	for i := range stack {
		if i%labelEntry != labelEntry-1 && stack[i] != before[i] {
			t.Errorf("stack %x becomes %x", before, stack)
		}
	}
	var k packet
	if err := k.decode(bare); err != nil || p.Reason == TooBig && len(k.raw)+len(stack) > max(p.MTU, maxICMPv6Error) {
		t.Errorf("sends what it would not accept: %v %x", err, o.Frame)
	}
}

// BenchmarkHandle: a router needs 20,000 packets per second, 50 µs each.
func BenchmarkHandle(b *testing.B) {
	cfg := labConfig()
	cfg.errorRate, cfg.errorBurst = 1e9, 1e9
	r, err := New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name string
		punt Punt
	}{
		{"arp", Punt{Reason: ARP, Port: 3, Frame: arpFrame(1, hostMAC, host4, make([]byte, 6), gw4)}},
		{"ns", Punt{Reason: ND, Port: 3, Frame: ns(host6, "ff02::1:ff00:1", gw6, hostMAC)}},
		{"echo1400", Punt{Reason: Local, Port: 3, Frame: ping(host6, gw6, 64, string(make([]byte, 1400)))}},
		{"ttl", Punt{Reason: TTL, Port: corePort, VRF: 101, Frame: udp(far4, host4, 1, 1400)}},
		{"glean", Punt{Reason: Glean, Port: corePort, VRF: 101, Frame: udp(far4, host4, 9, 100)}},
		{"fragment", Punt{Reason: TooBig, Port: 3, MTU: 1400, Frame: udp(host4, far4, 9, 1400)}},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if res := r.Handle(now, c.punt); res.Ignored != "" {
					b.Fatal(res.Ignored)
				}
			}
		})
	}
}
