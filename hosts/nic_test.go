package hosts

import (
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// lending is a made-up server with a NIC, "up1", whose far end is a foreign
// machine, and a router.
type lending struct {
	server, router, far Namespace
	loan                Loan
}

func newLending(t *testing.T) lending {
	t.Helper()
	l := lending{server: newHost(t), router: newNamespace(t, KindRouter), far: newHost(t)}
	if err := PrepareRouter(l.router); err != nil {
		t.Fatal(err)
	}
	mustRun(t, l.server, "sh", "-c", `ip link add name up1 type veth peer name eth0 netns `+l.far.Name+`
		ip link set up1 address 02:00:00:00:00:31 mtu 1600 alias "to the world" up
		ip addr add 192.0.2.1/24 dev up1; ip addr add 2001:db8::1/64 dev up1 nodad
		ip route add 198.51.100.0/24 via 192.0.2.2 metric 77; ip route add 2001:db8:9::/48 via 2001:db8::2
		ip route add 203.0.113.0/24 via 192.0.2.2 src 192.0.2.1 table 100`)
	mustRun(t, l.far, "ip", "link", "set", "eth0", "up", "mtu", "1600")
	l.loan = Loan{NIC: "up1", To: l.router, Name: "eth1", Alias: "pe1:eth1", StateDir: t.TempDir()}
	return l
}

// fromServer lends as a process on the made-up server.
func (l lending) fromServer(loan Loan) (lent LentNIC, err error) {
	err = l.server.Do(func() error {
		lent, err = LendNIC(loan)
		return err
	})
	return lent, err
}

func (l lending) giveBack(stateDir string) error {
	return l.server.Do(func() error { return ReturnNICs(l.router, stateDir) })
}

// state is everything about a server's NIC that must be restored.
func (l lending) state(t *testing.T) string {
	t.Helper()
	out := mustRun(t, l.server, "sh", "-c", `exec 2>/dev/null; ip -o link show up1 | sed 's/^[0-9]*: //'; ip -o addr show up1 scope global | sed 's/^[0-9]*: //'
		ip route show dev up1; ip -6 route show dev up1; ip route show table 100; ethtool -k up1 | grep -E "generic-receive|large-receive"; true`)
	return out
}

// differs returns what remains different from before: the kernel may report the
// carrier up to a second late.
func (l lending) differs(t *testing.T, before string) (diff string) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if diff = cmp.Diff(before, l.state(t)); diff == "" || time.Now().After(end) {
			return diff
		}
	}
}

func TestRealNICIsLentAndReturned(t *testing.T) {
	needRoot(t)
	for name, direct := range map[string]bool{"through a bridge": false, "direct": true} {
		t.Run(name, func(t *testing.T) {
			l := newLending(t)
			mustRun(t, l.server, "ethtool", "-K", "up1", "gro", "on")
			before := l.state(t)
			loan := l.loan
			loan.direct = direct
			var lent LentNIC
			for range 2 {
				var err error
				if lent, err = l.fromServer(loan); err != nil {
					t.Fatal(err)
				}
			}
			if lent.Name != "eth1" || lent.MTU != 1600 || (lent.Bridge == "") != direct {
				t.Errorf("lent: %+v", lent)
			}
			if link(t, l.server, "up1") != nil || link(t, l.router, "eth1") == nil {
				t.Fatal("it did not move")
			}
			if out := mustRun(t, l.router, "ip", "-6", "addr", "show", "scope", "link"); strings.Contains(out, "fe80") {
				t.Errorf("the router's kernel has IPv6 on it:\n%s", out)
			}
			if err := l.router.Delete(); err == nil || !strings.Contains(err.Error(), "up1") {
				t.Fatalf("Delete with the NIC inside: %v, want an error that names it", err)
			}
			for range 2 {
				if err := l.giveBack(loan.StateDir); err != nil {
					t.Fatal(err)
				}
			}
			if diff := l.differs(t, before); diff != "" {
				t.Errorf("not as it was (-before +after):\n%s", diff)
			}
			if files, err := os.ReadDir(loan.StateDir); err != nil || len(files) != 0 {
				t.Errorf("files are left: %v, %v", files, err)
			}
		})
	}
}

// With the state directory gone, the alias alone brings the essentials back.
func TestRealNICReturnsWithoutItsFile(t *testing.T) {
	needRoot(t)
	l := newLending(t)
	if _, err := l.fromServer(l.loan); err != nil {
		t.Fatal(err)
	}
	if err := l.giveBack(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	out := l.state(t)
	for _, want := range []string{"02:00:00:00:00:31", "mtu 1600", "192.0.2.1/24", "2001:db8::1/64", "198.51.100.0/24 via 192.0.2.2", "2001:db8:9::/48 via 2001:db8::2", "LOWER_UP"} {
		if !strings.Contains(out, want) {
			t.Errorf("%s has not come back:\n%s", want, out)
		}
	}
	if alias := link(t, l.server, "up1").Attrs().Alias; alias != "" {
		t.Errorf("the mark stays: %q", alias)
	}
}

func TestRealNICInUseIsRefused(t *testing.T) {
	needRoot(t)
	l := newLending(t)
	refused := func(why string) {
		t.Helper()
		before := l.state(t)
		if _, err := l.fromServer(l.loan); !errors.Is(err, errInUse) || !strings.Contains(err.Error(), "up1") {
			t.Errorf("%s: %v, want errInUse", why, err)
		}
		if diff := cmp.Diff(before, l.state(t)); diff != "" {
			t.Errorf("%s: it was touched:\n%s", why, diff)
		}
	}
	mustRun(t, l.server, "ip", "route", "add", "default", "via", "192.0.2.2")
	refused("IPv4 default route")
	mustRun(t, l.server, "sh", "-c", "ip route del default; ip -6 route add default via 2001:db8::2")
	refused("IPv6 default route")
	mustRun(t, l.server, "sh", "-c", "ip -6 route del default; ip link add name br7 type bridge; ip link set up1 master br7")
	refused("port of a bridge")
}

func TestRealNICThatIsNotThere(t *testing.T) {
	needRoot(t)
	l := newLending(t)
	loan := l.loan
	loan.NIC = "nosuch"
	if _, err := l.fromServer(loan); err == nil || !strings.Contains(err.Error(), "up1") {
		t.Errorf("%v, want an error that lists the NICs", err)
	}
	loan.NIC = "lo"
	if _, err := l.fromServer(loan); err == nil {
		t.Error("lo was lent")
	}
	if _, err := l.fromServer(l.loan); err != nil {
		t.Fatal(err)
	}
	second := l.loan
	second.To = newNamespace(t, KindRouter)
	if _, err := l.fromServer(second); !errors.Is(err, errInUse) || !strings.Contains(err.Error(), l.router.Mark.Node) {
		t.Errorf("lent already: %v, want errInUse that names the router", err)
	}
	if err := l.giveBack(l.loan.StateDir); err != nil {
		t.Fatal(err)
	}
}

// A loan that fails leaves the NIC as it was.
func TestRealNICStaysWhenLendingFails(t *testing.T) {
	needRoot(t)
	l := newLending(t)
	for name, loan := range map[string]Loan{"bridged": l.loan, "direct": {NIC: "up1", To: l.router, Name: "eth1", Alias: "x", StateDir: t.TempDir(), direct: true}} {
		mustRun(t, l.router, "ip", "link", "add", "name", "eth1", "type", "bridge") // somebody else's
		before := l.state(t)
		if _, err := l.fromServer(loan); err == nil {
			t.Fatalf("%s: lent over another interface", name)
		}
		if diff := l.differs(t, before); diff != "" {
			t.Errorf("%s: not as it was:\n%s", name, diff)
		}
		mustRun(t, l.router, "ip", "link", "delete", "eth1")
	}
}

func TestRealNICReturnsToATakenName(t *testing.T) {
	needRoot(t)
	l := newLending(t)
	if _, err := l.fromServer(l.loan); err != nil {
		t.Fatal(err)
	}
	mustRun(t, l.server, "ip", "link", "add", "name", "up1", "type", "bridge")
	if err := l.giveBack(l.loan.StateDir); err == nil || !strings.Contains(err.Error(), "rename") {
		t.Errorf("%v, want an error with a remedy", err)
	}
	if err := l.router.Delete(); err == nil {
		t.Fatal("the namespace was deleted with the NIC inside")
	}
	mustRun(t, l.server, "ip", "link", "delete", "up1")
	if err := l.giveBack(l.loan.StateDir); err != nil {
		t.Fatal(err)
	}
}

// The far end of a virtual NIC leaves checksums to absent hardware; on the
// router's side of the bridge they are correct.
func TestRealForeignChecksumsAreFilledIn(t *testing.T) {
	needRoot(t)
	l := newLending(t)
	lent, err := l.fromServer(l.loan)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := l.giveBack(l.loan.StateDir); err != nil {
			t.Error(err)
		}
	}()
	if txChecksums(t, l.far, "eth0") == 0 {
		t.Fatal("the far end has no offload: nothing is tested")
	}
	mustRun(t, l.far, "sh", "-c", "ip addr add 10.0.0.1/24 dev eth0; ip neigh add 10.0.0.2 lladdr 02:00:00:00:00:77 dev eth0")
	c := newTap(t, l.router, lent.Name)
	var conn net.Conn
	if err := l.far.Do(func() (err error) { conn, err = net.Dial("udp", "10.0.0.2:9"); return err }); err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		// Repeatedly, as links that have just moved are dead for a while; until
		// conn is closed.
		for _, err := conn.Write([]byte("hello")); err == nil; _, err = conn.Write([]byte("hello")) {
			time.Sleep(20 * time.Millisecond)
		}
	}()
	c.wait(t, "UDP from the far end", func(p gopacket.Packet) bool {
		udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP)
		if !ok || udp.DstPort != 9 {
			return false
		}
		if err := udp.SetNetworkLayerForChecksum(p.NetworkLayer()); err != nil {
			t.Fatal(err)
		}
		if err, bad := p.VerifyChecksums(); err != nil || len(bad) > 0 {
			t.Errorf("checksums: %v, %v", err, bad)
		}
		return true
	})
}

func TestUntrustedNICs(t *testing.T) {
	for _, tt := range []struct {
		kind, driver string
		want         bool
	}{{"device", "igb", false}, {"device", "virtio_net", true}, {"veth", "veth", true}, {"tuntap", "tun", true}} {
		if got := untrusted(tt.kind, tt.driver); got != tt.want {
			t.Errorf("%s driven by %s: %v", tt.kind, tt.driver, got)
		}
	}
}
