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
	"slices"
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
// them; 0 stands for every port on which it listens. IPv4 addresses of IPv6 sockets
// are IPv4.
func (h Host) Accepted(port uint16) (peers []netip.AddrPort, err error) {
	err = hosts.Within(h.NetNS, func() error {
		var all []socket
		for _, file := range []string{"tcp", "tcp6"} {
			f, err := os.Open("/proc/thread-self/net/" + file)
			if os.IsNotExist(err) { // a kernel without IPv6
				continue
			}
			if err != nil {
				return err
			}
			found, err := socketsIn(bufio.NewScanner(f))
			f.Close()
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
		peers = acceptedOf(all, port)
		return nil
	})
	return peers, err
}

// socket is a TCP socket.
type socket struct {
	local, peer netip.AddrPort
	listens     bool
}

// acceptedOf returns the peers of the connections to a port; 0 stands for every port
// on which a socket listens.
func acceptedOf(all []socket, port uint16) (peers []netip.AddrPort) {
	for _, s := range all {
		accepts := func(o socket) bool { return o.listens && o.local.Port() == s.local.Port() }
		if !s.listens && (s.local.Port() == port || port == 0 && slices.ContainsFunc(all, accepts)) {
			peers = append(peers, s.peer)
		}
	}
	return peers
}

// socketsIn reads the kernel's list of TCP sockets.
func socketsIn(lines *bufio.Scanner) (all []socket, err error) {
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 || words[0] == "sl" {
			continue
		}
		state, err := strconv.ParseUint(words[3], 16, 8)
		if err != nil {
			continue
		}
		s := socket{listens: state == unix.BPF_TCP_LISTEN}
		if s.local, err = parseSocket(words[1]); err != nil {
			return nil, err
		}
		if s.peer, err = parseSocket(words[2]); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, lines.Err()
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
