package lab

import (
	"errors"
	"fmt"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// Types of ICMPv6 (RFC 4861 sections 4.1 and 4.2).
const (
	routerSolicitation  = 133
	routerAdvertisement = 134
)

// advertised asks the router on a host's eth0 for an advertisement, and compares its
// flags and router lifetime.
func (l lab) advertised(t *testing.T, host string, flags byte, lifetime time.Duration) {
	t.Helper()
	type answer struct {
		message []byte
		err     error
	}
	got := make(chan answer, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread stays in the namespace and is discarded
		m, err := solicit(l.netns(host))
		got <- answer{m, err}
	}()
	a := <-got
	if a.err != nil {
		t.Fatalf("host %s: %v", host, a.err)
	}
	if f, s := a.message[5], time.Duration(a.message[6])<<8|time.Duration(a.message[7]); f != flags || s*time.Second != lifetime {
		t.Errorf("%s is advertised the flags %#x and a router for %d s, want %#x and %s", host, f, s, flags, lifetime)
	}
}

func solicit(path string) ([]byte, error) {
	handle, err := netns.GetFromPath(path)
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	if err := netns.Set(handle); err != nil {
		return nil, err
	}
	nic, err := net.InterfaceByName("eth0")
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW, unix.IPPROTO_ICMPV6)
	if err != nil {
		return nil, err
	}
	defer unix.Close(fd)
	if err := errors.Join(
		unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_MULTICAST_HOPS, 255),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 2})); err != nil {
		return nil, err
	}
	routers := &unix.SockaddrInet6{ZoneId: uint32(nic.Index), Addr: [16]byte{0xff, 0x02, 15: 2}}
	message := make([]byte, 2048)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if err := unix.Sendto(fd, []byte{routerSolicitation, 7: 0}, 0, routers); err != nil {
			return nil, err
		}
		for err = nil; err == nil && time.Now().Before(end); {
			var n int
			if n, _, err = unix.Recvfrom(fd, message, 0); err == nil && n >= 16 && message[0] == routerAdvertisement {
				return message[:n], nil
			}
		}
	}
	return nil, fmt.Errorf("no router advertisement: %w", err)
}
