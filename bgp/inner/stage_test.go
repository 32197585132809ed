package inner

import (
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
)

func newStage(t *testing.T) *Stage {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: a network namespace")
	}
	s, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// Pairs may have any addresses, and the same ones repeatedly.
func TestRealPairs(t *testing.T) {
	s := newStage(t)
	for _, addrs := range [][2]string{
		{"10.1.0.1", "10.1.0.2"}, {"10.1.0.1", "10.1.0.2"}, {"127.0.0.1", "127.0.0.2"}, {"192.168.0.2", "10.255.255.255"},
		{"2001:db8::1", "2001:db8::2"}, {"fe80::1%eth1", "fe80::2%eth1"}, {"fd00::1", "::1"},
	} {
		local, remote := netip.MustParseAddr(addrs[0]), netip.MustParseAddr(addrs[1])
		for range 2 {
			near, far, err := s.Pair(local, remote)
			if err != nil {
				t.Fatalf("%v: %v", addrs, err)
			}
			defer near.Close()
			defer far.Close()
			got := [2]netip.Addr{addrOf(near.LocalAddr()), addrOf(near.RemoteAddr())}
			if got != [2]netip.Addr{local.WithZone(""), remote.WithZone("")} {
				t.Errorf("%v: the near end is between %v", addrs, got)
			}
			zone := near.RemoteAddr().(*net.TCPAddr).Zone
			if want := remote.Zone() != ""; (zone == Zone) != want {
				t.Errorf("%v: zone %q", addrs, zone)
			}
			passes(t, near, far)
			passes(t, far, near)
		}
	}
}

func addrOf(a net.Addr) netip.Addr {
	return a.(*net.TCPAddr).AddrPort().Addr().Unmap().WithZone("")
}

func passes(t *testing.T, from, to *net.TCPConn) {
	t.Helper()
	if _, err := from.Write([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 5)
	if _, err := io.ReadFull(to, b); err != nil || string(b) != "hello" {
		t.Fatalf("%q, %v", b, err)
	}
}

// No thread of other goroutines is in the namespace, nor is the main thread.
func TestRealThreadsStayHome(t *testing.T) {
	s := newStage(t)
	s.Close()
	if _, _, err := s.Pair(netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")); !errors.Is(err, errClosed) {
		t.Errorf("a pair of a closed stage: %v", err)
	}
	for range 20 {
		newStage(t).Close()
	}
	home, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	main, err := os.Readlink(filepath.Join("/proc/self/task", pid(), "ns/net"))
	if err != nil || main != home {
		t.Errorf("the main thread is in %s, %v; want %s", main, err, home)
	}
	done := make(chan string)
	for range 50 {
		go func() {
			at, err := os.Readlink("/proc/thread-self/ns/net")
			if err != nil {
				at = err.Error()
			}
			done <- at
		}()
	}
	for range 50 {
		if at := <-done; at != home {
			t.Errorf("a goroutine runs in %s, not in %s", at, home)
		}
	}
}

func pid() string { self, _ := os.Readlink("/proc/self"); return self }
