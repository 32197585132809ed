package ovs

import (
	"fmt"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func ping(h *namespace, count, to string, more ...string) (string, error) {
	args := append([]string{"ping", "-n", "-c", count, "-i", "0.02", "-W", "5"}, more...)
	return h.run(append(args, to)...)
}

// Two VRFs with the same prefixes, both families: each packet crosses with the
// label of its VRF and family, and each router decrements its TTL once.
func TestRealForward(t *testing.T) {
	p := runningPair(t)
	for vrf := 1; vrf <= 2; vrf++ {
		for family := range 2 {
			core := newCapture(t, p.r1.ns, "eth1")
			host := newCapture(t, p.hosts[fmt.Sprint("b", vrf)], "eth0")
			other := newCapture(t, p.hosts[fmt.Sprint("b", 3-vrf)], "eth0")
			if _, err := ping(p.hosts[fmt.Sprint("a", vrf)], "1", remote(2, family)); err != nil {
				t.Errorf("VRF %d: %v", vrf, err)
			}
			for _, router := range []int{2, 1} {
				found := core.next(t, "labelled packet", func(p gopacket.Packet) bool { return p.Layer(layers.LayerTypeMPLS) != nil })
				want := layers.MPLS{Label: label(router, vrf, family == 1), StackBottom: true, TTL: 63}
				got := *found.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
				if !equalMPLS(got, want) {
					t.Errorf("VRF %d: %+v, want %+v", vrf, got, want)
				}
			}
			echo := host.next(t, "echo request", isEchoRequest)
			if ttl := hops(echo); ttl != 62 {
				t.Errorf("VRF %d: TTL %d at the far host, want 62", vrf, ttl)
			}
			if leak := other.find(t, 0, isEchoRequest); leak != nil {
				t.Errorf("VRF %d: its packet came out in the other VRF: %v", vrf, leak)
			}
		}
	}
}

func equalMPLS(a, b layers.MPLS) bool {
	return a.Label == b.Label && a.StackBottom == b.StackBottom && a.TTL == b.TTL && a.TrafficClass == b.TrafficClass
}

func isEchoRequest(p gopacket.Packet) bool {
	if l, ok := p.Layer(layers.LayerTypeICMPv4).(*layers.ICMPv4); ok {
		return l.TypeCode.Type() == layers.ICMPv4TypeEchoRequest
	}
	l, ok := p.Layer(layers.LayerTypeICMPv6).(*layers.ICMPv6)
	return ok && l.TypeCode.Type() == layers.ICMPv6TypeEchoRequest
}

// hops returns the TTL or hop limit of a packet.
func hops(p gopacket.Packet) uint8 {
	switch ip := p.NetworkLayer().(type) {
	case *layers.IPv4:
		return ip.TTL
	case *layers.IPv6:
		return ip.HopLimit
	}
	return 0
}
