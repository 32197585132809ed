package ovs

import (
	"bytes"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/ovs/pipeline"
)

// labelled returns an echo request from router 2 to a host of router 1, with a
// stack of labels.
func labelled(vrf, family int, labels ...layers.MPLS) []gopacket.SerializableLayer {
	ls := icmp(vrf, family, nth(subnets(1)[family], 2), 64, 20)
	stack := []gopacket.SerializableLayer{
		&layers.Ethernet{SrcMAC: wanMAC(2), DstMAC: wanMAC(1), EthernetType: layers.EthernetTypeMPLSUnicast},
	}
	for i := range labels {
		labels[i].StackBottom = i == len(labels)-1
		stack = append(stack, &labels[i])
	}
	return append(stack, ls[1:]...)
}

func isEcho(size int) func(gopacket.Packet) bool {
	return func(p gopacket.Packet) bool {
		return bytes.HasSuffix(p.Data(), make([]byte, size)) && (p.Layer(layers.LayerTypeICMPv4) != nil || p.Layer(layers.LayerTypeICMPv6Echo) != nil)
	}
}

func TestRealExplicitNull(t *testing.T) {
	p := runningPair(t)
	core, host := newCapture(t, p.r2.ns, "eth1"), newCapture(t, p.hosts["a2"], "eth0")
	for family, null := range []uint32{0, 2} {
		core.send(t, p.r2.ns, "eth1", labelled(2, family, layers.MPLS{Label: null, TTL: 9}, layers.MPLS{Label: label(1, 2, family == 1), TTL: 9})...)
		host.next(t, "packet under explicit null", isEcho(20))
	}
	before := counters(t, p.r1.sw)
	for _, null := range []uint32{0, 2} {
		core.send(t, p.r2.ns, "eth1", labelled(2, 0, layers.MPLS{Label: null, TTL: 9})...)
	}
	eventually(t, "packets without a VRF are dropped and counted", func() bool {
		after := counters(t, p.r1.sw)
		dropped := uint64(0)
		for c, n := range after {
			if c.Kind() == pipeline.KindBase && (c.Part() == 4 || c.Part() == 6) {
				dropped += n.Packets - before[c].Packets
			}
		}
		return dropped == 2
	})
}

func TestRealSwap(t *testing.T) {
	p := runningPair(t)
	const transit, out = 77, 88
	in := pipeline.InLabel{Label: transit, Swap: &pipeline.Swap{Label: out, Adjacency: coreAdjacency}}
	check(t, p.r1.sw.Commit(t.Context(), in.Flows(), nil))
	core := newCapture(t, p.r2.ns, "eth1")

	// Back to where it came from: a router may send out of the ingress port.
	expired := labelled(2, 0, layers.MPLS{Label: transit, TTL: 1}, layers.MPLS{Label: 500, TTL: 7})
	alive := labelled(2, 0, layers.MPLS{Label: transit, TTL: 9, TrafficClass: 5}, layers.MPLS{Label: 500, TTL: 7})
	core.send(t, p.r2.ns, "eth1", expired...)
	core.send(t, p.r2.ns, "eth1", alive...)
	found := core.next(t, "swapped label", func(p gopacket.Packet) bool {
		m, ok := p.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
		return ok && m.Label == out
	})
	outer := found.Layer(layers.LayerTypeMPLS).(*layers.MPLS)
	if outer.TTL != 8 || outer.StackBottom || outer.TrafficClass != 5 {
		t.Errorf("swapped: %+v", outer)
	}
	if eth := found.LinkLayer().(*layers.Ethernet); !bytes.Equal(eth.DstMAC, wanMAC(2)) || !bytes.Equal(eth.SrcMAC, wanMAC(1)) {
		t.Errorf("swapped: from %s to %s", eth.SrcMAC, eth.DstMAC)
	}
}

func TestRealTrafficClass(t *testing.T) {
	p := runningPair(t)
	core := newCapture(t, p.r1.ns, "eth1")
	for family := range 2 {
		if _, err := ping(p.hosts["a1"], "1", remote(2, family), "-Q", "0xb8"); err != nil {
			t.Fatal(err)
		}
		found := core.next(t, "expedited packet", func(p gopacket.Packet) bool { return p.Layer(layers.LayerTypeMPLS) != nil })
		if m := found.Layer(layers.LayerTypeMPLS).(*layers.MPLS); m.TrafficClass != 5 {
			t.Errorf("family %d: DSCP EF left with traffic class %d, want 5", family, m.TrafficClass)
		}
	}
}

// The router's own kernel speaks through the core port: ARP, neighbour
// discovery, ping, TCP.
func TestRealCoreControlTraffic(t *testing.T) {
	p := runningPair(t)
	for _, to := range []string{"192.168.0.2", "fe80::2%bgp-eth1"} {
		if _, err := ping(p.r1.ns, "2", to); err != nil {
			t.Error(err)
		}
	}
	if out, err := ping(p.hosts["a1"], "1", "192.168.0.2", "-w", "1"); err == nil {
		t.Errorf("a customer reaches the core: %s", out)
	}
}

// A host that routes for a LAN of its own: traffic from its port back to it.
func TestRealHairpin(t *testing.T) {
	p := runningPair(t)
	lan := netip.MustParsePrefix("130.1.0.0/24")
	route := pipeline.Route{ID: 900, VRF: 1, Prefix: lan, To: pipeline.Forward{Adjacency: hostAdjacency(1)}}
	check(t, p.r1.sw.Commit(t.Context(), route.Flows(), nil))
	c := newCapture(t, p.hosts["a1"], "eth0")
	c.send(t, p.hosts["a1"], "eth0", icmp(1, 0, nth(lan, 9), 64, 5)...)
	c.next(t, "packet that came back", func(p gopacket.Packet) bool {
		ip, ok := p.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
		return ok && ip.TTL == 63 && ip.DstIP.Equal(nth(lan, 9).AsSlice())
	})
}

func TestRealTCPAtFullSize(t *testing.T) {
	p := runningPair(t)
	for family := range 2 {
		data := make([]byte, 4<<20)
		var server net.Listener
		check(t, p.hosts["b1"].do(func() (err error) {
			server, err = net.Listen("tcp", net.JoinHostPort(remote(2, family), "8080"))
			return err
		}))
		go func() {
			if c, err := server.Accept(); err == nil {
				_, _ = c.Write(data)
				c.Close()
			}
		}()
		var client net.Conn
		check(t, p.hosts["a1"].do(func() (err error) {
			client, err = net.DialTimeout("tcp", server.Addr().String(), patience)
			return err
		}))
		core := newCapture(t, p.r1.ns, "eth1")
		check(t, client.SetDeadline(time.Now().Add(patience)))
		if n, err := io.Copy(io.Discard, client); err != nil || n != int64(len(data)) {
			t.Errorf("family %d: %d of %d octets: %v", family, n, len(data), err)
		}
		core.next(t, "a full labelled frame", func(p gopacket.Packet) bool { return len(p.Data()) == 14+4+1500 })
		client.Close()
		server.Close()
	}
}
