package ovs

import (
	"encoding/binary"
	"errors"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"golang.org/x/sys/unix"
)

// capture sees every frame on one interface, in both directions.
type capture struct {
	fd int
}

func newCapture(t testing.TB, ns *namespace, name string) *capture {
	t.Helper()
	l, err := ns.links.LinkByName(name)
	check(t, err)
	c := &capture{}
	all := binary.NativeEndian.Uint16([]byte{0, unix.ETH_P_ALL})
	check(t, ns.do(func() (err error) {
		c.fd, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, int(all))
		return err
	}))
	t.Cleanup(func() { unix.Close(c.fd) })
	check(t, unix.Bind(c.fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: l.Attrs().Index}))
	check(t, unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 20000}))
	return c
}

// next returns the next frame that wanted accepts, or fails the test.
func (c *capture) next(t testing.TB, what string, wanted func(gopacket.Packet) bool) gopacket.Packet {
	t.Helper()
	if p := c.find(t, patience, wanted); p != nil {
		return p
	}
	t.Fatalf("no frame on the wire: %s", what)
	return nil
}

// find returns the next frame that wanted accepts, or nil if none has come
// within a time and the socket's queue is empty.
func (c *capture) find(t testing.TB, within time.Duration, wanted func(gopacket.Packet) bool) gopacket.Packet {
	t.Helper()
	b := make([]byte, 1<<16)
	for end := time.Now().Add(within); ; {
		n, _, err := unix.Recvfrom(c.fd, b, 0)
		if errors.Is(err, unix.EAGAIN) || errors.Is(err, unix.EINTR) {
			if time.Now().After(end) {
				return nil
			}
			continue
		}
		check(t, err)
		p := gopacket.NewPacket(b[:n], layers.LayerTypeEthernet, gopacket.Default)
		if wanted(p) {
			return p
		}
	}
}

// send puts a frame on the wire as the interface's owner.
func (c *capture) send(t testing.TB, ns *namespace, name string, ls ...gopacket.SerializableLayer) {
	t.Helper()
	l, err := ns.links.LinkByName(name)
	check(t, err)
	check(t, unix.Sendto(c.fd, frame(t, ls...), 0, &unix.SockaddrLinklayer{Ifindex: l.Attrs().Index}))
}

// frame encodes layers with lengths and checksums.
func frame(t testing.TB, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	check(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...))
	return b.Bytes()
}
