package probe

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Host is a host to send from and to.
type Host struct {
	Name  string
	NetNS string // path of its network namespace
}

// station is the sockets of a host, one of each kind for each family. A kernel
// without IPv6 has none for it.
type station struct {
	host  Host
	token token
	udp   map[bool]*net.UDPConn // true: IPv4
	icmp  map[bool]*net.IPConn
}

// open opens a station's sockets inside its host.
func open(h Host, port int, t token) (*station, error) {
	s := &station{host: h, token: t, udp: map[bool]*net.UDPConn{}, icmp: map[bool]*net.IPConn{}}
	err := hosts.Within(h.NetNS, func() error {
		for _, v4 := range []bool{true, false} {
			err := s.openFamily(v4, port)
			if err != nil && (v4 || !errors.Is(err, unix.EAFNOSUPPORT)) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.close()
		return nil, fmt.Errorf("host %s: %w", h.Name, err)
	}
	return s, nil
}

func (s *station) openFamily(v4 bool, port int) error {
	udp, icmp := "udp6", "ip6:ipv6-icmp"
	level, option := unix.IPPROTO_IPV6, unix.IPV6_RECVPKTINFO
	if v4 {
		udp, icmp = "udp4", "ip4:icmp"
		level, option = unix.IPPROTO_IP, unix.IP_PKTINFO
	}
	u, err := net.ListenUDP(udp, &net.UDPAddr{Port: port})
	if err != nil {
		return err
	}
	s.udp[v4] = u
	raw, err := u.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		set = unix.SetsockoptInt(int(fd), level, option, 1)
		if !v4 { // answers from a local prefix of which an interface has another address, or none
			_ = unix.SetsockoptInt(int(fd), level, unix.IPV6_FREEBIND, 1)
		}
	})
	if err = errors.Join(err, set); err != nil {
		return err
	}
	i, err := net.ListenIP(icmp, nil)
	if err != nil {
		return err
	}
	s.icmp[v4] = i
	const buffer = 1 << 20 // for the answers to a round
	return errors.Join(u.SetReadBuffer(buffer), i.SetReadBuffer(buffer))
}

func (s *station) close() {
	for _, v4 := range []bool{true, false} {
		if u := s.udp[v4]; u != nil {
			u.Close()
		}
		if i := s.icmp[v4]; i != nil {
			i.Close()
		}
	}
}

// send sends one request.
func (s *station) send(p Probe, port int, m message) error {
	u := s.udp[p.Destination.Is4()]
	if u == nil {
		return errors.New("the kernel has no IPv6")
	}
	m.kind, m.ttl, m.token = request, byte(p.TTL), s.token // who asks, for probers elsewhere
	_, _, err := u.WriteMsgUDPAddrPort(m.bytes(), control(p.Destination, p.Source, p.TTL), netip.AddrPortFrom(p.Destination, uint16(port)))
	return err
}

// ping sends one echo request.
func (s *station) ping(p Probe, m message) error {
	c := s.icmp[p.Destination.Is4()]
	if c == nil {
		return errors.New("the kernel does not speak IPv6")
	}
	m.ttl = byte(p.TTL)
	_, _, err := c.WriteMsgIP(echo(m, p.Destination.Is4()), control(p.Destination, p.Source, p.TTL), &net.IPAddr{IP: p.Destination.AsSlice()})
	return err
}

// receive serves a UDP socket until it is closed, and answers requests from the
// address that they were sent to.
func (s *station) receive(u *net.UDPConn, hear func(*station, message, netip.Addr)) {
	b, oob := make([]byte, 2*messageLen), make([]byte, 256)
	for {
		n, oobn, _, from, err := u.ReadMsgUDPAddrPort(b, oob)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue // an error left on the socket by an earlier packet
		}
		m, ok := parseMessage(b[:n])
		if !ok {
			continue
		}
		asked := askedAt(oob[:oobn])
		hear(s, m, asked)
		if m.kind != request {
			continue
		}
		m.kind, m.token = answer, s.token
		// Without a way back this fails: the request counts as arrived all the
		// same.
		_, _, _ = u.WriteMsgUDPAddrPort(m.bytes(), control(from.Addr(), asked, 0), from)
	}
}

// receiveICMP serves an ICMP socket until it is closed.
func (s *station) receiveICMP(c *net.IPConn, hearError func(*station, Error, message), hearEcho func(*station, netip.Addr, message)) {
	b := make([]byte, 2048)
	for {
		n, from, err := c.ReadFromIP(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		by, ok := netip.AddrFromSlice(from.IP)
		if !ok {
			continue
		}
		by = by.Unmap()
		if m, ok := parseEcho(b[:n], by.Is4()); ok {
			hearEcho(s, by, m)
		} else if e, m, ok := parseError(b[:n], by); ok {
			hearError(s, e, m)
		}
	}
}
