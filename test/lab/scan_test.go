package lab

import (
	"encoding/binary"
	"math/rand/v2"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/vishvananda/netns"

	"pseudowan/status"
)

const scanLab = `
name: pwt-scan
routers: {pe1: {as: 65000, id: 10.0.0.1}}
vrfs: {red: {rts: "1:1"}, blue: {rts: "1:2"}}
hosts:
  scanner: {to: pe1, vrf: red, addresses: ["2001:db8:1::2/64", 10.1.0.2/16]}
  victim:  {to: pe1, vrf: red, addresses: ["2001:db8:2::2/64", 10.2.0.2/16]}
  other:   {to: pe1, vrf: blue, addresses: ["2001:db8:3::2/64"]}
  another: {to: pe1, vrf: blue, addresses: ["2001:db8:4::2/64"]}
`

// scan sends, from inside a node, a datagram to each of count addresses of a network.
func scan(t *testing.T, l lab, node string, network netip.Prefix, count int) <-chan error {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread stays in the namespace and is discarded
		done <- scanIn(l.netns(node), network, count)
	}()
	return done
}

func scanIn(path string, network netip.Prefix, count int) error {
	handle, err := netns.GetFromPath(path)
	if err != nil {
		return err
	}
	defer handle.Close()
	if err := netns.Set(handle); err != nil {
		return err
	}
	family := "udp4"
	if network.Addr().Is6() {
		family = "udp6"
	}
	socket, err := net.ListenPacket(family, ":0")
	if err != nil {
		return err
	}
	defer socket.Close()
	for range count {
		to := net.UDPAddrFromAddrPort(netip.AddrPortFrom(anyOf(network), 9))
		// Errors are about earlier datagrams, which nobody answers.
		_, _ = socket.WriteTo([]byte("scan"), to)
	}
	return nil
}

// anyOf returns some address of a network.
func anyOf(network netip.Prefix) netip.Addr {
	b := network.Addr().AsSlice()
	var tail [8]byte
	binary.BigEndian.PutUint64(tail[:], rand.Uint64())
	for bit := network.Bits(); bit < len(b)*8; bit++ {
		b[bit/8] |= tail[bit%8] & (0x80 >> (bit % 8))
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// A host that scans a network behind the router fills a limited table on the
// scanned port and slows down only itself. Hosts of other VPNs lose nothing, and
// the scanned network's host remains reachable.
func TestRealScanHurtsNobodyElse(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-scan", scanLab)
	l.up(t)
	const probes = 20000
	six := scan(t, l, "scanner", netip.MustParsePrefix("2001:db8:2::/64"), probes)
	four := scan(t, l, "scanner", netip.MustParsePrefix("10.2.0.0/16"), probes)
	begin := time.Now()
	for _, c := range [][2]string{{"other", "2001:db8:4::2"}, {"another", "2001:db8:3::1"}, {"victim", "2001:db8:1::1"}} {
		out := l.mustExec(t, c[0], "ping", "-c", "20", "-i", "0.05", "-W", "2", c[1])
		if !strings.Contains(out, " 0% packet loss") {
			t.Errorf("%s to %s during the scan:\n%s", c[0], c[1], out)
		}
	}
	for _, done := range []<-chan error{six, four} {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d datagrams in %s", 2*probes, time.Since(begin).Round(time.Millisecond))
	l.mustExec(t, "scanner", "ping", "-c", "1", "-W", "5", "2001:db8:2::2")
	l.mustExec(t, "scanner", "ping", "-c", "1", "-W", "5", "10.2.0.2")
	const bound = 1024 + 8 // of a port, and the addresses that are known
	entries := map[uint32]int{}
	for _, n := range table[status.Neighbor](t, l, "arp") {
		entries[n.Port]++
	}
	for port, n := range entries {
		if n > bound {
			t.Errorf("port %d has %d neighbours", port, n)
		}
	}
	flows := strings.Count(l.mustExec(t, "pe1", "ovs-ofctl", "dump-flows", "br0"), "\n")
	const most = 400
	if flows > most {
		t.Errorf("the scan left %d flows in the switch", flows)
	}
}
