package ovs

import (
	"fmt"
	"net"
	"net/netip"
	"testing"

	"pseudowan/ovs/pipeline"
)

// pair is two routers on one core wire, each with a host in each of two VRFs
// with the same addresses:
//
//	a1 a2 ── r1 ══ core ══ r2 ── b1 b2
//
// The routes and adjacencies are static, as are the hosts' neighbour entries.
type pair struct {
	r1, r2 *testRouter
	hosts  map[string]*namespace
}

// testRouter is one router of a pair: r1 is number 1.
type testRouter struct {
	n     int
	ns    *namespace
	sw    *Switch
	ports []Port
	flows []pipeline.Flow
}

// Numbers in a pair. A host's port, adjacency and VRF follow from the VRF.
const (
	corePort      = 1
	bgpPort       = 2
	coreAdjacency = 100
)

func hostPort(vrf int) uint32      { return uint32(2 + vrf) }
func hostAdjacency(vrf int) uint32 { return uint32(vrf) }
func hostMAC(router, vrf int) net.HardwareAddr {
	return net.HardwareAddr{2, 0, 0, 1, byte(router), byte(vrf)}
}
func gatewayMAC(router, vrf int) net.HardwareAddr {
	return net.HardwareAddr{2, 0, 0, 2, byte(router), byte(vrf)}
}
func wanMAC(router int) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 3, byte(router), 0} }

// label returns a router's label for one family of one VRF.
func label(router, vrf int, ipv6 bool) uint32 {
	l := uint32(1000*router + 2*vrf)
	if ipv6 {
		l++
	}
	return l
}

// subnets returns the subnets of a router's hosts, the same in both VRFs.
func subnets(router int) []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix(fmt.Sprintf("30.%d.0.0/24", router)),
		netip.MustParsePrefix(fmt.Sprintf("2001:db8:%d::/64", router)),
	}
}

// nth returns the nth address of a prefix.
func nth(p netip.Prefix, n int) netip.Addr {
	b := p.Addr().AsSlice()
	b[len(b)-1] = byte(n)
	a, _ := netip.AddrFromSlice(b)
	return a
}

func newPair(t testing.TB) *pair {
	t.Helper()
	p := &pair{hosts: make(map[string]*namespace)}
	p.r1, p.r2 = newRouter(t, 1), newRouter(t, 2)
	wire(t, p.r1.ns, "eth1", "02:00:00:04:01:00", p.r2.ns, "eth1", "02:00:00:04:02:00", 1600)
	for vrf := 1; vrf <= 2; vrf++ {
		p.hosts[fmt.Sprint("a", vrf)] = p.r1.attach(t, vrf)
		p.hosts[fmt.Sprint("b", vrf)] = p.r2.attach(t, vrf)
	}
	for _, r := range []*testRouter{p.r1, p.r2} {
		check(t, r.sw.ApplyBridge(t.Context(), Bridge{Ports: r.ports}))
		r.ns.sysctl(t, "ipv6/conf/bgp-eth1/disable_ipv6", "0")
		r.ns.address(t, "bgp-eth1", fmt.Sprintf("192.168.0.%d/30", r.n), fmt.Sprintf("fe80::%d/64", r.n))
		r.ns.up(t, "bgp-eth1")
	}
	return p
}

// program commits the flows of both routers.
func (p *pair) program(t testing.TB) {
	t.Helper()
	for _, r := range []*testRouter{p.r1, p.r2} {
		r.flows = r.wanted()
		check(t, r.sw.SetMeters(t.Context(), Meter{ID: 1, Rate: 1000, Burst: 100}))
		check(t, r.sw.Commit(t.Context(), r.flows, nil))
	}
}

// runningPair returns a pair with all its flows, for a parallel test.
func runningPair(t *testing.T) *pair {
	t.Helper()
	needsRoot(t)
	t.Parallel()
	p := newPair(t)
	p.program(t)
	return p
}

func newRouter(t testing.TB, n int) *testRouter {
	t.Helper()
	r := &testRouter{n: n, ns: newNamespace(t)}
	for name, value := range map[string]string{
		"ipv4/ip_forward": "0", "ipv4/conf/all/arp_ignore": "1", "ipv4/conf/all/arp_announce": "2",
		"ipv6/conf/default/disable_ipv6": "1",
	} {
		r.ns.sysctl(t, name, value)
	}
	r.sw = startSwitch(t, r.ns, Config{})
	r.ports = []Port{
		{Number: corePort, Name: "eth1"},
		{Number: bgpPort, Name: "bgp-eth1", Internal: true, MAC: wanMAC(n), MTU: 1500},
	}
	return r
}

// attach makes a host of a VRF with a static neighbour entry for the gateway.
func (r *testRouter) attach(t testing.TB, vrf int) *namespace {
	t.Helper()
	h := newNamespace(t)
	name := fmt.Sprint("host", vrf)
	wire(t, h, "eth0", hostMAC(r.n, vrf).String(), r.ns, name, fmt.Sprintf("02:00:00:05:%02x:%02x", r.n, vrf), 1500)
	r.ports = append(r.ports, Port{Number: hostPort(vrf), Name: name})
	for _, cmd := range [][]string{{"ethtool", "-K", "eth0", "tx", "off"}} {
		_, err := h.run(cmd...)
		check(t, err)
	}
	for _, s := range subnets(r.n) {
		gateway := nth(s, 1).String()
		h.address(t, "eth0", netip.PrefixFrom(nth(s, 2), s.Bits()).String())
		for _, cmd := range [][]string{
			{"ip", "neigh", "replace", gateway, "lladdr", gatewayMAC(r.n, vrf).String(), "nud", "permanent", "dev", "eth0"},
			{"ip", "route", "add", "default", "via", gateway},
		} {
			_, err := h.run(cmd...)
			check(t, err)
		}
	}
	return h
}

// wanted returns all flows of a router.
func (r *testRouter) wanted() []pipeline.Flow {
	other := 3 - r.n
	flows := pipeline.Base{}.Flows()
	flows = append(flows, pipeline.CorePort{
		Port: corePort, BGPPort: bgpPort, MAC: wanMAC(r.n), Meter: 1,
		Addresses: []netip.Addr{netip.AddrFrom4([4]byte{192, 168, 0, byte(r.n)})},
	}.Flows()...)
	flows = append(flows, pipeline.Adjacency{
		ID: coreAdjacency, Port: corePort, SrcMAC: wanMAC(r.n), DstMAC: wanMAC(other), Push: true, Resolved: true,
	}.Flows()...)
	for vrf := 1; vrf <= 2; vrf++ {
		flows = append(flows, r.vrf(vrf)...)
	}
	return flows
}

// vrf returns the flows of one VRF: the IPv4 label has an adjacency, that of IPv6
// means a lookup.
func (r *testRouter) vrf(vrf int) []pipeline.Flow {
	v := uint32(vrf)
	flows := pipeline.VRF{ID: v}.Flows()
	port := pipeline.AccessPort{Port: hostPort(vrf), VRF: v, MAC: gatewayMAC(r.n, vrf), ControlMeter: 1, Meter: 1}
	for i, s := range subnets(r.n) {
		gateway, host := nth(s, 1), nth(s, 2)
		port.Gateways = append(port.Gateways, gateway)
		id := routeID(vrf, i)
		flows = append(flows, pipeline.Route{ID: id, VRF: v, Prefix: s, To: pipeline.Punt(pipeline.ReasonGlean)}.Flows()...)
		flows = append(flows, pipeline.Route{ID: id + 1, VRF: v, Prefix: single(gateway), To: pipeline.Punt(pipeline.ReasonLocal)}.Flows()...)
		flows = append(flows, pipeline.Route{ID: id + 2, VRF: v, Prefix: single(host), To: pipeline.Forward{Adjacency: hostAdjacency(vrf)}}.Flows()...)
		in := pipeline.InLabel{Label: label(r.n, vrf, i == 1), IPv6: i == 1, VRF: v}
		if i == 0 {
			in.Adjacency = hostAdjacency(vrf)
		}
		flows = append(flows, in.Flows()...)
	}
	for i, s := range subnets(3 - r.n) {
		flows = append(flows, pipeline.Route{ID: routeID(vrf, i) + 3, VRF: v, Prefix: s, To: pipeline.Forward{
			Adjacency: coreAdjacency, Label: label(3-r.n, vrf, i == 1), MTU: 1500,
		}}.Flows()...)
	}
	flows = append(flows, port.Flows()...)
	return append(flows, r.hostAdjacency(vrf, true).Flows()...)
}

func (r *testRouter) hostAdjacency(vrf int, resolved bool) pipeline.Adjacency {
	return pipeline.Adjacency{
		ID: hostAdjacency(vrf), Port: hostPort(vrf), Resolved: resolved,
		SrcMAC: gatewayMAC(r.n, vrf), DstMAC: hostMAC(r.n, vrf),
	}
}

// routeID numbers the routes of a VRF and family: four each.
func routeID(vrf, family int) uint64 { return uint64(vrf*100 + family*10) }

// remoteRoute returns the cookie of a VRF's route to the other router's hosts.
func remoteRoute(vrf, family int) pipeline.Cookie {
	return pipeline.NewCookie(pipeline.KindRoute, 0, routeID(vrf, family)+3)
}

func single(a netip.Addr) netip.Prefix { return netip.PrefixFrom(a, a.BitLen()) }

// remote returns the address of the other router's host.
func remote(router, family int) string { return nth(subnets(router)[family], 2).String() }
