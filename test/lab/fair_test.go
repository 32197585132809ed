package lab

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"pseudowan/status"
)

const fairLab = `
name: pwt-fair
routers: {pe1: {as: 65000, id: 10.0.0.1}, pe2: {as: 65000, id: 10.0.0.2}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs: {red: {rts: "1:1", redistribute: {connected: subnets}}, blue: {rts: "1:2", redistribute: {connected: subnets}}}
hosts:
  red1:  {to: pe1, vrf: red, addresses: [10.1.0.2/16, "2001:db8:1::2/64"]}
  red2:  {to: pe2, vrf: red, addresses: [10.2.0.2/16, "2001:db8:2::2/64"]}
  red3:  {to: pe2, vrf: red, mtu: 300, addresses: [10.3.0.2/24]}
  blue1: {to: pe1, vrf: blue, addresses: [10.1.0.2/16, "2001:db8:1::2/64"]}
  blue2: {to: pe2, vrf: blue, addresses: [10.2.0.2/16, "2001:db8:2::2/64"]}
`

// storms returns what a customer can send to the slow path, at both ends.
func storms(t *testing.T, e *emitter) map[string]func(n int) []byte {
	var (
		me4, me6     = netip.MustParseAddr("10.1.0.2"), netip.MustParseAddr("2001:db8:1::2")
		mine4, mine6 = netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("2001:db8:1::/64")
		far4, far6   = netip.MustParsePrefix("10.2.0.0/16"), netip.MustParsePrefix("2001:db8:2::/64")
		near, far    = netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.2.0.1")
		near6        = netip.MustParseAddr("2001:db8:1::1")
		random       = func() net.HardwareAddr {
			b := binary.BigEndian.AppendUint64(nil, rand.Uint64())[:6]
			b[0] = b[0]&^1 | 2
			return b
		}
	)
	fixed := func(frame []byte) func(int) []byte { return func(int) []byte { return frame } }
	solicitation := append(make([]byte, 4), append([]byte{1, 1}, e.mac...)...)
	return map[string]func(n int) []byte{
		"silent addresses of the far subnet": func(int) []byte { return e.echo(t, me4, anyOf(far4), 64, 0) },
		"the same, IPv6":                     func(int) []byte { return e.echo(t, me6, anyOf(far6), 64, 0) },
		"silent addresses of the own subnet": func(int) []byte { return e.echo(t, me4, anyOf(mine4), 64, 0) },
		"pings of the far gateway":           fixed(e.echo(t, me4, far, 64, 0)),
		"TTL used up here":                   fixed(e.echo(t, me4, far, 1, 0)),
		"TTL used up there":                  fixed(e.echo(t, me4, netip.MustParseAddr("10.2.0.2"), 2, 0)),
		"too big for the far host":           fixed(e.echo(t, me4, netip.MustParseAddr("10.3.0.2"), 64, 400)),
		"packets that differ in all they can": func(int) []byte {
			frame := e.echo(t, anyOf(mine4), anyOf(far4), byte(rand.Uint32()), 0)
			frame[15] = byte(rand.Uint32()) // the class of service
			frame[24], frame[25] = 0, 0
			binary.BigEndian.PutUint16(frame[24:], sum(frame[14:34]))
			return frame
		},
		"no route":                            func(int) []byte { return e.echo(t, me4, anyOf(netip.MustParsePrefix("203.0.0.0/8")), 64, 0) },
		"ARP requests":                        fixed(e.arp(t, layers.ARPRequest, e.mac, me4, near, broadcastMAC)),
		"ARP claims of all addresses":         func(int) []byte { return e.arp(t, layers.ARPReply, random(), anyOf(mine4), near, nil) },
		"ARP claims of the gateway":           func(int) []byte { return e.arp(t, layers.ARPRequest, random(), near, near, broadcastMAC) },
		"neighbour solicitations":             fixed(e.solicit(t, me6, near6, e.mac)),
		"neighbour solicitations of everyone": func(int) []byte { return e.solicit(t, anyOf(mine6), near6, random()) },
		"router solicitations": fixed(e.discovery(t, layers.ICMPv6TypeRouterSolicitation, me6,
			netip.MustParseAddr("ff02::2"), net.HardwareAddr{0x33, 0x33, 0, 0, 0, 2}, solicitation)),
	}
}

// While one VPN loads the slow path at both ends as much as it can, another one's
// pings of both gateways, every ten milliseconds, are answered.
func TestRealStormsHurtNobodyElse(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-fair", fairLab)
	l.up(t)
	e := newEmitter(t, l, "red1", netip.MustParseAddr("10.1.0.1"))
	const rate = 5000
	all, ran := storms(t, e), 0
	for name, next := range all {
		t.Run(name, func(t *testing.T) {
			ran++
			stop := e.storm(rate, next)
			time.Sleep(100 * time.Millisecond) // the storm has begun, and used up the bursts
			mustHearFrom(t, l, "blue1", 1, "10.1.0.1", "10.2.0.1", "10.2.0.2", "2001:db8:1::1", "2001:db8:2::1")
			if sent, err := stop(); err != nil {
				t.Errorf("after %d packets: %v", sent, err)
			}
		})
	}
	if ran < len(all) {
		return // somebody asked for one of them
	}
	dropped := map[string]uint64{}
	for _, p := range table[status.Port](t, l, "port") {
		dropped[p.Router+" port"] += p.PuntsDropped
	}
	for _, v := range table[status.VRF](t, l, "vrf") {
		dropped[v.Router+" "+v.VRF] += v.PuntsDropped
	}
	t.Logf("dropped on the way to the slow path: %v", dropped)
	if dropped["pe1 port"] == 0 || dropped["pe2 red"] == 0 || dropped["pe2 blue"] != 0 {
		t.Errorf("dropped punts are counted as %v; want some at pe1's ports and of red at pe2, and none of blue", dropped)
	}
}
