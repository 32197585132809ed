package inner

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Zone is the zone of all link-local addresses on a stage.
const Zone = "lo"

// loopback is the index of lo in every namespace.
const loopback = 1

// pairTimeout bounds Pair, which has nothing to wait for.
const pairTimeout = 5 * time.Second

// errClosed is the error of Pair after Close.
var errClosed = errors.New("the network namespace for the BGP engine is closed")

// Stage is a network namespace in which every address is local. It lives on a
// thread of its own. Its methods may be called from any goroutine.
type Stage struct {
	work chan func()
	end  chan struct{}
	once sync.Once
}

// New makes a stage. It needs CAP_SYS_ADMIN.
func New() (*Stage, error) {
	s := &Stage{work: make(chan func()), end: make(chan struct{})}
	started := make(chan error)
	go s.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("network namespace for the BGP engine: %w", err)
	}
	return s, nil
}

// Close releases the namespace. Existing pairs stay until they are closed.
func (s *Stage) Close() { s.once.Do(func() { close(s.end) }) }

// run owns the thread. It never unlocks the thread, so that no other goroutine
// runs in the namespace, and it avoids the main thread, whose namespace is that of
// the process to others.
func (s *Stage) run(started chan<- error) {
	runtime.LockOSThread()
	if unix.Gettid() == unix.Getpid() {
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.run(started)
		}()
		<-done
		runtime.UnlockOSThread()
		return
	}
	err := setUp()
	started <- err
	if err != nil {
		return
	}
	for {
		select {
		case f := <-s.work:
			f()
		case <-s.end:
			return
		}
	}
}

// setUp moves the thread into a new namespace and makes every address local
// there.
func setUp() error {
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return failed("unshare", err)
	}
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return failed("netlink", err)
	}
	defer h.Close()
	lo, err := h.LinkByIndex(loopback)
	if err != nil {
		return failed("find lo", err)
	}
	if err := h.LinkSetUp(lo); err != nil {
		return failed("set lo up", err)
	}
	for _, everything := range []string{"0.0.0.0/0", "::/0"} {
		_, to, err := net.ParseCIDR(everything)
		if err != nil {
			return err
		}
		err = h.RouteAdd(&netlink.Route{
			LinkIndex: loopback, Dst: to, Table: unix.RT_TABLE_LOCAL, Type: unix.RTN_LOCAL, Scope: unix.RT_SCOPE_HOST,
		})
		if err != nil && !(everything == "::/0" && noIPv6(err)) {
			return failed("route to "+everything, err)
		}
	}
	return nil
}

// noIPv6 reports whether err means that the kernel was booted without IPv6; then
// no peer has such an address.
func noIPv6(err error) bool {
	return errors.Is(err, unix.EAFNOSUPPORT) || errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EACCES)
}

func failed(what string, err error) error { return fmt.Errorf("%s: %w", what, err) }

// Pair connects two sockets. The near one has the address local and its peer the
// address remote; far is the other end.
func (s *Stage) Pair(local, remote netip.Addr) (near, far *net.TCPConn, err error) {
	done := make(chan struct{})
	f := func() {
		defer close(done)
		near, far, err = pair(local, remote)
	}
	select {
	case s.work <- f:
		<-done
		return near, far, err
	case <-s.end:
		return nil, nil, errClosed
	}
}

func pair(local, remote netip.Addr) (near, far *net.TCPConn, err error) {
	free := func(_, _ string, c syscall.RawConn) error {
		var inside error
		err := c.Control(func(fd uintptr) { inside = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_FREEBIND, 1) })
		return errors.Join(err, inside)
	}
	lc := net.ListenConfig{Control: free, KeepAlive: -1}
	lc.SetMultipathTCP(false)
	l, err := lc.Listen(context.Background(), "tcp", endpoint(local))
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	if err := l.(*net.TCPListener).SetDeadline(time.Now().Add(pairTimeout)); err != nil {
		return nil, nil, err
	}
	d := net.Dialer{
		Control: free, KeepAlive: -1, Timeout: pairTimeout,
		LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(onStage(remote), 0)),
	}
	d.SetMultipathTCP(false)
	dialled, err := d.Dial("tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	accepted, err := l.(*net.TCPListener).AcceptTCP()
	if err != nil {
		return nil, nil, errors.Join(err, dialled.Close())
	}
	return accepted, dialled.(*net.TCPConn), nil
}

func endpoint(a netip.Addr) string { return net.JoinHostPort(onStage(a).String(), strconv.Itoa(0)) }

// onStage gives a link-local address the zone of the stage.
func onStage(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() && a.IsLinkLocalUnicast() {
		return a.WithZone(strconv.Itoa(loopback))
	}
	return a.WithZone("")
}
