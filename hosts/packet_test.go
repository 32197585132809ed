package hosts

import (
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"
)

// tap captures and sends frames on an interface.
type tap struct{ fd int }

func newTap(t *testing.T, ns Namespace, name string) tap {
	t.Helper()
	index := link(t, ns, name).Attrs().Index
	fd := -1
	err := ns.Do(func() (err error) {
		fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	all := &unix.SockaddrLinklayer{Protocol: unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8, Ifindex: index}
	timeout := unix.NsecToTimeval((100 * time.Millisecond).Nanoseconds())
	if err := errors.Join(unix.Bind(fd, all), unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &timeout)); err != nil {
		t.Fatal(err)
	}
	return tap{fd}
}

// wait reads frames until wanted accepts one.
func (c tap) wait(t *testing.T, what string, wanted func(gopacket.Packet) bool) {
	t.Helper()
	buf := make([]byte, 2048)
	deadline := time.Now().Add(15 * time.Second)
	for time.Now().Before(deadline) {
		n, _, err := unix.Recvfrom(c.fd, buf, 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if wanted(gopacket.NewPacket(buf[:n], layers.LayerTypeEthernet, gopacket.Default)) {
			return
		}
	}
	t.Fatalf("not seen within 15 s: %s", what)
}

func (c tap) send(t *testing.T, ls ...gopacket.SerializableLayer) {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	if err := unix.Send(c.fd, buf.Bytes(), 0); err != nil {
		t.Fatal(err)
	}
}

// A neighbour must learn of a new MAC at once, in both families.
func TestRealChangedMACIsAnnounced(t *testing.T) {
	needRoot(t)
	a, b, n, _ := twoHosts(t)
	// Frames sent before the kernel has seen the carrier are lost.
	mustRun(t, a, "ping", "-c1", "-W5", "10.0.0.2")
	for name, change := range map[string]func(net.HardwareAddr){
		"by a user": func(m net.HardwareAddr) { mustRun(t, a, "ip", "link", "set", "eth0", "address", m.String()) },
		"by an edit": func(m net.HardwareAddr) {
			n.Interfaces[0].MAC = m
			configureHost(t, a, n)
		},
	} {
		m := map[string]net.HardwareAddr{"by a user": mac(0x21), "by an edit": mac(0x22)}[name]
		arp, nd := newTap(t, b, "eth0"), newTap(t, b, "eth0")
		change(m)
		arp.wait(t, "gratuitous ARP "+name, func(p gopacket.Packet) bool {
			l, ok := p.Layer(layers.LayerTypeARP).(*layers.ARP)
			return ok && net.HardwareAddr(l.SourceHwAddress).String() == m.String() && net.IP(l.SourceProtAddress).String() == "10.0.0.1"
		})
		nd.wait(t, "unsolicited neighbour advertisement "+name, func(p gopacket.Packet) bool {
			l, ok := p.Layer(layers.LayerTypeICMPv6NeighborAdvertisement).(*layers.ICMPv6NeighborAdvertisement)
			if !ok || l.TargetAddress.String() != "2001:db8::1" {
				return false
			}
			for _, o := range l.Options {
				if o.Type == layers.ICMPv6OptTargetAddress && net.HardwareAddr(o.Data).String() == m.String() {
					return true
				}
			}
			return false
		})
	}
}

// A host with SLAAC solicits a router at once and derives its address from its
// MAC.
func TestRealSLAAC(t *testing.T) {
	needRoot(t)
	for _, lifetime := range []uint32{3600, 0xffffffff} {
		a, router := newHost(t), newNamespace(t, KindRouter)
		wire(t, a, router)
		tap := newTap(t, router, "eth0")
		n := Network{Interfaces: []Interface{{Name: "eth0", SLAAC: true, Addresses: prefixes("10.0.0.1/24")}}, Forward: true}
		configureHost(t, a, n)
		tap.wait(t, "router solicitation", func(p gopacket.Packet) bool {
			return p.Layer(layers.LayerTypeICMPv6RouterSolicitation) != nil
		})
		advertise(t, tap, lifetime)
		const want = "2001:db8:5::ff:fe00:1/64"
		eventually(t, "address "+want, func() bool {
			out := mustRun(t, a, "ip", "-6", "-o", "addr", "show", "dev", "eth0", "scope", "global")
			return strings.Contains(out, want) && !strings.Contains(out, "tentative")
		})
		eventually(t, "default route", func() bool {
			return strings.Contains(mustRun(t, a, "ip", "-6", "route"), "default via fe80::1 dev eth0 proto ra")
		})
		configureHost(t, a, n)
		if out := mustRun(t, a, "ip", "-6", "addr", "show", "dev", "eth0"); !strings.Contains(out, want) {
			t.Errorf("configured again, the address has gone:\n%s", out)
		}
		n.Interfaces[0].SLAAC = false
		configureHost(t, a, n)
		if out := mustRun(t, a, "ip", "-6", "addr", "show", "dev", "eth0"); strings.Contains(out, want) {
			t.Errorf("without SLAAC the address stays:\n%s", out)
		}
	}
}

// advertise sends a router advertisement (RFC 4861 section 4.2) with a prefix.
func advertise(t *testing.T, c tap, lifetime uint32) {
	t.Helper()
	from := netip.MustParseAddr("fe80::1")
	ip := &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6, SrcIP: from.AsSlice(), DstIP: net.ParseIP("ff02::1")}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeRouterAdvertisement, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	seconds := []byte{byte(lifetime >> 24), byte(lifetime >> 16), byte(lifetime >> 8), byte(lifetime)}
	prefix := append([]byte{64, 0xc0}, append(append(seconds, seconds...), 0, 0, 0, 0)...)
	prefix = append(prefix, netip.MustParseAddr("2001:db8:5::").AsSlice()...)
	c.send(t,
		&layers.Ethernet{SrcMAC: mac(2), DstMAC: net.HardwareAddr{0x33, 0x33, 0, 0, 0, 1}, EthernetType: layers.EthernetTypeIPv6},
		ip, icmp, &layers.ICMPv6RouterAdvertisement{
			HopLimit: 64, RouterLifetime: 1800,
			Options: layers.ICMPv6Options{
				{Type: layers.ICMPv6OptSourceAddress, Data: mac(2)},
				{Type: layers.ICMPv6OptPrefixInfo, Data: prefix},
			},
		})
}

// A host without SLAAC ignores advertisements.
func TestRealStaticHostIgnoresAdvertisements(t *testing.T) {
	needRoot(t)
	a, b, _, _ := twoHosts(t)
	advertise(t, newTap(t, b, "eth0"), 3600)
	// The ping follows the advertisement on the same path.
	mustRun(t, b, "ping", "-c1", "-W5", "2001:db8::1")
	if out := mustRun(t, a, "ip", "-6", "route"); strings.Contains(out, "proto ra") {
		t.Errorf("it accepted the advertisement:\n%s", out)
	}
}

// Frames of a host with its offload off have correct checksums.
func TestRealHostsChecksumsAreTrue(t *testing.T) {
	needRoot(t)
	a, b, _, _ := twoHosts(t)
	c := newTap(t, b, "eth0")
	var listener net.Listener
	if err := b.Do(func() (err error) { listener, err = net.Listen("tcp", "10.0.0.2:7"); return err }); err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var conn net.Conn
	if err := a.Do(func() (err error) { conn, err = net.DialTimeout("tcp", "10.0.0.2:7", 10*time.Second); return err }); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	c.wait(t, "TCP from the host", func(p gopacket.Packet) bool {
		tcp, ok := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !ok || tcp.DstPort != 7 {
			return false
		}
		if err := tcp.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
			t.Fatal(err)
		}
		if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
			t.Errorf("checksums: %v, %v", err, bad)
		}
		return true
	})
}
