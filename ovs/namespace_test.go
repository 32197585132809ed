package ovs

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// needsRoot skips a test that makes namespaces.
func needsRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
}

// namespace is a network namespace without a name: it is gone when the test has
// closed it and the processes in it have ended.
type namespace struct {
	handle netns.NsHandle
	links  *netlink.Handle
}

func newNamespace(t testing.TB) *namespace {
	t.Helper()
	n := &namespace{}
	made := make(chan error)
	go func() {
		// Never unlocked: the thread stays in the namespace, and ends.
		runtime.LockOSThread()
		var err error
		n.handle, err = netns.New()
		made <- err
	}()
	check(t, <-made)
	var err error
	n.links, err = netlink.NewHandleAt(n.handle, unix.NETLINK_ROUTE)
	check(t, err)
	t.Cleanup(func() {
		n.links.Close()
		n.handle.Close()
	})
	n.sysctl(t, "ipv6/conf/default/accept_dad", "0")
	n.up(t, "lo")
	return n
}

// do runs f on a thread in the namespace.
func (n *namespace) do(f func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		if err := netns.Set(n.handle); err != nil {
			done <- err
			return
		}
		done <- f()
	}()
	return <-done
}

func (n *namespace) sysctl(t testing.TB, name, value string) {
	t.Helper()
	check(t, n.do(func() error {
		return os.WriteFile(filepath.Join("/proc/sys/net", name), []byte(value), 0)
	}))
}

func (n *namespace) up(t testing.TB, name string) {
	t.Helper()
	l, err := n.links.LinkByName(name)
	check(t, err)
	check(t, n.links.LinkSetUp(l))
}

func (n *namespace) address(t testing.TB, name string, prefixes ...string) {
	t.Helper()
	l, err := n.links.LinkByName(name)
	check(t, err)
	for _, p := range prefixes {
		a, err := netlink.ParseAddr(p)
		check(t, err)
		check(t, n.links.AddrAdd(l, a))
	}
}

// run runs a program in the namespace and returns its output.
func (n *namespace) run(args ...string) (string, error) {
	var out bytes.Buffer
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := n.do(cmd.Start); err != nil {
		return "", err
	}
	if err := cmd.Wait(); err != nil {
		return out.String(), fmt.Errorf("%s: %w\n%s", strings.Join(args, " "), err, out.String())
	}
	return out.String(), nil
}

// wire connects two namespaces by a veth pair.
func wire(t testing.TB, a *namespace, nameA, macA string, b *namespace, nameB, macB string, mtu int) {
	t.Helper()
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.HardwareAddr, attrs.MTU = nameA, mac(macA), mtu
	check(t, a.links.LinkAdd(&netlink.Veth{
		LinkAttrs: attrs, PeerName: nameB, PeerHardwareAddr: mac(macB),
		PeerMTU: uint32(mtu), PeerNamespace: netlink.NsFd(b.handle),
	}))
	a.up(t, nameA)
	b.up(t, nameB)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
