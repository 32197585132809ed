package bfd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	ttl     = 255
	control = 0xc0 // class selector 6, as for other control traffic (RFC 4594 section 3.2)
)

// listening is what comes to a socket.
type listening struct{ ipv6, multihop bool }

func (l listening) endpoint() (network, address string) {
	port := portSingle
	if l.multihop {
		port = portMultihop
	}
	if l.ipv6 {
		return "udp6", fmt.Sprintf("[::]:%d", port)
	}
	return "udp4", fmt.Sprintf("0.0.0.0:%d", port)
}

// options has the kernel tell where a packet has come to, and with which TTL.
func (l listening) options(fd int) error {
	if l.ipv6 {
		return errors.Join(unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVPKTINFO, 1), unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_RECVHOPLIMIT, 1))
	}
	return errors.Join(unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_PKTINFO, 1), unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_RECVTTL, 1))
}

// listener is a socket on which packets come.
type listener struct {
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// close frees the port.
func (l *listener) close() {
	l.cancel()
	l.done.Wait()
}

// reopening is the time between two attempts to have a socket.
const reopening = time.Second

// listen reads packets until the listener is closed. If the port is taken, it waits.
func (r *Runner) listen(what listening) *listener {
	ctx, cancel := context.WithCancel(context.Background())
	l := &listener{cancel: cancel}
	l.done.Go(func() {
		for ctx.Err() == nil {
			if err := r.read(ctx, what); err != nil && ctx.Err() == nil {
				r.log.Error("cannot hear BFD", "error", err)
				select {
				case <-ctx.Done():
				case <-time.After(reopening):
				}
			}
		}
	})
	return l
}

func (r *Runner) read(ctx context.Context, what listening) error {
	network, address := what.endpoint()
	c := net.ListenConfig{Control: func(_, _ string, raw syscall.RawConn) error {
		return onSocket(raw, what.options)
	}}
	p, err := c.ListenPacket(ctx, network, address)
	if err != nil {
		return err
	}
	defer p.Close()
	defer context.AfterFunc(ctx, func() { p.Close() })()
	conn := p.(*net.UDPConn)
	buffer, about := make([]byte, 256), make([]byte, 128)
	for {
		n, m, _, from, err := conn.ReadMsgUDPAddrPort(buffer, about)
		if err != nil {
			return err
		}
		in, ok := what.take(from.Addr(), about[:m], buffer[:n])
		if !ok {
			continue
		}
		select {
		case r.in <- in:
		case <-ctx.Done():
		}
	}
}

// take returns a copy of a packet that may be for a session. The rest must not keep those
// waiting.
func (l listening) take(from netip.Addr, about, data []byte) (in In, ok bool) {
	in, ok = arrived(from, about)
	in.Multihop = l.multihop
	if !ok || len(data) < packetLength || !in.near() {
		return In{}, false
	}
	in.Data = slices.Clone(data)
	return in, true
}

// arrived reads where a packet has come to, and its TTL.
func arrived(from netip.Addr, about []byte) (in In, ok bool) {
	messages, err := unix.ParseSocketControlMessage(about)
	if err != nil {
		return in, false
	}
	in.Peer = from.Unmap()
	for _, m := range messages {
		switch level, kind := m.Header.Level, m.Header.Type; {
		case level == unix.SOL_IP && kind == unix.IP_PKTINFO && len(m.Data) >= 12:
			in.Local = netip.AddrFrom4([4]byte(m.Data[8:12]))
		case level == unix.SOL_IPV6 && kind == unix.IPV6_PKTINFO && len(m.Data) >= 16:
			in.Local = netip.AddrFrom16([16]byte(m.Data[:16])).WithZone(from.Zone())
		case (level == unix.SOL_IP && kind == unix.IP_TTL || level == unix.SOL_IPV6 && kind == unix.IPV6_HOPLIMIT) && len(m.Data) > 0:
			in.TTL = int(m.Data[0])
		}
	}
	return in, in.Local.IsValid()
}

func onSocket(raw syscall.RawConn, do func(fd int) error) (err error) {
	if e := raw.Control(func(fd uintptr) { err = do(int(fd)) }); e != nil {
		return e
	}
	return err
}

// sender is the socket from which the packets of a session come: their source port stays.
type sender struct {
	from netip.AddrPort
	to   netip.AddrPort
	conn *net.UDPConn // nil: not open, as the address may not be there yet
	told bool         // that it does not work
}

// endpoint is where the packets of a session go.
func (k Key) endpoint() netip.AddrPort {
	if k.Multihop {
		return netip.AddrPortFrom(k.Peer, portMultihop)
	}
	return netip.AddrPortFrom(k.Peer, portSingle)
}

// nextPort returns the source port after another (RFC 5881 section 4).
func nextPort(port uint16) uint16 { return max(port+1, firstPort) }

// firstPort is the first source port; the last one is the last of all.
const firstPort = 49152

// open connects the socket, so that the kernel tells if nobody listens at its other end.
func (s *sender) open() (err error) {
	d := net.Dialer{LocalAddr: net.UDPAddrFromAddrPort(s.from), Control: func(_, _ string, raw syscall.RawConn) error {
		return onSocket(raw, s.options)
	}}
	c, err := d.Dial("udp", s.to.String())
	if err != nil { // perhaps another has the port
		s.from = netip.AddrPortFrom(s.from.Addr(), nextPort(s.from.Port()))
		return err
	}
	s.conn = c.(*net.UDPConn)
	return nil
}

// options gives packets the TTL by which the peer knows that they come from the link. What
// comes to the socket is not read.
func (s *sender) options(fd int) error {
	if s.from.Addr().Is6() {
		return errors.Join(unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_UNICAST_HOPS, ttl), unix.SetsockoptInt(fd, unix.SOL_IPV6, unix.IPV6_TCLASS, control),
			unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1))
	}
	return errors.Join(unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TTL, ttl), unix.SetsockoptInt(fd, unix.SOL_IP, unix.IP_TOS, control),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUF, 1))
}

// send sends a packet, and reports whether the peer has refused the one before: nobody
// listens there. One that cannot be sent is lost, as on the wire: the peer notices.
func (s *sender) send(log *slog.Logger, o Out) (refused bool) {
	var err error
	if s.conn == nil {
		err = s.open()
	}
	if err == nil {
		_, err = s.conn.Write(o.Data)
	}
	if refused = errors.Is(err, syscall.ECONNREFUSED); refused {
		_, err = s.conn.Write(o.Data) // the error was of the one before
	}
	if err != nil && !errors.Is(err, syscall.ECONNREFUSED) && !s.told {
		log.Warn("cannot send BFD", "to", o.Peer, "error", err)
	}
	s.told = err != nil
	return refused
}

func (s *sender) close() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing is waiting to be sent
	}
}
