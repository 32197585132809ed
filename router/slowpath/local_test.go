package slowpath

import (
	"bytes"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func TestEcho(t *testing.T) {
	local := func(name string, port, vrf uint32, frame []byte, want string) testCase {
		return testCase{name, Punt{Reason: Local, Port: port, VRF: vrf, Frame: frame}, want}
	}
	const straight = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 "
	run(t, []testCase{
		local("v4", 3, 0, ping(host4, gw4, 64, "abc"), straight+"30.1.1.1>30.1.1.2 ttl 64 EchoReply 7/9"),
		local("v6", 3, 0, ping(host6, gw6, 64, "abc"), straight+"2001:db8:1::1>2001:db8:1::2 ttl 64 EchoReply 7/9"),
		local("v6 link-local", 3, 0, ping(hostLL, gwLL, 64, "abc"), straight+gwLL+">"+hostLL+" ttl 64 EchoReply 7/9"),
		local("last TTL", 3, 0, ping(host4, gw4, 1, "abc"), straight+"30.1.1.1>30.1.1.2 ttl 64 EchoReply 7/9"),
		local("another port's gateway", 3, 0, ping(host4, nextGW4, 64, "abc"), straight+"30.1.2.1>30.1.1.2 ttl 64 EchoReply 7/9"),
		local("another port's gateway, v6", 3, 0, ping(host6, nextGW6, 64, "abc"), straight+"2001:db8:2::1>2001:db8:1::2 ttl 64 EchoReply 7/9"),
		local("from behind the host", 3, 0, ping(far4, gw4, 64, "abc"), "vrf 101: 02:00:00:00:00:03>02:00:00:00:00:03 30.1.1.1>130.1.0.7 ttl 65 EchoReply 7/9"),
		local("from the core", corePort, 101, ping(far4, nextGW4, 64, "abc"), "vrf 101: 02:00:00:00:00:04>02:00:00:00:00:04 30.1.2.1>130.1.0.7 ttl 65 EchoReply 7/9"),
		local("from the core, v6", corePort, 101, ping(far6, gw6, 64, "abc"), "vrf 101: 02:00:00:00:00:03>02:00:00:00:00:03 2001:db8:1::1>2001:db8:f::7 ttl 65 EchoReply 7/9"),
		local("from the core to the overlapping VRF", corePort, 102, ping(far4, gw4, 64, "abc"), "vrf 102: 02:00:00:00:00:05>02:00:00:00:00:05 30.1.1.1>130.1.0.7 ttl 65 EchoReply 7/9"),
		local("to a gateway of another VRF", overlapPort, 0, ping(host4, nextGW4, 64, "abc"), "ignored: no gateway address"),
		local("to another port's link-local address", secondPort, 0, ping(hostLL, gwLL, 64, "abc"), "ignored: link-local address beyond its link"),
		local("link-local through the core", corePort, 101, ping(hostLL, gw6, 64, "abc"), "ignored: no way back to the source"),
		local("to the broadcast address", 3, 0, ping(host4, "30.1.1.255", 64, "abc"), "ignored: multicast or broadcast"),
		local("to a gateway in a broadcast frame", 3, 0, letter{src: host4, dst: gw4, ttl: 64, dstMAC: broadcastMAC, proto: 1}.frame(&layers.ICMPv4{TypeCode: 8 << 8}), "ignored: multicast or broadcast"),
		local("from ourselves", 3, 0, ping(nextGW4, gw4, 64, "abc"), "ignored: from no address, or from our own"),
		local("from loopback", 3, 0, ping("127.0.0.1", gw4, 64, "abc"), "ignored: martian address"),
		local("from multicast", 3, 0, ping("224.0.0.9", gw4, 64, "abc"), "ignored: martian address"),
		local("from all ones", 3, 0, ping("255.255.255.255", gw4, 64, "abc"), "ignored: martian address"),
		local("from no address", 3, 0, ping("::", gw6, 64, "abc"), "ignored: from no address, or from our own"),
		local("IP checksum", 3, 0, damaged(ping(host4, gw4, 64, "abc"), 25), "ignored: IP header damaged"),
		local("ICMP checksum", 3, 0, damaged(ping(host4, gw4, 64, "abc"), 43), "ignored: upper layer's checksum wrong"),
		local("ICMPv6 checksum", 3, 0, damaged(ping(host6, gw6, 64, "abc"), 63), "ignored: upper layer's checksum wrong"),
		local("cut off", 3, 0, ping(host4, gw4, 64, strings.Repeat("a", 100))[:100], "ignored: IP header damaged"),
		local("fragment", 3, 0, letter{src: host4, dst: gw4, ttl: 64, proto: 1, v4: func(ip *layers.IPv4) { ip.Flags = layers.IPv4MoreFragments }}.frame(
			&layers.ICMPv4{TypeCode: 8 << 8}, gopacket.Payload(make([]byte, 64))), "ignored: fragment to a gateway address"),
		local("reply", corePort, 101, letter{src: far4, dst: gw4, ttl: 60, proto: 1}.frame(&layers.ICMPv4{Id: 5, Seq: 6}, gopacket.Payload("xy")),
			"ignored: ICMP that asks for no answer"),
		local("reply v6", 3, 0, letter{src: host6, dst: gw6, ttl: 60, proto: layers.IPProtocolICMPv6}.frame(
			&layers.ICMPv6{TypeCode: 129 << 8}, &layers.ICMPv6Echo{Identifier: 5, SeqNumber: 6}, gopacket.Payload("xy")),
			"ignored: ICMP that asks for no answer"),
		local("an error to us", 3, 0, letter{src: host4, dst: gw4, ttl: 60, proto: 1}.frame(&layers.ICMPv4{TypeCode: 3 << 8}), "ignored: ICMP that asks for no answer"),
		{"any other reason", Punt{Reason: Unreachable, Port: 3, Frame: ping(host4, gw4, 1, "abc")}, straight + "30.1.1.1>30.1.1.2 ttl 64 EchoReply 7/9"},
	})
}

func TestEchoKeepsPayload(t *testing.T) {
	payload := strings.Repeat("0123456789", 140)
	for _, pair := range [][2]string{{host4, gw4}, {host6, gw6}} {
		res := newLab(t).Handle(now, Punt{Reason: Local, Port: 3, Frame: ping(pair[0], pair[1], 64, payload)})
		if len(res.Out) != 1 || !bytes.HasSuffix(res.Out[0].Frame, []byte(payload)) {
			t.Errorf("%v: %s", pair, say(t, res))
		}
	}
}

// A host with a larger MTU sends a ping that is longer than the port's.
func TestEchoLongerThanMTU(t *testing.T) {
	cfg := labConfig()
	cfg.Interfaces[1].MTU = 1280
	r, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	payload := strings.Repeat("x", 1400)
	res := r.Handle(now, Punt{Reason: Local, Port: 3, Frame: ping(host4, gw4, 64, payload)})
	if got := reassemble(t, res.Out); !bytes.HasSuffix(got, []byte(payload)) || len(res.Out) != 2 || res.Out[0].Port != 3 {
		t.Errorf("%d frames, %d octets", len(res.Out), len(got))
	}
	res = r.Handle(now, Punt{Reason: Local, Port: 3, Frame: ping(host6, gw6, 64, payload)})
	if got := say(t, res); got != "ignored: answer longer than the port's MTU" {
		t.Error(got)
	}
}

func TestRefusals(t *testing.T) {
	tcp := func(src, dst string, edit func(*layers.TCP), payload string) []byte {
		seg := &layers.TCP{SrcPort: 4000, DstPort: 80, Seq: 1000, Ack: 500, Window: 100}
		edit(seg)
		return letter{src: src, dst: dst, ttl: 64, proto: layers.IPProtocolTCP}.frame(seg, gopacket.Payload(payload))
	}
	in := func(name string, frame []byte, want string) testCase {
		return testCase{name, Punt{Reason: Local, Port: 3, Frame: frame}, want}
	}
	const (
		four = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 30.1.1.1>30.1.1.2 ttl 64 "
		six  = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 2001:db8:1::1>2001:db8:1::2 ttl 64 "
	)
	run(t, []testCase{
		in("UDP", udp(host4, gw4, 1, 32), four+"DestinationUnreachable(Port) 0/0"),
		in("UDP v6", udp(host6, gw6, 1, 32), six+"DestinationUnreachable(PortUnreachable)"),
		in("UDP to another port's gateway", udp(host4, nextGW4, 1, 32),
			"port 3: 02:00:00:00:00:03>02:00:00:00:00:99 30.1.2.1>30.1.1.2 ttl 64 DestinationUnreachable(Port) 0/0"),
		in("UDP with a wrong checksum", damaged(udp(host4, gw4, 64, 32), 50), "ignored: upper layer's checksum wrong"),
		in("SYN", tcp(host4, gw4, func(s *layers.TCP) { s.SYN = true }, ""), four+"tcp 80>4000 rst true ack true 0/1001"),
		in("SYN v6", tcp(host6, gw6, func(s *layers.TCP) { s.SYN = true }, ""), six+"tcp 80>4000 rst true ack true 0/1001"),
		in("data without ACK", tcp(host4, gw4, func(s *layers.TCP) { s.FIN = true }, "abc"), four+"tcp 80>4000 rst true ack true 0/1004"),
		in("ACK", tcp(host4, gw4, func(s *layers.TCP) { s.ACK = true }, "abc"), four+"tcp 80>4000 rst true ack false 500/0"),
		in("RST", tcp(host4, gw4, func(s *layers.TCP) { s.RST = true }, ""), "ignored: TCP damaged, or a reset itself"),
		in("protocol", letter{src: host4, dst: gw4, ttl: 9, proto: 132}.frame(gopacket.Payload("abcdefgh")), four+"DestinationUnreachable(Protocol) 0/0"),
		in("no upper layer", letter{src: host6, dst: gw6, ttl: 9, proto: 59}.frame(gopacket.Payload("abcdefgh")), "ignored: no upper layer"),
	})
}

// The pointer of a parameter problem tells which octet named the protocol.
func TestUnknownNextHeader(t *testing.T) {
	for _, c := range []struct {
		name    string
		proto   layers.IPProtocol
		payload []byte
		pointer byte
	}{
		{"plain", 132, make([]byte, 16), 6},
		{"behind options", layers.IPProtocolIPv6Destination, append([]byte{132, 0, 1, 4, 0, 0, 0, 0}, make([]byte, 8)...), 40},
		{"behind two", layers.IPProtocolIPv6HopByHop, append([]byte{60, 0, 1, 4, 0, 0, 0, 0, 132, 0, 1, 4, 0, 0, 0, 0}, make([]byte, 8)...), 48},
	} {
		frame := letter{src: host6, dst: gw6, ttl: 64, proto: c.proto}.frame(gopacket.Payload(c.payload))
		res := newLab(t).Handle(now, Punt{Reason: Local, Port: 3, Frame: frame})
		if len(res.Out) != 1 {
			t.Fatalf("%s: %s", c.name, say(t, res))
		}
		icmp := valid(t, res.Out[0].Frame).Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
		if icmp.TypeCode != layers.CreateICMPv6TypeCode(4, 1) || icmp.Payload[3] != c.pointer {
			t.Errorf("%s: %s pointer %d", c.name, icmp.TypeCode, icmp.Payload[3])
		}
	}
}
