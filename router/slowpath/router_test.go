package slowpath

import (
	"net"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Ports of one VRF whose subnets contain each other, and that share a gateway
// address, as the wires of several hosts of one subnet do.
func TestNestedAndSharedSubnets(t *testing.T) {
	cfg := Config{Interfaces: []Interface{
		{Port: 9, VRF: 1, Name: "c", MAC: net.HardwareAddr{2, 0, 0, 0, 0, 9}, Addresses: prefixes("10.0.0.1/8", "10.1.2.1/24", "10.1.0.1/16")},
		{Port: 8, VRF: 1, Name: "b", MAC: net.HardwareAddr{2, 0, 0, 0, 0, 8}, Addresses: prefixes("10.1.3.1/24", "10.1.0.1/16")},
	}}
	for range 2 {
		r, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name string
			punt Punt
			want string
		}{
			{"longest subnet", Punt{Reason: Glean, VRF: 1, Frame: udp("9.9.9.9", "10.1.2.7", 9, 8)}, "resolve 9 10.1.2.7 from 0 vrf 1"},
			{"longest subnet on the other port", Punt{Reason: Glean, VRF: 1, Frame: udp("9.9.9.9", "10.1.3.7", 9, 8)}, "resolve 8 10.1.3.7 from 0 vrf 1"},
			{"lowest port of equals", Punt{Reason: Glean, VRF: 1, Frame: udp("9.9.9.9", "10.1.4.7", 9, 8)}, "resolve 8 10.1.4.7 from 0 vrf 1"},
			{"only the widest", Punt{Reason: Glean, VRF: 1, Frame: udp("9.9.9.9", "10.9.9.9", 9, 8)}, "resolve 9 10.9.9.9 from 0 vrf 1"},
			{"shared gateway from the core", Punt{Reason: Local, VRF: 1, Frame: ping("9.9.9.9", "10.1.0.1", 9, "x")}, "vrf 1: 02:00:00:00:00:08>02:00:00:00:00:08 10.1.0.1>9.9.9.9 ttl 65 EchoReply 7/9"},
			{"shared gateway on its port", Punt{Reason: Local, Port: 9, Frame: ping("10.1.4.7", "10.1.0.1", 9, "x")}, "port 9: 02:00:00:00:00:09>02:00:00:00:00:99 10.1.0.1>10.1.4.7 ttl 64 EchoReply 7/9"},
			{"source in the same subnet", Punt{Reason: TTL, Port: 9, Frame: udp("10.1.2.7", "9.9.9.9", 1, 8)}, "port 9: 02:00:00:00:00:09>02:00:00:00:00:99 10.1.2.1>10.1.2.7 ttl 64 TimeExceeded(TTLExceeded) 0/0"},
		} {
			if got := say(t, r.Handle(now, c.punt)); got != c.want {
				t.Errorf("%s: got\n%s\nwant\n%s", c.name, got, c.want)
			}
		}
		cfg.Interfaces[0], cfg.Interfaces[1] = cfg.Interfaces[1], cfg.Interfaces[0]
	}
}

// An imported route takes a packet from the VRF of its port into another. An ICMP
// error about it returns to the first VRF: the other may have another host at the
// same address.
func TestForeignVRF(t *testing.T) {
	const (
		link = "port 3: 02:00:00:00:00:03>02:00:00:00:00:99 "
		home = "vrf 101: 02:00:00:00:00:03>02:00:00:00:00:03 "
	)
	run(t, []testCase{
		{"error", Punt{Reason: TTL, Port: 3, VRF: 102, Frame: udp(host4, far4, 1, 8)}, link + "30.1.1.1>30.1.1.2 ttl 64 TimeExceeded(TTLExceeded) 0/0"},
		{"error to behind a host", Punt{Reason: HostUnreachable, Port: 3, VRF: 102, Frame: udp(far4, "30.1.1.7", 9, 8)}, home + "30.1.1.1>130.1.0.7 ttl 65 DestinationUnreachable(Host) 0/0"},
		{"ping", Punt{Reason: Local, Port: 3, VRF: 102, Frame: ping(host4, gw4, 9, "x")}, link + "30.1.1.1>30.1.1.2 ttl 64 EchoReply 7/9"},
		{"glean", Punt{Reason: Glean, Port: 3, VRF: 102, Frame: udp(far4, "30.1.1.7", 9, 8)}, "resolve 5 30.1.1.7 from 3 vrf 102"},
		{"ping of a gateway of the port's VRF", Punt{Reason: Local, Port: 3, VRF: 102, Frame: ping(host6, gw6, 9, "x")}, "ignored: no gateway address"},
	})
}

// A fragment that would end beyond the longest possible packet is ignored.
func TestFragmentBeyondTheEnd(t *testing.T) {
	frame := letter{src: host4, dst: far4, ttl: 9, proto: 17, v4: func(ip *layers.IPv4) { ip.FragOffset = 8190 }}.frame(gopacket.Payload(make([]byte, 800)))
	run(t, []testCase{{"last", Punt{Reason: TooBig, Port: 3, MTU: 576, Frame: frame}, "ignored: IP header damaged"}})
}
