package bgp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"pseudowan/bgp/vpn"
)

// inNamespace marks the test process that has a network of its own.
const inNamespace = "PSEUDOWAN_BGP_TEST_NETNS"

// TestMain runs all tests in a new network namespace if it may, so that no address,
// port or route of the machine is affected.
func TestMain(m *testing.M) {
	if config := os.Getenv(childConfig); config != "" {
		os.Exit(runChild(config))
	}
	if os.Getuid() != 0 || os.Getenv("ROUTES_BENCH") != "" { // bench/routes.sh has a namespace
		os.Exit(m.Run())
	}
	if os.Getenv(inNamespace) == "" {
		os.Exit(runInNamespace())
	}
	if err := setUpLoopback(); err != nil {
		fmt.Fprintln(os.Stderr, "set up network namespace:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func runInNamespace() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inNamespace+"=1")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		fmt.Fprintln(os.Stderr, "run in a network namespace:", err)
		return 1
	}
	return cmd.ProcessState.ExitCode()
}

// setUpLoopback gives lo the addresses 10.0.0.1–10.0.0.40 and fd00::1–fd00::28.
func setUpLoopback() error {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return err
	}
	for i := 1; i <= 40; i++ {
		for _, s := range []string{fmt.Sprintf("10.0.0.%d/32", i), fmt.Sprintf("fd00::%x/128", i)} {
			a, err := netlink.ParseAddr(s)
			if err != nil {
				return err
			}
			a.Flags = syscall.IFA_F_NODAD
			if err := netlink.AddrReplace(lo, a); err != nil {
				return err
			}
		}
	}
	return nil
}

func needRoot(t *testing.T) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
}

// node is a speaker under test with the state from its events.
type node struct {
	*Speaker
	t    *testing.T
	addr netip.Addr
	as   uint32

	mu      sync.Mutex
	changed chan struct{}
	routes  map[Key]Route
	peers   map[netip.Addr]PeerState
	history []PeerState
	ends    []EndOfRIB
	updates int
}

// startNode starts a speaker on the addresses; the first names it.
func startNode(t *testing.T, as uint32, socket string, addrs ...string) *node {
	t.Helper()
	return startNodeOf(t, Config{AS: as, APISocket: socket}, addrs...)
}

func startNodeOf(t *testing.T, cfg Config, addrs ...string) *node {
	t.Helper()
	needRoot(t)
	cfg.Log = testLog(t)
	for _, a := range addrs {
		cfg.ListenAddresses = append(cfg.ListenAddresses, netip.MustParseAddr(a))
	}
	b := cfg.ListenAddresses[0].As16()
	cfg.RouterID = netip.AddrFrom4([4]byte{10, 0, 0, b[15]})
	s, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	n := &node{Speaker: s, t: t, addr: cfg.ListenAddresses[0], as: cfg.AS, changed: make(chan struct{}),
		routes: make(map[Key]Route), peers: make(map[netip.Addr]PeerState)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for batch := range s.Events() {
			n.take(batch)
		}
	}()
	t.Cleanup(func() {
		if err := n.stop(); err != nil {
			t.Error(err)
		}
		<-done
	})
	return n
}

func (n *node) stop() error {
	if n.Speaker == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	s := n.Speaker
	n.Speaker = nil
	return s.Stop(ctx)
}

func (n *node) take(batch []Event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, e := range batch {
		switch e := e.(type) {
		case RouteUpdate:
			n.updates++
			if e.Withdrawn {
				delete(n.routes, e.Route.Key())
			} else {
				n.routes[e.Route.Key()] = e.Route
			}
		case PeerChange:
			n.history = append(n.history, e.Peer)
			if e.Removed {
				delete(n.peers, e.Peer.Address)
			} else {
				n.peers[e.Peer.Address] = e.Peer
			}
		case EndOfRIB:
			n.ends = append(n.ends, e)
		}
	}
	close(n.changed)
	n.changed = make(chan struct{})
}

// wait waits until the state from the node's events satisfies the condition.
func (n *node) wait(what string, condition func() bool) {
	n.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		n.mu.Lock()
		ok, changed := condition(), n.changed
		n.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-deadline:
			n.mu.Lock()
			defer n.mu.Unlock()
			n.t.Fatalf("%s: no %s; peers %v, %d routes, of them %v, ends %v", n.addr, what, n.peers, len(n.routes), n.someRoutes(), n.ends)
		}
	}
}

func (n *node) waitEstablished(peers ...*node) {
	n.t.Helper()
	for _, p := range peers {
		n.wait("session with "+p.addr.String(), func() bool { return n.peers[p.addr].State == StateEstablished })
	}
}

func (n *node) someRoutes() []Route {
	var some []Route
	for _, r := range n.routes {
		if some = append(some, r); len(some) == 10 {
			break
		}
	}
	return some
}

// waitRoute waits for a path and returns it.
func (n *node) waitRoute(k Key, condition func(Route) bool) Route {
	n.t.Helper()
	var found Route
	n.wait(fmt.Sprintf("route %v", k), func() bool {
		r, ok := n.routes[k]
		found = r
		return ok && condition(r)
	})
	return found
}

func (n *node) waitGone(k Key) {
	n.t.Helper()
	n.wait(fmt.Sprintf("withdrawal of %v", k), func() bool { _, ok := n.routes[k]; return !ok })
}

// to returns another node as a neighbour.
func (n *node) to(p *node) Neighbor {
	return Neighbor{Address: p.addr, LocalAddress: n.addr, AS: p.as, Settings: settings(vpn.VPNv4, vpn.VPNv6)}
}

func (n *node) set(list ...Neighbor) {
	n.t.Helper()
	if err := n.SetNeighbors(n.t.Context(), list); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) announce(routes ...Route) {
	n.t.Helper()
	if err := n.Announce(n.t.Context(), routes); err != nil {
		n.t.Fatal(err)
	}
}

func (n *node) withdraw(routes ...Route) {
	n.t.Helper()
	if err := n.Withdraw(n.t.Context(), routes); err != nil {
		n.t.Fatal(err)
	}
}

func testLog(t *testing.T) *slog.Logger {
	if !testing.Verbose() {
		return nil
	}
	return slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug}))
}

func mustRD(s string) vpn.RD {
	rd, err := vpn.ParseRD(s)
	if err != nil {
		panic(err)
	}
	return rd
}

func mustRT(s string) vpn.RouteTarget {
	rt, err := vpn.ParseRouteTarget(s)
	if err != nil {
		panic(err)
	}
	return rt
}

// vpnRoute returns a route of ours with one target.
func vpnRoute(rd, prefix, rt string, label vpn.Label) Route {
	return Route{RD: mustRD(rd), Prefix: netip.MustParsePrefix(prefix), Label: label, Targets: []vpn.RouteTarget{mustRT(rt)}}
}

// from returns the key of the route at a node that has received it from n.
func (r Route) from(n *node) Key { return Key{RD: r.RD, Prefix: r.Prefix, Peer: n.addr} }
