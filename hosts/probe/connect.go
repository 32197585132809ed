package probe

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Connect opens a TCP connection from inside the host. A refusal or a timeout is an
// error of type *net.OpError.
func (h Host) Connect(ctx context.Context, to netip.AddrPort) (conn net.Conn, err error) {
	err = hosts.Within(h.NetNS, func() error {
		// A single literal address: the socket is made here, not in another goroutine.
		conn, err = new(net.Dialer).DialContext(ctx, "tcp", to.String())
		return err
	})
	return conn, err
}

// Accepted lists the peers of TCP connections to a port of the host, as the host sees
// them. IPv4 addresses of IPv6 sockets are IPv4.
func (h Host) Accepted(port uint16) (peers []netip.AddrPort, err error) {
	err = hosts.Within(h.NetNS, func() error {
		for _, file := range []string{"tcp", "tcp6"} {
			f, err := os.Open("/proc/thread-self/net/" + file)
			if os.IsNotExist(err) { // a kernel without IPv6
				continue
			}
			if err != nil {
				return err
			}
			found, err := acceptedIn(bufio.NewScanner(f), port)
			f.Close()
			if err != nil {
				return err
			}
			peers = append(peers, found...)
		}
		return nil
	})
	return peers, err
}

// acceptedIn reads the kernel's list of TCP sockets.
func acceptedIn(lines *bufio.Scanner, port uint16) (peers []netip.AddrPort, err error) {
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || words[0] == "sl" {
			continue
		}
		state, err := strconv.ParseUint(words[3], 16, 8)
		if err != nil || state == unix.BPF_TCP_LISTEN {
			continue
		}
		local, err := parseSocket(words[1])
		if err != nil {
			return nil, err
		}
		if local.Port() != port {
			continue
		}
		peer, err := parseSocket(words[2])
		if err != nil {
			return nil, err
		}
		peers = append(peers, peer)
	}
	return peers, lines.Err()
}

// parseSocket reads an address and port as /proc/net/tcp has them: words of 32 bits
// in the order of the machine's octets.
func parseSocket(s string) (netip.AddrPort, error) {
	address, port, _ := strings.Cut(s, ":")
	b, err := hex.DecodeString(address)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(b) != 4 && len(b) != 16 {
		return netip.AddrPort{}, fmt.Errorf("%q is not a socket of /proc/net/tcp", s)
	}
	for i := 0; i < len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	a, _ := netip.AddrFromSlice(b)
	return netip.AddrPortFrom(a.Unmap(), uint16(n)), nil
}
