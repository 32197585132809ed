package bgp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// childConfig has the configuration of a test binary that runs as a speaker in a
// process of its own, which may be killed.
const childConfig = "PSEUDOWAN_BGP_TEST_CHILD"

// child is the configuration of a child speaker. It starts when it reads "go" from
// its standard input, and stops at its end.
type child struct {
	AS        uint32
	Address   netip.Addr
	RouterID  netip.Addr
	Interface string // link-local: its interface, which the child sets up
	Neighbor  Neighbor
	More      []Neighbor
	Routes    []childRoute
}

type childRoute struct {
	RD, Prefix, Target string
	Label              uint32
	Communities        []Community
}

func runChild(config string) int {
	if err := serveChild(config); err != nil {
		fmt.Fprintln(os.Stderr, "child:", err)
		return 1
	}
	return 0
}

func serveChild(config string) error {
	var c child
	if err := json.Unmarshal([]byte(config), &c); err != nil {
		return err
	}
	if _, err := io.ReadFull(os.Stdin, make([]byte, 2)); err != nil {
		return err
	}
	if c.Interface != "" {
		if err := addLinkLocal(c.Interface, c.Address); err != nil {
			return err
		}
		c.Address = c.Address.WithZone(c.Interface)
	}
	ctx := context.Background()
	s, err := Start(ctx, Config{AS: c.AS, RouterID: c.RouterID, ListenAddresses: []netip.Addr{c.Address}})
	if err != nil {
		return err
	}
	for _, r := range c.Routes {
		route := vpnRoute(r.RD, r.Prefix, r.Target, labelOf(r.Label))
		route.Communities = r.Communities
		if err := s.Announce(ctx, []Route{route}); err != nil {
			return err
		}
	}
	if err := s.SetNeighbors(ctx, append([]Neighbor{c.Neighbor}, c.More...)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return err
	}
	return s.Stop(ctx)
}

// process is a running child.
type process struct {
	t     *testing.T
	cmd   *exec.Cmd
	stdin io.WriteCloser
}

// startChild starts the process of a child; flags such as CLONE_NEWNET give it
// namespaces of its own.
func startChild(t *testing.T, c child, flags uintptr) *process {
	t.Helper()
	config, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	p := &process{t: t, cmd: exec.Command("/proc/self/exe")}
	p.cmd.Env = append(os.Environ(), childConfig+"="+string(config))
	p.cmd.Stderr = os.Stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: flags, Pdeathsig: syscall.SIGKILL}
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	return p
}

// run lets the child start.
func (p *process) run() {
	p.t.Helper()
	if _, err := io.WriteString(p.stdin, "go"); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the child at once, unless it has ended.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

// addLinkLocal waits for the interface, brings it up and gives it the address.
func addLinkLocal(name string, addr netip.Addr) error {
	var link netlink.Link
	var err error
	for deadline := time.Now().Add(10 * time.Second); ; {
		if link, err = netlink.LinkByName(name); err == nil {
			break
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	a, err := netlink.ParseAddr(addr.String() + "/64")
	if err != nil {
		return err
	}
	a.Flags = syscall.IFA_F_NODAD
	if err := netlink.LinkSetUp(link); err != nil {
		return err
	}
	return netlink.AddrAdd(link, a)
}
