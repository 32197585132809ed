package slowpath

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/gopacket/gopacket/layers"
)

// under puts a frame's packet under labels with TTL 1.
func under(frame []byte, labels ...uint32) []byte {
	out := append(append([]byte{}, frame[:ethernetHeader-2]...), 0x88, 0x47)
	for i, label := range labels {
		entry := label<<12 | 1
		if i == len(labels)-1 {
			entry |= 1 << 8
		}
		out = binary.BigEndian.AppendUint32(out, entry)
	}
	return append(out, frame[ethernetHeader:]...)
}

// What a path does not take further is answered along the path: from its end, the answer
// comes back. The routers' own packets are answered straight.
func TestLabeled(t *testing.T) {
	const (
		along  = "labels: 02:00:00:00:00:03>02:00:00:00:00:03 5000/255 1000/255 "
		global = 1 << 16
	)
	whole := letter{src: host4, dst: far4, ttl: 9, proto: 17}.frame(&layers.UDP{SrcPort: 1, DstPort: 2, Length: 8})
	never := func(ip *layers.IPv4) { ip.Flags = layers.IPv4DontFragment }
	df := letter{src: host4, dst: far4, ttl: 9, proto: 17, v4: never}.frame(&layers.UDP{SrcPort: 1, DstPort: 2, Length: 8})
	df, whole = padded(df, 1500), padded(whole, 1500)
	run(t, []testCase{
		{"TTL", Punt{Reason: TTL, Port: corePort, VRF: global, Frame: under(udp(host4, far4, 63, 32), 5000, 1000)}, along + core4 + ">30.1.1.2 ttl 65 TimeExceeded(TTLExceeded) 32/0"},
		{"TTL v6", Punt{Reason: TTL, Port: corePort, VRF: global, Frame: under(udp(host6, far6, 63, 32), 5000, 1000)}, along + loop6 + ">2001:db8:1::2 ttl 65 TimeExceeded(HopLimitExceeded)"},
		{"TTL of the routers themselves", Punt{Reason: TTL, Port: corePort, VRF: global, Frame: under(udp("10.255.0.9", "10.255.0.8", 63, 32), 5000)}, "vrf 65536: 02:00:00:00:00:03>02:00:00:00:00:03 " + core4 + ">10.255.0.9 ttl 65 TimeExceeded(TTLExceeded) 32/0"},
		{"TTL of a label of another AS", Punt{Reason: TTL, Port: corePort, Frame: under(udp(host4, far4, 63, 32), 5000)}, "labels: 02:00:00:00:00:03>02:00:00:00:00:03 5000/255 " + core4 + ">30.1.1.2 ttl 65 TimeExceeded(TTLExceeded) 32/0"},
		{"TTL of an error", Punt{Reason: TTL, Port: corePort, Frame: under(letter{src: host4, dst: far4, ttl: 1, proto: 1}.frame(&layers.ICMPv4{TypeCode: 11 << 8}), 5000)}, "ignored: no error about an error or a later fragment"},
		{"no address", Punt{Reason: TTL, Port: corePort, Frame: under(udp("::", far6, 63, 32), 5000)}, "ignored: no error to or about multicast and broadcast"},
		{"no bottom", Punt{Reason: TTL, Port: corePort, Frame: under(udp(host4, far4, 63, 32), 5000)[:ethernetHeader+3]}, "ignored: label stack damaged"},
		{"too big", Punt{Reason: TooBig, Port: corePort, MTU: 1504, Frame: under(df, 5000, 1000)}, along + core4 + ">30.1.1.2 ttl 65 DestinationUnreachable(FragmentationNeeded) 32/1496"},
		{"too big v6", Punt{Reason: TooBig, Port: corePort, MTU: 1504, Frame: under(udp(host6, far6, 63, 1452), 5000, 1000)}, along + loop6 + ">2001:db8:1::2 ttl 65 PacketTooBig"},
		{"not too big", Punt{Reason: TooBig, Port: corePort, MTU: 1508, Frame: under(df, 5000, 1000)}, "ignored: not longer than the MTU"},
		{"fragments", Punt{Reason: TooBig, Port: corePort, MTU: 1504, Frame: under(whole, 5000, 1000)}, "labels: " + hostMAC.String() + ">02:00:00:00:00:03 5000/2 1000/1 30.1.1.2>130.1.0.7 ttl 9...\n" +
			"labels: " + hostMAC.String() + ">02:00:00:00:00:03 5000/2 1000/1 30.1.1.2>130.1.0.7 ttl 9..."},
		{"another reason", Punt{Reason: Glean, Port: corePort, Frame: under(whole, 5000)}, "ignored: labels that lead nowhere"},
	})
}

// padded lengthens an IPv4 datagram with zeros, without a checksum of UDP.
func padded(frame []byte, size int) []byte {
	frame = append(frame, make([]byte, size-(len(frame)-ethernetHeader))...)
	ip := frame[ethernetHeader:]
	put(ip[2:], uint16(size))
	put(ip[24:], uint16(size-ipv4Header))
	put(ip[26:], 0)
	put(ip[10:], 0)
	put(ip[10:], checksum(ip[:ipv4Header], 0))
	return frame
}

// The stack as received is in the answer (RFC 4884, RFC 4950).
func TestLabeledExtension(t *testing.T) {
	for _, c := range []struct {
		src, dst   string
		head, at   int // where the quote begins, and the octet with its length
		lengthUnit int
	}{{host4, far4, ipv4Header + icmpHeader, ipv4Header + 5, 4}, {host6, far6, ipv6Header + icmpHeader, ipv6Header + 4, 8}} {
		frame := under(udp(c.src, c.dst, 63, 300), 5000, 1000)
		res := newLab(t).Handle(now, Punt{Reason: TTL, Port: corePort, Frame: frame})
		_, bare, err := unlabel(res.Out[0].Frame)
		if err != nil {
			t.Fatal(err)
		}
		ip := bare[ethernetHeader:]
		if got := int(ip[c.at]) * c.lengthUnit; got != 128 {
			t.Errorf("%s: the quote has %d octets by its length; want 128", c.src, got)
		}
		extension := ip[c.head+128:]
		want := append([]byte{0, 12, 1, 1}, frame[ethernetHeader:][:8]...)
		if extension[0] != 0x20 || checksum(extension, 0) != 0 || !bytes.Equal(extension[4:], want) {
			t.Errorf("%s: extension %x; want version 2 and object %x", c.src, extension, want)
		}
	}
}

// A router that has one IP version tells customers of the other one, too, what they must know.
func TestLabeledOfAnotherVersion(t *testing.T) {
	const along = "labels: 02:00:00:00:00:03>02:00:00:00:00:03 5000/255 "
	for _, tt := range []struct {
		has   []netip.Addr
		frame []byte
		want  string
	}{
		{addresses(core4, loop4), udp(host6, far6, 63, 32), "64:ff9b:1::c0a8:101>2001:db8:1::2 ttl 65 TimeExceeded(HopLimitExceeded)"},
		{addresses("2001:db8:9::1", loop6), udp(host4, far4, 63, 32), "192.0.0.8>30.1.1.2 ttl 65 TimeExceeded(TTLExceeded) 32/0"},
	} {
		cfg := labConfig()
		cfg.Loopbacks, cfg.Links = tt.has[1:], []Link{{Port: corePort, Addresses: tt.has[:1]}}
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		if got := say(t, r.Handle(now, Punt{Reason: TTL, Port: corePort, Frame: under(tt.frame, 5000)})); got != along+tt.want {
			t.Errorf("%s; want %s", got, along+tt.want)
		}
	}
}
