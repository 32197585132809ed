package bgp

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"pseudowan/bgp/vpn"
)

// tooLong is far longer than any session should take on any machine.
const tooLong = 10 * time.Second

func labelOf(l uint32) vpn.Label { return vpn.Label(l) }

// childOf returns a child speaker that is a neighbour of a node.
func childOf(n *node, as uint32, addr string, routes ...childRoute) child {
	a := netip.MustParseAddr(addr)
	return child{AS: as, Address: a, RouterID: netip.MustParseAddr("10.9.9.9"), Routes: routes,
		Neighbor: Neighbor{Address: n.addr, LocalAddress: a, AS: n.as, Settings: settings(vpn.VPNv4, vpn.VPNv6)}}
}

// neighborOf returns a child as a neighbour.
func neighborOf(n *node, c child) Neighbor {
	return Neighbor{Address: c.Address, LocalAddress: n.addr, AS: c.AS, Settings: settings(vpn.VPNv4, vpn.VPNv6)}
}

// measure waits for the session and logs how long that took.
func (n *node) measure(what string, peer netip.Addr, since time.Time) {
	n.t.Helper()
	n.wait("session with "+peer.String(), func() bool { return n.peers[peer].State == StateEstablished })
	took := time.Since(since)
	n.t.Logf("%s: established after %s", what, took.Round(100*time.Microsecond))
	if took > tooLong {
		n.t.Errorf("%s: established after %s", what, took)
	}
}

// TestRealSessionSpeed starts both ends at once, and either end first.
func TestRealSessionSpeed(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	for name, prepare := range map[string]func(n *Neighbor){
		"both active":        func(*Neighbor) {},
		"lower end passive":  func(n *Neighbor) { n.Passive = n.LocalAddress.Less(n.Address) },
		"higher end passive": func(n *Neighbor) { n.Passive = n.Address.Less(n.LocalAddress) },
	} {
		for _, later := range []string{"10.0.0.2", "10.0.0.0"} {
			t.Run(name+" with "+later, func(t *testing.T) {
				lo, err := netlink.LinkByName("lo")
				if err != nil {
					t.Fatal(err)
				}
				addr, _ := netlink.ParseAddr(later + "/32")
				_ = netlink.AddrReplace(lo, addr)
				c := childOf(a, 65002, later)
				prepare(&c.Neighbor)
				p := startChild(t, c, 0)
				n := neighborOf(a, c)
				prepare(&n)
				a.set(n)
				a.wait("attempt to connect", func() bool { return a.peers[c.Address].State == "active" })
				began := time.Now()
				p.run()
				a.measure("from the start of the second process", c.Address, began)

				began = time.Now()
				p.kill()
				a.wait("loss of the session", func() bool { return a.peers[c.Address].State != StateEstablished })
				again := startChild(t, c, 0)
				again.run()
				a.measure("from the kill of the process", c.Address, began)
				a.set()
			})
		}
	}
}

// TestRealCollisions adds and removes many sessions on both ends at once, so that
// both ends repeatedly dial at the same time. No session may need a second
// attempt, which would take a pause.
func TestRealCollisions(t *testing.T) {
	const pairs, rounds = 6, 8
	var nodes []*node
	for i := range 2 * pairs {
		nodes = append(nodes, startNode(t, uint32(65001+i%2), "", fmt.Sprintf("10.0.0.%d", i+1)))
	}
	var slowest time.Duration
	for range rounds {
		began := time.Now()
		var both sync.WaitGroup
		for i, n := range nodes {
			peer := nodes[i^1]
			both.Go(func() {
				if err := n.SetNeighbors(t.Context(), []Neighbor{n.to(peer)}); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		for i, n := range nodes {
			n.waitEstablished(nodes[i^1])
		}
		slowest = max(slowest, time.Since(began))
		for _, n := range nodes {
			n.set()
		}
		for _, n := range nodes {
			n.wait("removal", func() bool { return len(n.peers) == 0 })
		}
	}
	t.Logf("%d sessions at once, %d times: at most %s", pairs, rounds, slowest.Round(time.Millisecond))
	if slowest > tooLong {
		t.Errorf("a session took %s", slowest)
	}
}

// netstat reads one of the kernel's TCP counters in this namespace.
func netstat(t *testing.T, name string) string {
	t.Helper()
	f, err := os.Open("/proc/thread-self/net/netstat")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		names := strings.Fields(lines.Text())
		if !lines.Scan() {
			break
		}
		if i := slices.Index(names, name); i > 0 {
			return strings.Fields(lines.Text())[i]
		}
	}
	t.Fatalf("no counter %s", name)
	return ""
}

// waitCounter waits until a counter of the kernel changes.
func waitCounter(t *testing.T, name, before string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); netstat(t, name) == before; {
		if time.Now().After(deadline) {
			t.Fatalf("%s stays %s", name, before)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func TestRealMD5(t *testing.T) {
	for name, addrs := range map[string][2]string{"IPv4": {"10.0.0.1", "10.0.0.2"}, "IPv6": {"fd00::1", "fd00::2"}} {
		t.Run(name, func(t *testing.T) {
			a := startNode(t, 65001, "", addrs[0])
			b := startNode(t, 65002, "", addrs[1])
			secret := func(s string) func(*Neighbor) { return func(n *Neighbor) { n.Password.Text = s } }
			with := func(n Neighbor, s string) Neighbor { secret(s)(&n); return n }
			connectNodes(a, b, secret("s3cret"))

			before := netstat(t, "TCPMD5Failure")
			a.set(with(a.to(b), "other"))
			waitCounter(t, "TCPMD5Failure", before)
			before = netstat(t, "TCPMD5Unexpected")
			a.wait("end of the session", func() bool { return a.peers[b.addr].State != StateEstablished })
			b.set(b.to(a))
			waitCounter(t, "TCPMD5Unexpected", before)
			b.wait("end of the session", func() bool { return b.peers[a.addr].State != StateEstablished })
			b.set(with(b.to(a), "other"))
			a.waitEstablished(b)
			connectNodes(a, b)
		})
	}
}

func TestRealGTSM(t *testing.T) {
	for name, addrs := range map[string][2]string{"IPv4": {"10.0.0.1", "10.0.0.2"}, "IPv6": {"fd00::1", "fd00::2"}} {
		t.Run(name, func(t *testing.T) {
			a := startNode(t, 65001, "", addrs[0])
			b := startNode(t, 65002, "", addrs[1])
			guard := func(n *Neighbor) { n.GTSM = 1 }
			connectNodes(a, b, guard)

			before := netstat(t, "TCPMinTTLDrop")
			b.set(b.to(a)) // sends with TTL 1 from now on
			waitCounter(t, "TCPMinTTLDrop", before)
			a.wait("end of the session", func() bool { return a.peers[b.addr].State != StateEstablished })
			connectNodes(a, b)
		})
	}
}

// TestRealLinkLocal runs a session between link-local addresses, over a wire into
// another namespace.
func TestRealLinkLocal(t *testing.T) {
	needRoot(t)
	here := netip.MustParseAddr("fe80::1")
	there := netip.MustParseAddr("fe80::2")
	c := child{AS: 65002, Address: there, RouterID: netip.MustParseAddr("10.9.9.9"), Interface: "pwt-1",
		Neighbor: Neighbor{Address: here, LocalAddress: there, AS: 65001, Interface: "pwt-1", Settings: settings(vpn.VPNv6)},
		Routes:   []childRoute{{"65002:1", "2001:db8::/32", "65001:1", 2000, nil}}}
	p := startChild(t, c, syscall.CLONE_NEWNET)
	veth := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "pwt-0"}, PeerName: "pwt-1", PeerNamespace: netlink.NsPid(p.cmd.Process.Pid)}
	if err := netlink.LinkAdd(veth); err != nil {
		t.Fatal(err)
	}
	if err := addLinkLocal("pwt-0", here); err != nil {
		t.Fatal(err)
	}
	a := startNode(t, 65001, "", "fe80::1%pwt-0")
	began := time.Now()
	a.set(Neighbor{Address: there, LocalAddress: here, AS: 65002, Interface: "pwt-0", Settings: settings(vpn.VPNv6)})
	p.run()
	a.measure("link-local", there, began)
	sent := vpnRoute("65002:1", "2001:db8::/32", "65001:1", 2000)
	got := a.waitRoute(Key{RD: sent.RD, Prefix: sent.Prefix, Peer: there}, labelled(2000))
	if got.NextHop != there {
		t.Errorf("next hop %s, want %s", got.NextHop, there)
	}
}

// TestRealListensWhereTold checks every listening socket of the namespace.
func TestRealListensWhereTold(t *testing.T) {
	// The last one is not an address of this machine yet.
	startNode(t, 65001, "", "10.0.0.1", "fd00::1", "fd00::ff00")
	var found []string
	for _, file := range []string{"tcp", "tcp6"} {
		text, err := os.ReadFile("/proc/thread-self/net/" + file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			if fields := strings.Fields(line); fields[3] == "0A" {
				found = append(found, fields[1])
			}
		}
	}
	slices.Sort(found)
	if want := []string{"000000FD000000000000000000FF0000:00B3", "000000FD000000000000000001000000:00B3", "0100000A:00B3"}; !slices.Equal(found, want) {
		t.Errorf("listening on %v, want %v", found, want)
	}
}

// TestRealStrangersAreRefused connects from an address of no neighbour, and from a
// neighbour to another address than configured.
func TestRealStrangersAreRefused(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1", "10.0.0.5")
	a.set(Neighbor{Address: netip.MustParseAddr("10.0.0.2"), LocalAddress: a.addr, AS: 65002, Settings: passive(settings(vpn.VPNv4))})
	for from, to := range map[string]string{"10.0.0.3": "10.0.0.1", "10.0.0.2": "10.0.0.5"} {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: tooLong}
		conn, err := d.Dial("tcp", to+":179")
		if errors.Is(err, syscall.ECONNRESET) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetReadDeadline(time.Now().Add(tooLong))
		if n, err := conn.Read(make([]byte, 1)); n > 0 || err == nil || os.IsTimeout(err) {
			t.Errorf("from %s to %s: read %d octets, %v; want a closed connection", from, to, n, err)
		}
		_ = conn.Close()
	}
}
