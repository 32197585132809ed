package router

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/router/slowpath"
	"pseudowan/topology"
)

// surroundings fake the switch, the speaker and the kernel.
type surroundings struct {
	said  []string          // routes to peers, in order
	told  map[string]string // what peers know, by RD and prefix
	sent  []string          // frames, as "port 5 ICMPv6 134"
	asked []netip.Addr
}

func (s *surroundings) Output(port uint32, frame []byte) error {
	const etherType, upper = 12, 54
	kind := "other"
	if frame[etherType] == 0x86 {
		kind = fmt.Sprintf("ICMPv6 %d", frame[upper])
	}
	s.sent = append(s.sent, fmt.Sprintf("port %d %s", port, kind))
	return nil
}

func (s *surroundings) Commit(context.Context, []pipeline.Flow, []pipeline.Flow) error { return nil }

func (s *surroundings) Correct(context.Context, []pipeline.Flow) (int, error) { return 0, nil }

func (s *surroundings) Inject(uint32, []byte) error { return nil }

func (s *surroundings) InjectLabeled([]byte) error { return nil }

func (s *surroundings) Announce(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		s.said = append(s.said, fmt.Sprintf("%s label %d to %v", r.Prefix, r.Label, r.Targets))
		s.told[fmt.Sprint(r.RD, " ", r.Prefix)] = fmt.Sprintf("%+v", r)
	}
	return nil
}

func (s *surroundings) Withdraw(_ context.Context, routes []bgp.Route) error {
	for _, r := range routes {
		s.said = append(s.said, fmt.Sprintf("no %s", r.Prefix))
		delete(s.told, fmt.Sprint(r.RD, " ", r.Prefix))
	}
	return nil
}

func (s *surroundings) ask(_ int, neighbor netip.Addr, _ bool) error {
	s.asked = append(s.asked, neighbor)
	return nil
}

const (
	redID, blueID = 1, 2
	redPort       = 5
	bluePort      = 6
	firstLink     = 1
	secondLink    = 3
)

// alone returns a router without a configuration, and its surroundings.
func alone(cfg config.Router) (*loop, *surroundings) {
	s := &surroundings{told: map[string]string{}}
	r := newLoop(slog.New(slog.DiscardHandler), cfg, s.ask)
	r.ports.SetSender(s)
	r.vrfs.SetAnnouncer(s, nil)
	return r, s
}

// edge returns a router with two links and two VRFs; blue imports what red exports.
func edge(t *testing.T, edit func(*config.Router)) (*loop, *surroundings) {
	t.Helper()
	cfg := config.Router{
		Router: "pe1", AS: 65000, RouterID: netip.MustParseAddr("10.0.0.1"), Labels: vpn.LabelRange{First: 1000, Last: 1999},
		Core: []config.Core{
			{Port: firstLink, Name: "eth1", BGPPort: 2, BGPName: "bgp-eth1", MAC: testMAC(1).String(), MTU: 1512, Addresses: prefixes("192.168.1.1/24")},
			{Port: secondLink, Name: "eth2", BGPPort: 4, BGPName: "bgp-eth2", MAC: testMAC(3).String(), MTU: 1400, Addresses: prefixes("192.168.2.1/24")},
		},
		Access: []config.Access{
			{Port: redPort, Name: "eth5", VRF: "red", MAC: testMAC(5).String(), MTU: 1500, Host: "r", Gateways: prefixes("10.1.0.1/24", "2001:db8:1::1/64"), Expect: []netip.Addr{netip.MustParseAddr("10.1.0.2")}},
			{Port: bluePort, Name: "eth6", VRF: "blue", MAC: testMAC(6).String(), MTU: 1500, Host: "b", Gateways: prefixes("10.2.0.1/24")},
		},
		VRFs: []config.VRF{
			{ID: redID, Name: "red", RD: rd("1:1"), Import: targets("1:1"), Export: targets("1:1"), RedistributeConnected: topology.RedistributeSubnets, RedistributeStatic: true,
				Statics: []config.Static{{Prefix: netip.MustParsePrefix("10.9.0.0/16"), NextHop: netip.MustParseAddr("10.1.0.2"), Port: redPort}},
				Bindings: []vpn.Binding{connectedLabel("red", vpn.VPNv4, 1000), connectedLabel("red", vpn.VPNv6, 1001),
					{Label: 1002, Key: vpn.LabelKey{VRF: "red", Kind: vpn.LabelNextHop, Family: vpn.VPNv4, NextHop: netip.MustParseAddr("10.1.0.2")}}}},
			{ID: blueID, Name: "blue", RD: rd("1:2"), Import: targets("1:1", "1:2"), Export: targets("1:2"), RedistributeConnected: topology.RedistributeNone,
				Bindings: []vpn.Binding{connectedLabel("blue", vpn.VPNv4, 1003)}},
		},
		Sessions: []topology.Session{{PeerAddress: netip.MustParseAddr("192.168.1.2"), PeerRouter: "pe2", Interface: "eth1"}},
	}
	if edit != nil {
		edit(&cfg)
	}
	r, s := alone(cfg)
	r.link(kernel.LinkEvent{Name: "eth1", Admin: true, Carrier: true})
	r.link(kernel.LinkEvent{Name: "eth2", Admin: true, Carrier: true})
	r.link(kernel.LinkEvent{Name: "eth5", Admin: true, Carrier: true})
	r.link(kernel.LinkEvent{Name: "eth6", Admin: true, Carrier: true})
	reconfigure(t, r, cfg)
	return r, s
}

func testMAC(n byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, n} }

func prefixes(list ...string) (out []netip.Prefix) {
	for _, s := range list {
		out = append(out, netip.MustParsePrefix(s))
	}
	return out
}

func rd(s string) vpn.RD {
	rd, err := vpn.ParseRD(s)
	if err != nil {
		panic(err)
	}
	return rd
}

func targets(list ...string) (out []vpn.RouteTarget) {
	for _, s := range list {
		rt, err := vpn.ParseRouteTarget(s)
		if err != nil {
			panic(err)
		}
		out = append(out, rt)
	}
	return out
}

// settled ends a turn, after which the switch has everything.
func (r *loop) settled(t *testing.T, s *surroundings) {
	t.Helper()
	r.settle()
	for {
		b, ok := r.fib.Take()
		if !ok {
			return
		}
		n, err := b.Commit(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		r.fib.Done(b, n)
	}
}

// does returns what the switch does with packets to a prefix; "" if nothing.
func (r *loop) does(vrf uint32, prefix string) string {
	r.settle()
	c, ok := r.fib.Route(fib.Key{VRF: vrf, Prefix: netip.MustParsePrefix(prefix)})
	if !ok {
		return ""
	}
	return r.flow(c)
}

// flow returns what the flow of a cookie does; "" if there is none.
func (r *loop) flow(cookie pipeline.Cookie) string {
	r.settle()
	for c, f := range r.fib.Flows() {
		if c == cookie {
			return f.Actions
		}
	}
	return ""
}

func (r *loop) hears(nextHop, prefix string, label vpn.Label) {
	peer := netip.MustParseAddr(nextHop)
	r.bgpEvents([]bgp.Event{bgp.RouteUpdate{Route: bgp.Route{
		RD: rd("2:1"), Prefix: netip.MustParsePrefix(prefix), NextHop: peer, Peer: peer, PeerID: peer, IBGP: true, Label: label, Targets: targets("1:1"),
	}}})
}

// neighborIs makes the kernel report a neighbour on a link.
func (r *loop) neighborIs(link int, addr, state string, mac byte) {
	e := kernel.NeighborEvent{Link: link, Addr: netip.MustParseAddr(addr), State: state}
	if mac != 0 {
		e.MAC = testMAC(mac)
	}
	r.links.Hear(e)
}

func (r *loop) customerIs(port uint32, addr string, mac byte) {
	r.saw(port, netip.MustParseAddr(addr), testMAC(mac))
}

// saw makes a host answer a solicitation of its address.
func (r *loop) saw(port uint32, addr netip.Addr, mac net.HardwareAddr) {
	gateway := r.ports.Port(port)
	reason, frame := slowpath.ARP, arpReply(gateway, addr, mac)
	if addr.Is6() {
		reason, frame = slowpath.ND, neighborAdvertisement(gateway, addr, mac)
	}
	r.ports.Punt(slowpath.Punt{Reason: reason, Port: port, VRF: gateway.VRFID, Frame: frame})
}

func wantDoes(t *testing.T, r *loop, what string, vrf uint32, prefix string, parts ...string) {
	t.Helper()
	got := r.does(vrf, prefix)
	for _, part := range parts {
		if !strings.Contains(got, part) || got == "" {
			t.Errorf("%s: %s in VRF %d does %q; want %s in it", what, prefix, vrf, got, part)
		}
	}
	if len(parts) == 0 && got != "" {
		t.Errorf("%s: %s in VRF %d does %q; want no route", what, prefix, vrf, got)
	}
}

func connectedLabel(vrf string, f vpn.Family, label vpn.Label) vpn.Binding {
	return vpn.Binding{Label: label, Key: vpn.LabelKey{VRF: vrf, Kind: vpn.LabelConnected, Family: f}}
}

func arpReply(to *access.Port, addr netip.Addr, mac net.HardwareAddr) []byte {
	return frame(
		&layers.Ethernet{SrcMAC: mac, DstMAC: to.HardwareAddr, EthernetType: layers.EthernetTypeARP},
		&layers.ARP{
			AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
			Operation: layers.ARPReply, SourceHwAddress: mac, SourceProtAddress: addr.AsSlice(),
			DstHwAddress: to.HardwareAddr, DstProtAddress: gateway(to, addr).AsSlice(),
		})
}

func neighborAdvertisement(to *access.Port, addr netip.Addr, mac net.HardwareAddr) []byte {
	ip := &layers.IPv6{
		Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6,
		SrcIP: addr.AsSlice(), DstIP: gateway(to, addr).AsSlice(),
	}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeNeighborAdvertisement, 0)}
	_ = icmp.SetNetworkLayerForChecksum(ip)
	const solicited, override = 0x40, 0x20
	return frame(
		&layers.Ethernet{SrcMAC: mac, DstMAC: to.HardwareAddr, EthernetType: layers.EthernetTypeIPv6}, ip, icmp,
		&layers.ICMPv6NeighborAdvertisement{
			Flags: solicited | override, TargetAddress: addr.AsSlice(),
			Options: layers.ICMPv6Options{{Type: layers.ICMPv6OptTargetAddress, Data: mac}},
		})
}

// gateway returns an address of the port in the family of another.
func gateway(p *access.Port, like netip.Addr) netip.Addr {
	i := slices.IndexFunc(p.Gateways, func(g netip.Prefix) bool { return g.Addr().Is4() == like.Is4() })
	return p.Gateways[i].Addr()
}

func frame(parts ...gopacket.SerializableLayer) []byte {
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		panic(err)
	}
	return buf.Bytes()
}
