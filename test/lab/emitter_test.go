package lab

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// emitter sends frames of any kind from a host's eth0, past the host's kernel.
type emitter struct {
	fd    int
	index int
	mac   net.HardwareAddr // of eth0
	gate  net.HardwareAddr // of the gateway
}

// newEmitter opens a socket in a host that knows its gateway.
func newEmitter(t testing.TB, l lab, host string, gateway netip.Addr) *emitter {
	t.Helper()
	l.mustExec(t, host, "ping", "-c", "1", "-W", "2", gateway.String())
	e := &emitter{}
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread stays in the namespace and is discarded
		done <- e.open(l.netns(host), gateway)
	}()
	if err := <-done; err != nil {
		t.Fatalf("host %s: %v", host, err)
	}
	t.Cleanup(func() { unix.Close(e.fd) })
	return e
}

func (e *emitter) open(path string, gateway netip.Addr) error {
	handle, err := netns.GetFromPath(path)
	if err != nil {
		return err
	}
	defer handle.Close()
	if err := netns.Set(handle); err != nil {
		return err
	}
	link, err := net.InterfaceByName("eth0")
	if err != nil {
		return err
	}
	e.index, e.mac = link.Index, link.HardwareAddr
	netlinkHere, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer netlinkHere.Close()
	known, err := netlinkHere.NeighList(link.Index, 0)
	if err != nil {
		return err
	}
	for _, n := range known {
		if a, ok := netip.AddrFromSlice(n.IP); ok && a.Unmap() == gateway {
			e.gate = n.HardwareAddr
		}
	}
	if e.gate == nil {
		return fmt.Errorf("the gateway %s is not known", gateway)
	}
	// Protocol 0: it hears nothing.
	e.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	return err
}

// send sends a frame. It succeeds even if the other end of the wire drops the frame
// because it is too large.
func (e *emitter) send(frame []byte) error {
	err := unix.Sendto(e.fd, frame, 0, &unix.SockaddrLinklayer{Ifindex: e.index})
	if errors.Is(err, unix.ENOBUFS) {
		return nil
	}
	return err
}

// storm sends frames at a rate per second until stopped; it returns their
// number and the first error.
func (e *emitter) storm(rate int, next func(n int) []byte) (stop func() (sent int, err error)) {
	const beat = 2 * time.Millisecond
	quit, done := make(chan struct{}), make(chan struct{})
	sent, failed := 0, error(nil)
	go func() {
		defer close(done)
		tick := time.NewTicker(beat)
		defer tick.Stop()
		begin := time.Now()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
			}
			due := int(time.Since(begin).Seconds() * float64(rate))
			for ; sent < due; sent++ {
				if err := e.send(next(sent)); err != nil && failed == nil {
					failed = err
				}
			}
		}
	}()
	return func() (int, error) {
		close(quit)
		<-done
		return sent, failed
	}
}

// serialize builds a frame; lengths and checksums follow from the layers.
func serialize(t testing.TB, all ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, all...); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var broadcastMAC = net.HardwareAddr{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}

// ethernet returns the header of a frame to the gateway, unless to says otherwise.
func (e *emitter) ethernet(kind layers.EthernetType, to net.HardwareAddr) *layers.Ethernet {
	if to == nil {
		to = e.gate
	}
	return &layers.Ethernet{SrcMAC: e.mac, DstMAC: to, EthernetType: kind}
}

// echo returns a ping to the gateway's MAC address.
func (e *emitter) echo(t testing.TB, src, dst netip.Addr, ttl uint8, size int) []byte {
	t.Helper()
	payload := gopacket.Payload(make([]byte, size))
	if dst.Is4() {
		return serialize(t, e.ethernet(layers.EthernetTypeIPv4, nil),
			&layers.IPv4{Version: 4, TTL: ttl, Protocol: layers.IPProtocolICMPv4, Flags: layers.IPv4DontFragment, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()},
			&layers.ICMPv4{TypeCode: layers.CreateICMPv4TypeCode(layers.ICMPv4TypeEchoRequest, 0)}, payload)
	}
	ip := &layers.IPv6{Version: 6, HopLimit: ttl, NextHeader: layers.IPProtocolICMPv6, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(layers.ICMPv6TypeEchoRequest, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	return serialize(t, e.ethernet(layers.EthernetTypeIPv6, nil), ip, icmp, &layers.ICMPv6Echo{}, payload)
}

// arp returns an ARP packet that says that from is at mac.
func (e *emitter) arp(t testing.TB, op uint16, mac net.HardwareAddr, from, to netip.Addr, dst net.HardwareAddr) []byte {
	t.Helper()
	return serialize(t, e.ethernet(layers.EthernetTypeARP, dst), &layers.ARP{
		AddrType: layers.LinkTypeEthernet, Protocol: layers.EthernetTypeIPv4, HwAddressSize: 6, ProtAddressSize: 4,
		Operation: op, SourceHwAddress: mac, SourceProtAddress: from.AsSlice(),
		DstHwAddress: make([]byte, 6), DstProtAddress: to.AsSlice(),
	})
}

// discovery returns a message of neighbour discovery; body follows the checksum.
func (e *emitter) discovery(t testing.TB, kind uint8, src, dst netip.Addr, to net.HardwareAddr, body []byte) []byte {
	t.Helper()
	ip := &layers.IPv6{Version: 6, HopLimit: 255, NextHeader: layers.IPProtocolICMPv6, SrcIP: src.AsSlice(), DstIP: dst.AsSlice()}
	icmp := &layers.ICMPv6{TypeCode: layers.CreateICMPv6TypeCode(kind, 0)}
	if err := icmp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	return serialize(t, e.ethernet(layers.EthernetTypeIPv6, to), ip, icmp, gopacket.Payload(body))
}

// solicit asks for target, and says that the sender is at mac.
func (e *emitter) solicit(t testing.TB, src, target netip.Addr, mac net.HardwareAddr) []byte {
	t.Helper()
	b := target.As16()
	group := netip.AddrFrom16([16]byte{0: 0xff, 1: 0x02, 11: 1, 12: 0xff, 13: b[13], 14: b[14], 15: b[15]})
	body := append(make([]byte, 4), b[:]...)
	body = append(append(body, 1, 1), mac...)
	return e.discovery(t, layers.ICMPv6TypeNeighborSolicitation, src, group, net.HardwareAddr{0x33, 0x33, 0xff, b[13], b[14], b[15]}, body)
}

// pinging is a running ping.
type pinging struct {
	what string
	done chan result
}

// startPing pings every ten milliseconds, count times.
func startPing(l lab, host, address string, count int) *pinging {
	p := &pinging{what: host + " to " + address, done: make(chan result, 1)}
	go func() {
		p.done <- l.exec(host, "ping", "-q", "-i", "0.01", "-W", "2", "-c", fmt.Sprint(count), address)
	}()
	return p
}

// lost waits for the end, and returns how many pings were not answered.
func (p *pinging) lost(t testing.TB) int {
	t.Helper()
	r := <-p.done
	for line := range strings.Lines(r.stdout) {
		var sent, received int
		if n, _ := fmt.Sscanf(line, "%d packets transmitted, %d received", &sent, &received); n == 2 {
			return sent - received
		}
	}
	t.Errorf("ping %s: exit code %d\n%s%s", p.what, r.code, r.stdout, r.stderr)
	return 0
}

// mustHearFrom pings addresses in parallel every ten milliseconds, and fails the
// test if more than a few pings of an address are lost in each of several attempts.
// A machine that is busy with something else loses packets now and then, which is
// not the router's fault.
func mustHearFrom(t testing.TB, l lab, host string, few int, addresses ...string) {
	t.Helper()
	const pings, attempts = 150, 4
	for attempt := 1; ; attempt++ {
		var running []*pinging
		for _, address := range addresses {
			running = append(running, startPing(l, host, address, pings))
		}
		var again []string
		for i, p := range running {
			n := p.lost(t)
			if n <= few {
				continue
			}
			again = append(again, addresses[i])
			if attempt == attempts {
				t.Errorf("%s: %d of %d lost, in the last of %d attempts", p.what, n, pings, attempts)
			} else {
				t.Logf("%s: %d of %d lost", p.what, n, pings)
			}
		}
		if len(again) == 0 || attempt == attempts {
			return
		}
		addresses = again
	}
}
