package ovs

import (
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

func ping(h *namespace, count, to string, more ...string) (string, error) {
	args := append([]string{"ping", "-n", "-c", count, "-i", "0.02", "-W", "5"}, more...)
	return h.run(append(args, to)...)
}

func TestRealForward(t *testing.T) {
	needsRoot(t)
	t.Parallel()
	p := newPair(t)
	p.program(t)
	for family, name := range []string{"IPv4", "IPv6"} {
		for vrf, host := range map[int]string{1: "a1", 2: "a2"} {
			c := newCapture(t, p.r1.ns, "eth1")
			if out, err := ping(p.hosts[host], "3", remote(2, family)); err != nil {
				t.Errorf("%s in VRF %d: %v", name, vrf, err)
				_ = out
			}
			for _, want := range []uint32{label(2, vrf, family == 1), label(1, vrf, family == 1)} {
				found := c.next(t, "labelled packet", func(p gopacket.Packet) bool { return p.Layer(layers.LayerTypeMPLS) != nil })
				m := found.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
				if m.Label != want || !m.StackBottom || m.TTL != 63 {
					t.Errorf("%s: %+v, want label %d", name, m, want)
				}
			}
		}
	}
}
