package lab

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/hosts/probe"
	"pseudowan/status"
	"pseudowan/test/rawbgp"
)

// A customer and a foreign router that do not speak BGP properly, and a VPN that has
// nothing to do with either.
const hostileLab = `
name: pwt-hostile
routers: {pe1: {as: 65000, id: 10.0.0.1}, pe2: {as: 65000, id: 10.0.0.2}}
links: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]
vrfs:
  red:  {rts: "1:1", redistribute: {connected: subnets}}
  blue: {rts: "1:2", redistribute: {connected: subnets}}
hosts:
  ce:    {to: pe1, vrf: red, addresses: [10.1.0.2/24], bgp: {as: 65100, passive: true}}
  red2:  {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
  blue1: {to: pe1, vrf: blue, addresses: [10.1.0.2/24]}
  blue2: {to: pe2, vrf: blue, addresses: [10.2.0.2/24]}
`

// customersPeak limits the memory of pe1's agent, in kB, whatever the customer
// announces: 10,000 prefixes are allowed, and 100,000 needed 1.3 GB.
const customersPeak = 300 << 10

// TestRealChaosBGP has a customer send octets that are not BGP, almost BGP, or too
// much of it. No other VPN loses a packet, the router's agent survives and stays
// small, and the peer's row says what has happened.
func TestRealChaosBGP(t *testing.T) {
	t.Parallel() // it waits more than it works
	whole := max(chaosTime(t), 45*time.Second)
	l := fromText(t, t.TempDir(), "pwt-hostile", hostileLab)
	l.up(t)
	agent := agentOf(t, l, "pe1")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	c := &hostileCustomer{t: t, l: l, Rand: rand.New(rand.NewPCG(seed, 0))}
	attacks := []func(*hostileCustomer){
		(*hostileCustomer).strangeTypes, (*hostileCustomer).damagedUpdates, (*hostileCustomer).connections,
		(*hostileCustomer).refreshes, (*hostileCustomer).keepalives, (*hostileCustomer).slowReader,
	}
	each := whole / time.Duration(len(attacks)+1)
	count := int(whole / (10 * time.Millisecond))
	other := startPing(l, "blue1", "10.2.0.2", count)
	for i, attack := range attacks {
		c.until = time.Now().Add(each)
		for n := 0; time.Now().Before(c.until); n++ {
			attack(c)
		}
		if now := agentOf(t, l, "pe1"); now != agent {
			t.Fatalf("attack %d: pe1's agent is another process: %d, was %d", i, now, agent)
		}
	}
	if p := c.peer(); p.LastError == "" || p.State == "established" && p.Reason != "" {
		t.Errorf("the peer's row says nothing about it: %+v", p)
	}
	c.tooManyPrefixes()
	if now := agentOf(t, l, "pe1"); now != agent {
		t.Fatalf("too many prefixes: pe1's agent is another process: %d, was %d", now, agent)
	}
	if peak := peakOf(t, agent); peak > customersPeak {
		t.Errorf("pe1's agent used %d MB", peak>>10)
	} else {
		t.Logf("pe1's agent used at most %d MB", peak>>10)
	}
	// A busy machine loses a packet now and then; a dying agent costs hundreds.
	if n := other.lost(t); n > max(3, count/1000) {
		t.Errorf("another VPN lost %d of %d pings", n, count)
	} else {
		t.Logf("another VPN lost %d of %d pings", n, count)
	}
	for _, p := range table[status.Peer](t, l, "peer", "--router", "pe2") {
		if p.State != "established" {
			t.Errorf("pe2: session with %s is %s: %s", p.RemoteAddress, p.State, p.Reason)
		}
	}
}

// agentOf returns the process of a router's agent.
func agentOf(t *testing.T, l lab, router string) int {
	t.Helper()
	for _, n := range nodes(t, l) {
		if n.Node == router {
			return n.PID
		}
	}
	t.Fatalf("no router %s", router)
	return 0
}

// peakOf returns the peak memory of a process, in kB.
func peakOf(t *testing.T, pid int) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, _ := strconv.Atoi(strings.Fields(rest)[0])
			return n
		}
	}
	t.Fatalf("no peak in\n%s", text)
	return 0
}

// hostileCustomer speaks from inside the host ce.
type hostileCustomer struct {
	*rand.Rand
	t     *testing.T
	l     lab
	until time.Time
}

// dial connects to the router from the host; nil if the router refuses.
func (c *hostileCustomer) dial() net.Conn {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	conn, err := probe.Host{NetNS: c.l.netns("ce")}.Connect(ctx, netip.MustParseAddrPort("10.1.0.1:179"))
	if err != nil {
		return nil
	}
	return conn
}

// session connects until the router accepts, and takes the session to a phase: 0 for
// connected, 1 for OPEN sent, 2 for established. It is nil when time is over.
func (c *hostileCustomer) session(phase int) net.Conn {
	for time.Now().Before(c.until) {
		conn := c.dial()
		if conn != nil {
			_ = conn.SetDeadline(time.Now().Add(3 * time.Second))
			if kind := rawbgp.ReadKind(conn); kind == 1 {
				if phase > 0 {
					_, _ = conn.Write(rawbgp.Message(1, 4, 0xfe, 0x4c, 0, 90, 10, 0, 0, 99, 16, 2, 14, 1, 4, 0, 1, 0, 1, 2, 0, 65, 4, 0, 0, 0xfe, 0x4c))
				}
				if phase < 2 {
					return conn
				}
				_, _ = conn.Write(rawbgp.Message(4))
				if rawbgp.ReadKind(conn) == 4 {
					return conn
				}
			}
			_ = conn.Close()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return nil
}

// bgpUpdate announces prefixes with valid attributes.
func bgpUpdate(nlri ...byte) []byte {
	attrs := []byte{0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xfe, 0x4c, 0x40, 3, 4, 10, 1, 0, 2}
	return rawbgp.Message(2, slices.Concat([]byte{0, 0, 0, byte(len(attrs))}, attrs, nlri)...)
}

// flood writes until the time is over or the router disconnects.
func (c *hostileCustomer) flood(conn net.Conn, next func() []byte) {
	if conn == nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(c.until)
	go func() { _, _ = io.Copy(io.Discard, conn) }()
	for time.Now().Before(c.until) {
		if _, err := conn.Write(next()); err != nil {
			return
		}
	}
}

// strangeTypes sends, in every phase, headers that once killed the router.
func (c *hostileCustomer) strangeTypes() {
	conn := c.session(c.IntN(3))
	if conn == nil {
		return
	}
	defer conn.Close()
	_, _ = conn.Write(rawbgp.Message([]byte{0, 6, 9, 255}[c.IntN(4)]))
	_, _ = io.Copy(io.Discard, conn)
}

// damagedUpdates sends UPDATEs with wrong octets.
func (c *hostileCustomer) damagedUpdates() {
	c.flood(c.session(2), func() []byte {
		m := bgpUpdate(24, 172, 16, byte(c.IntN(256)), 0x20, 172, 17, 0, byte(c.IntN(256)))
		for range 1 + c.IntN(3) {
			m[19+c.IntN(len(m)-19)] = byte(c.IntN(256))
		}
		return m
	})
}

// connections opens and closes connections as fast as it can.
func (c *hostileCustomer) connections() {
	if conn := c.dial(); conn != nil {
		_ = conn.(*net.TCPConn).SetLinger(c.IntN(2) - 1)
		_ = conn.Close()
	}
}

// refreshes keeps asking for all routes.
func (c *hostileCustomer) refreshes() {
	c.flood(c.session(2), func() []byte { return slices.Repeat(rawbgp.Message(5, 0, 1, 0, 1), 100) })
}

// keepalives keeps sending KEEPALIVEs.
func (c *hostileCustomer) keepalives() {
	c.flood(c.session(2), func() []byte { return slices.Repeat(rawbgp.Message(4), 100) })
}

// slowReader asks for all routes and reads none.
func (c *hostileCustomer) slowReader() {
	conn := c.session(2)
	if conn == nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(c.until)
	for time.Now().Before(c.until) {
		if _, err := conn.Write(slices.Repeat(rawbgp.Message(5, 0, 1, 0, 1), 100)); err != nil {
			return
		}
	}
}

// tooManyPrefixes announces 100,000 prefixes, each by a message of its own.
func (c *hostileCustomer) tooManyPrefixes() {
	c.until = time.Now().Add(patience(2 * time.Minute))
	n := 0
	c.flood(c.session(2), func() []byte {
		var m []byte
		for range 50 {
			m = append(m, bgpUpdate(32, 172, byte(16+n>>16), byte(n>>8), byte(n))...)
			n++
		}
		return m
	})
	eventually(c.t, 10*time.Second, func() error {
		if p := c.peer(); p.Reason != "more than 10000 prefixes" {
			return fmt.Errorf("after %d prefixes: %+v", n, p)
		}
		return nil
	})
}

// peer returns how the router sees the customer's session.
func (c *hostileCustomer) peer() status.Peer {
	c.t.Helper()
	for _, p := range table[status.Peer](c.t, c.l, "peer", "--router", "pe1") {
		if p.VRF == "red" {
			return p
		}
	}
	c.t.Fatal("the customer's session is not shown")
	return status.Peer{}
}
