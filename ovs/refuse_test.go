package ovs

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/ovs/pipeline"
)

// What a customer or the core may not send, as ofproto/trace judges it.
func TestRealRefused(t *testing.T) {
	p := runningPair(t)
	const (
		customer = "in_port=3,dl_src=02:00:00:01:01:01,dl_dst=02:00:00:02:01:01,"
		core     = "in_port=1,dl_src=02:00:00:03:02:00,dl_dst=02:00:00:03:01:00,"
		v4       = "ip,nw_src=30.1.0.2,nw_dst=30.2.0.2,nw_ttl=64"
		v6       = "ipv6,ipv6_src=2001:db8:1::2,ipv6_dst=2001:db8:2::2,nw_ttl=64"

		refused   = "drop"
		delivered = "" // anything else: datapath port numbers are Open vSwitch's
	)
	for _, c := range []struct{ name, flow, want string }{
		{"IPv4", customer + v4, "push_mpls(label=2002,"},
		{"IPv6", customer + v6, "push_mpls(label=2003,"},
		{"VLAN tag", customer + "dl_vlan=7," + v4, refused},
		{"priority tag", customer + "vlan_tci=0x1000," + v4, refused},
		{"label", customer + "mpls,mpls_label=1004,mpls_bos=1,mpls_ttl=9", refused},
		{"another MAC", strings.Replace(customer, "dl_dst=02:00:00:02:01:01", "dl_dst=02:00:00:02:01:02", 1) + v4, refused},
		{"IPv4 broadcast", "in_port=3,dl_dst=ff:ff:ff:ff:ff:ff," + v4, refused},
		{"IPv6 multicast", "in_port=3,dl_dst=33:33:00:00:00:01,icmp6,ipv6_dst=ff02::1,icmpv6_type=128", refused},
		{"spanning tree", "in_port=3,dl_dst=01:80:c2:00:00:00,dl_type=0x05ff", refused},
		{"multicast address", customer + "ip,nw_src=30.1.0.2,nw_dst=224.0.0.5,nw_ttl=64", refused},
		{"link-local destination", customer + "ipv6,ipv6_src=2001:db8:1::2,ipv6_dst=fe80::7,nw_ttl=64", refused},
		{"link-local source", customer + "ipv6,ipv6_src=fe80::7,ipv6_dst=2001:db8:2::2,nw_ttl=64", refused},
		{"advertised router", "in_port=3,dl_dst=33:33:00:00:00:01,icmp6,ipv6_src=fe80::7,ipv6_dst=ff02::1,nw_ttl=255,icmpv6_type=134", refused},
		{"neighbour from afar", "in_port=3,dl_dst=33:33:ff:00:00:01,icmp6,ipv6_src=2001:db8:9::1,ipv6_dst=ff02::1:ff00:1,nw_ttl=254,icmpv6_type=135", refused},

		{"IPv4 in core", core + "ip,nw_src=192.168.0.2,nw_dst=192.168.0.1,nw_ttl=1", delivered},
		{"customer's address in core", core + v4, refused},
		{"unknown label", core + "mpls,mpls_label=999,mpls_bos=1,mpls_ttl=9", refused},
		{"VPN label above another", core + "mpls,mpls_label=1002,mpls_bos=0,mpls_ttl=9", refused},
		{"label to another MAC", "in_port=1,dl_dst=02:00:00:03:02:00,mpls,mpls_label=1002,mpls_bos=1,mpls_ttl=9", refused},
		{"multicast label", core + "dl_type=0x8848", refused},
		{"our label", core + "mpls,mpls_label=1002,mpls_bos=1,mpls_ttl=9", "pop_mpls("},
	} {
		out, err := p.r1.sw.trace(t.Context(), c.flow)
		check(t, err)
		_, actions, _ := strings.Cut(out, "Datapath actions: ")
		actions = strings.TrimSpace(actions)
		if actions == "" || (actions == refused) != (c.want == refused) || !strings.Contains(actions, c.want) {
			t.Errorf("%s: %q, want %q", c.name, actions, c.want)
		}
	}
}

// One customer's flood does not affect others' packets, nor its own ARP.
func TestRealMeter(t *testing.T) {
	p := runningPair(t)
	sw := p.r1.sw
	check(t, sw.SetMeters(t.Context(), Meter{ID: 7, Rate: 99, Burst: 99}))
	check(t, sw.SetMeters(t.Context(), Meter{ID: 7, Rate: 1, Burst: 10}))
	check(t, sw.Commit(t.Context(), pipeline.AccessPort{
		Port: hostPort(1), VRF: 1, MAC: gatewayMAC(1, 1), ControlMeter: 1, Meter: 7,
	}.Flows(), nil))

	a1, a2 := newCapture(t, p.hosts["a1"], "eth0"), newCapture(t, p.hosts["a2"], "eth0")
	begin := time.Now()
	const flood = 300
	for range flood {
		a1.send(t, p.hosts["a1"], "eth0", icmp(1, 0, nth(subnets(1)[0], 99), 64, 9)...)
	}
	a1.send(t, p.hosts["a1"], "eth0", solicitation(1, 0)...)
	a2.send(t, p.hosts["a2"], "eth0", icmp(2, 0, nth(subnets(1)[0], 99), 64, 8)...)

	punted, arp, other := 0, false, false
	end := time.After(patience)
	again := time.NewTicker(time.Second) // a busy machine loses a packet
	defer again.Stop()
	for !arp || !other {
		select {
		case in := <-sw.PacketIns():
			arp = arp || in.Reason == pipeline.ReasonARP && in.Port == hostPort(1)
			glean := in.Reason == pipeline.ReasonGlean
			other = other || glean && in.Port == hostPort(2)
			if glean && in.Port == hostPort(1) {
				punted++
			}
		case <-again.C:
			a1.send(t, p.hosts["a1"], "eth0", solicitation(1, 0)...)
			a2.send(t, p.hosts["a2"], "eth0", icmp(2, 0, nth(subnets(1)[0], 99), 64, 8)...)
		case <-end:
			t.Fatalf("ARP of the flooding port arrived: %v; the other port's packet arrived: %v", arp, other)
		}
	}
	if limit := 10 + 1 + int(time.Since(begin).Seconds()); punted == 0 || punted > limit {
		t.Errorf("%d of %d packets were punted, want 1 to %d", punted, flood, limit)
	}
	check(t, sw.Commit(t.Context(), nil, pipeline.AccessPort{
		Port: hostPort(1), VRF: 1, MAC: gatewayMAC(1, 1), ControlMeter: 1, Meter: 7,
	}.Flows()))
	stats, err := sw.MeterStats(t.Context())
	check(t, err)
	i := slices.IndexFunc(stats, func(s MeterStats) bool { return s.ID == 7 })
	if i < 0 || stats[i].Dropped < flood/2 {
		t.Errorf("meters count %+v; meter 7 has dropped most of %d", stats, flood)
	}
	check(t, sw.KeepMeters(t.Context(), Meter{ID: 1}))
	left, err := sw.MeterStats(t.Context())
	check(t, err)
	if len(left) != 1 || left[0].ID != 1 {
		t.Errorf("meters left: %+v, want only meter 1", left)
	}
}

// If nobody reads the queue, it fills, what does not fit is counted, and the
// channel stays up.
func TestRealPacketQueueIsBounded(t *testing.T) {
	p := runningPair(t)
	check(t, p.r1.sw.SetMeters(t.Context(), Meter{ID: 1, Rate: 1e6, Burst: 1e6}))
	c := newCapture(t, p.hosts["a1"], "eth0")
	ls := icmp(1, 0, nth(subnets(1)[0], 99), 64, 9)
	eventually(t, "packets are dropped", func() bool {
		for range perSource {
			c.send(t, p.hosts["a1"], "eth0", ls...)
		}
		return p.r1.sw.PacketInsDropped()[Source{Port: hostPort(1), VRF: 1}] > 0
	})
	if _, err := p.r1.sw.PortStats(t.Context()); err != nil {
		t.Error(err)
	}
}
