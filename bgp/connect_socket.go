package bgp

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxTTL is the TTL of a packet from a neighbour on the link (RFC 5082).
const maxTTL = 255

// listen opens a BGP listener on one address. The address need not be
// configured yet, so that a speaker may start before its interfaces.
func listen(addr netip.Addr) (*net.TCPListener, error) {
	lc := net.ListenConfig{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error {
			// The answer to a SYN leaves before we know the neighbour; a peer
			// with GTSM accepts it only with the full TTL.
			return errors.Join(setTTL(fd, addr, maxTTL), unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_FREEBIND, 1))
		})
	}}
	// MPTCP sockets support neither TCP-MD5 nor GTSM.
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), "tcp", endpoint(addr))
	if err != nil {
		return nil, err
	}
	return l.(*net.TCPListener), nil
}

// dial connects to the neighbour with the socket options of its configuration.
func dial(ctx context.Context, n Neighbor, internal bool) (*net.TCPConn, error) {
	d := net.Dialer{KeepAlive: -1, Control: func(_, _ string, c syscall.RawConn) error {
		return control(c, func(fd int) error { return prepareDial(fd, n, internal) })
	}}
	d.SetMultipathTCP(false)
	if n.LocalAddress.IsValid() {
		d.LocalAddr = net.TCPAddrFromAddrPort(netip.AddrPortFrom(numericZone(n.LocalAddress), 0))
	}
	conn, err := d.DialContext(ctx, "tcp", endpoint(n.Address))
	if err != nil {
		return nil, err
	}
	return conn.(*net.TCPConn), nil
}

func prepareDial(fd int, n Neighbor, internal bool) error {
	if n.Password.Set() {
		if err := setMD5(fd, netip.PrefixFrom(n.Address, n.Address.BitLen()), n.Password.Text); err != nil {
			return err
		}
	}
	switch {
	case n.GTSM > 0:
		return errors.Join(setTTL(fd, n.Address, maxTTL), setMinTTL(fd, n.Address, n.minTTL()))
	case !internal:
		return setTTL(fd, n.Address, n.externalTTL())
	}
	return nil
}

// setListenerPassword makes the listener demand TCP-MD5 with the password from
// the peers of a prefix; "" removes it.
func setListenerPassword(l *net.TCPListener, peers netip.Prefix, password string) error {
	raw, err := l.SyscallConn()
	if err != nil {
		return err
	}
	err = control(raw, func(fd int) error { return setMD5(fd, peers, password) })
	if password == "" && errors.Is(err, unix.ENOENT) {
		return nil
	}
	return err
}

// prepareAccepted gives an accepted connection the options of a dialled one. The
// answer to the SYN has already left, with the full TTL.
func prepareAccepted(conn *net.TCPConn, n Neighbor, internal bool) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	return control(raw, func(fd int) error {
		switch {
		case n.GTSM > 0:
			return setMinTTL(fd, n.Address, n.minTTL())
		case !internal:
			return setTTL(fd, n.Address, n.externalTTL())
		}
		return nil
	})
}

// minTTL is the least TTL of packets from a peer with TTL security: each router on
// the way takes one (RFC 5082 section 3).
func (n Neighbor) minTTL() int { return maxTTL + 1 - int(n.GTSM) }

// externalTTL is the TTL of packets to an external peer without TTL security.
func (n Neighbor) externalTTL() int { return int(max(n.Multihop, 1)) }

func endpoint(a netip.Addr) string {
	return net.JoinHostPort(numericZone(a).String(), strconv.Itoa(tcpPort))
}

// numericZone names the interface of a link-local address by its index. The net
// package caches the index of a name for a minute, in which the interface may
// have been recreated.
func numericZone(a netip.Addr) netip.Addr {
	if a.Zone() == "" {
		return a
	}
	i, err := net.InterfaceByName(a.Zone())
	if err != nil {
		return a
	}
	return a.WithZone(strconv.Itoa(i.Index))
}

func control(c syscall.RawConn, f func(fd int) error) error {
	var inner error
	if err := c.Control(func(fd uintptr) { inner = f(int(fd)) }); err != nil {
		return err
	}
	return inner
}

func setTTL(fd int, peer netip.Addr, ttl int) error {
	if peer.Is4() {
		return os.NewSyscallError("set TTL", unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TTL, ttl))
	}
	return os.NewSyscallError("set hop limit", unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, ttl))
}

func setMinTTL(fd int, peer netip.Addr, ttl int) error {
	if peer.Is4() {
		return os.NewSyscallError("set minimal TTL", unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_MINTTL, ttl))
	}
	return os.NewSyscallError("set minimal hop limit", unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_MINHOPCOUNT, ttl))
}

// setMD5 sets the key of a peer, or of those of a prefix that have none of their
// own.
func setMD5(fd int, peers netip.Prefix, password string) error {
	peer := peers.Addr()
	sig := unix.TCPMD5Sig{Keylen: uint16(len(password))}
	copy(sig.Key[:], password)
	// Addr.Data is a sockaddr without its family: port, flow label (IPv6 only),
	// address.
	if peer.Is4() {
		sig.Addr.Family = unix.AF_INET
		a := peer.As4()
		copy(sig.Addr.Data[2:], a[:])
	} else {
		sig.Addr.Family = unix.AF_INET6
		a := peer.As16()
		copy(sig.Addr.Data[6:], a[:])
	}
	option := unix.TCP_MD5SIG
	if !peers.IsSingleIP() {
		option, sig.Flags, sig.Prefixlen = unix.TCP_MD5SIG_EXT, unix.TCP_MD5SIG_FLAG_PREFIX, uint8(peers.Bits())
	}
	return os.NewSyscallError("set TCP-MD5 key", unix.SetsockoptTCPMD5Sig(fd, unix.IPPROTO_TCP, option, &sig))
}

// awaitData returns once the peer has sent something, which stays in the socket,
// or after the limit. It returns an error if the peer has hung up or ctx has
// ended.
func awaitData(ctx context.Context, conn *net.TCPConn, limit time.Duration) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	if err := conn.SetReadDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })
	var state error
	err = raw.Read(func(fd uintptr) bool {
		state = peek(int(fd))
		return !errors.Is(state, unix.EAGAIN)
	})
	if !stop() {
		return context.Cause(ctx)
	}
	if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
		return err
	}
	if err == nil && state != nil {
		return state
	}
	return conn.SetReadDeadline(time.Time{})
}

// alive reports whether the peer has not hung up.
func alive(conn *net.TCPConn) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	err = control(raw, peek)
	return err == nil || errors.Is(err, unix.EAGAIN)
}

// peek returns nil if there is data, EAGAIN if there is none, and io.EOF or the
// socket's error if the connection has ended.
func peek(fd int) error {
	var b [1]byte
	for {
		n, _, err := unix.Recvfrom(fd, b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return io.EOF
		}
		return nil
	}
}
