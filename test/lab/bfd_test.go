package lab

import (
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/status"
)

// watched is a lab with a NIC, whose other end is a router with BFD.
const watched = `
name: pwt-bfd
routers: {pe1: {as: 65001, id: 10.0.0.1}}
links:
- nic: NIC
  ends: {pe1:eth1: {address: 192.168.0.1/30}}
  bgp: {peer: 192.168.0.2, as: 65002, connect-retry: 1s, bfd: true, bfd-min-tx: 200ms, bfd-min-rx: 200ms, bfd-multiplier: 5}
vrfs: {red: {rts: "65000:1"}}
hosts: {a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}}
`

const farFRR = `router bgp 65002
 bgp router-id 10.0.0.2
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 neighbor 192.168.0.1 remote-as 65001
 neighbor 192.168.0.1 timers connect 1
 neighbor 192.168.0.1 bfd 5 200 200
 address-family ipv4 vpn
  neighbor 192.168.0.1 activate
 exit-address-family
`

// startFRR starts FRR's daemons in the namespace of the far side.
func startFRR(t *testing.T, far farSide) (daemons map[string]*exec.Cmd) {
	t.Helper()
	if _, err := exec.LookPath("/usr/lib/frr/bfdd"); err != nil {
		t.Skip("FRR is not installed")
	}
	const space = "pwt-bfd"
	if err := os.RemoveAll("/run/frr/" + space); err != nil { // sockets of daemons that were killed
		t.Fatal(err)
	}
	dir := t.TempDir()
	conf := filepath.Join(dir, "bgpd.conf")
	if err := os.WriteFile(conf, []byte(farFRR), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, argv := range [][]string{{"chmod", "-R", "a+rX", filepath.Dir(dir)}, {"install", "-d", "-o", "frr", "-g", "frr", "/run/frr", "/run/frr/" + space}} {
		if r := command(argv...); r.code != 0 {
			t.Fatalf("%v: %s", argv, r.stderr)
		}
	}
	daemons = map[string]*exec.Cmd{}
	for _, d := range []struct{ name, file string }{{"zebra", "/dev/null"}, {"bfdd", "/dev/null"}, {"bgpd", conf}} {
		cmd := exec.Command("nsenter", "--net="+far.path, "/usr/lib/frr/"+d.name, "-N", space, "-f", d.file)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
		daemons[d.name] = cmd
		eventually(t, 20*time.Second, func() error {
			_, err := os.Stat("/run/frr/" + space + "/" + d.name + ".vty")
			return err
		})
	}
	return daemons
}

// bfdOf returns the session of BFD of a router with a peer.
func bfdOf(t testing.TB, l lab, router, peer string) status.BFD {
	t.Helper()
	for _, s := range table[status.BFD](t, l, "bfd", "--router", router) {
		if s.RemoteAddress == netip.MustParseAddr(peer) {
			return s
		}
	}
	t.Fatalf("%s has no session of BFD with %s", router, peer)
	return status.BFD{}
}

// waitBFD waits until a session is as wanted.
func waitBFD(t testing.TB, l lab, router, peer string, wanted func(status.BFD) bool) (s status.BFD) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		if s = bfdOf(t, l, router, peer); !wanted(s) {
			return fmt.Errorf("BFD of %s with %s: %+v", router, peer, s)
		}
		return nil
	})
	return s
}

func isUp(s status.BFD) bool { return s.State == status.BFDUp }

// heardByFRR returns what FRR's bfdd knows of the router.
func heardByFRR(t *testing.T) (p struct {
	Status string `json:"status"`
	MinTx  int    `json:"remote-transmit-interval"`
	Mult   int    `json:"remote-detect-multiplier"`
}) {
	t.Helper()
	r := command("vtysh", "-N", "pwt-bfd", "-c", "show bfd peer 192.168.0.1 json")
	if err := json.Unmarshal([]byte(r.stdout), &p); err != nil {
		t.Fatalf("%v: %s%s", err, r.stdout, r.stderr)
	}
	return p
}

// FRR's bfdd is a peer: the session comes up, other parameters are agreed on while it is, who
// is not the peer cannot end it; a bfdd that is dead is noticed, and BGP ends at once and
// comes back with it.
func TestRealBFD(t *testing.T) {
	far := newFarSide(t, nicPair{"pwtnic0", "pwtnic1"})
	daemons := startFRR(t, far)
	l := fromText(t, t.TempDir(), "pwt-bfd", strings.ReplaceAll(watched, "NIC", far.near))
	l.up(t)
	const peer = "192.168.0.2"
	l.waitPeer(t, status.SessionEstablished, "")
	if s := waitBFD(t, l, "pe1", peer, isUp); s.Multihop || s.RemoteMultiplier != 5 || s.RemoteMinTx != 200 {
		t.Errorf("up: %+v", s)
	}
	text := strings.ReplaceAll(watched, "NIC", far.near)
	l.edit(t, strings.Replace(text, "bfd-min-tx: 200ms, bfd-min-rx: 200ms, bfd-multiplier: 5", "bfd-min-tx: 350ms, bfd-min-rx: 250ms, bfd-multiplier: 4", 1))
	waitBFD(t, l, "pe1", peer, func(s status.BFD) bool { return isUp(s) && !s.Polling && s.Interval == 350 && s.Detection == 1250 })
	if p := heardByFRR(t); p.Status != "up" || p.MinTx != 350 || p.Mult != 4 {
		t.Errorf("FRR has agreed on %+v", p)
	}
	before := bfdOf(t, l, "pe1", peer)
	hostileBFD(t, far, before)
	if s := bfdOf(t, l, "pe1", peer); s.Transitions != before.Transitions || s.RemoteDiscriminator != before.RemoteDiscriminator {
		t.Errorf("hostile packets had an effect: %+v", s)
	}
	if err := daemons["bfdd"].Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	s := waitBFD(t, l, "pe1", peer, func(s status.BFD) bool { return !isUp(s) })
	if !s.Failed || s.Diagnostic != "control detection time expired" {
		t.Errorf("bfdd is silent: %+v", s)
	}
	l.waitPeer(t, status.SessionState("idle"), "BFD: control detection time expired")
	if out := must(t, "events", "--lab", l.name); !strings.Contains(out, "BFD session with 192.168.0.2 is down: control detection time expired") {
		t.Errorf("events:\n%s", out)
	}
	if err := daemons["bfdd"].Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	waitBFD(t, l, "pe1", peer, isUp)
	l.waitPeer(t, status.SessionEstablished, "")
}

// hostileBFD sends packets from the peer's namespace that are not the peer's.
func hostileBFD(t *testing.T, far farSide, s status.BFD) {
	t.Helper()
	whole := func(your uint32) []byte {
		b := []byte{0x20, 1 << 6, 3, 24, 1, 2, 3, 4, byte(your >> 24), byte(your >> 16), byte(your >> 8), byte(your)}
		return append(b, 0, 0x0f, 0x42, 0x40, 0, 0x0f, 0x42, 0x40, 0, 0, 0, 0)
	}
	c := socketAt(t, far.path, nil, &net.UDPAddr{IP: net.IPv4(192, 168, 0, 1), Port: 3784})
	defer c.Close()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []struct {
		ttl  int
		data []byte
	}{
		{254, whole(s.Discriminator)}, {1, whole(s.Discriminator)}, {255, whole(s.Discriminator + 1)}, {255, whole(s.Discriminator)[:23]},
		{255, append([]byte{0x40}, whole(s.Discriminator)[1:]...)}, {255, nil}, {255, make([]byte, 1400)},
	} {
		if err := raw.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_IP, unix.IP_TTL, p.ttl) }); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write(p.data); err != nil {
			t.Fatal(err)
		}
	}
}

// greyCore is a core in a ring, with a site at two PEs.
const greyCore = `
name: pwt-grey
core: labeled-unicast
defaults: {router: {as: 65000}, bgp: {bfd: true, bfd-min-tx: 100ms, bfd-min-rx: 100ms}}
routers:
  pe1: {id: 10.255.0.1}
  pe2: {id: 10.255.0.2}
  pe3: {id: 10.255.0.3}
  p1: {id: 10.255.0.11}
  p2: {id: 10.255.0.12}
links:
- {ends: [pe1:eth1, p1:eth1], subnets: [192.168.1.0/30]}
- {ends: [pe1:eth2, p2:eth1], subnets: [192.168.2.0/30], metric: 20}
- {ends: [p1:eth2, p2:eth2], subnets: [192.168.3.0/30]}
- {ends: [p1:eth3, pe2:eth1], subnets: [192.168.4.0/30], bgp: {bfd: false}}
- {ends: [p2:eth3, pe3:eth1], subnets: [192.168.5.0/30], metric: 100, bgp: {bfd: false}}
- {ends: [p2:eth4, pe2:eth2], subnets: [192.168.6.0/30], metric: 200, bgp: {bfd: false}}
vrfs: {red: {rts: "65000:1"}}
hosts:
  a: {to: pe1, vrf: red, addresses: [10.1.0.2/24]}
  b:
    attach:
    - {to: pe2, vrf: red, addresses: [10.2.0.2/24]}
    - {to: pe3, vrf: red, addresses: [10.3.0.2/24], routes: [0.0.0.0/0]}
    lans-via: [eth0, eth1]
    lans: [10.9.0.1/24]
`

// A link that keeps its carrier and loses packets, all or all but BGP's, is left within the
// detection time; so is a PE that is lost behind links that are up, to which a site has
// another one.
func TestRealGreyLink(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-grey", greyCore)
	l.up(t)
	for _, s := range []struct{ router, peer string }{{"pe1", "192.168.1.2"}, {"p1", "192.168.1.1"}, {"pe1", "10.255.0.2"}} {
		waitBFD(t, l, s.router, s.peer, isUp)
	}
	s := startStream(t, l, "a", "b", netip.MustParseAddr("10.2.0.2"))
	lost := s.outage(t, func() { must(t, "link", "pe1:eth1", "impair", "--loss", "100%", "--lab", l.name) })
	t.Logf("a link loses all packets: %s", lost)
	if lost == 0 || lost > 5*time.Second {
		t.Errorf("%s without packets; BGP would take 40 s to notice", lost)
	}
	sendsOver(t, l, "eth2")
	if session := bfdOf(t, l, "pe1", "192.168.1.2"); !session.Failed {
		t.Errorf("the link that loses packets: %+v", session)
	}
	must(t, "link", "pe1:eth1", "up", "--lab", l.name)
	waitBFD(t, l, "pe1", "192.168.1.2", isUp)
	sendsOver(t, l, "eth1")
	waitBFD(t, l, "pe1", "10.255.0.2", isUp)

	lost = s.outage(t, func() { onlyBGP(t, l, "pe1", "eth1") })
	t.Logf("a link carries BGP alone: %s", lost)
	sendsOver(t, l, "eth2")
	if r := command("ip", "netns", "exec", "pw-"+l.name+"-pe1", "nft", "delete table netdev pwt"); r.code != 0 {
		t.Fatal(r.stderr)
	}
	waitBFD(t, l, "pe1", "192.168.1.2", isUp)
	sendsOver(t, l, "eth1")
	waitBFD(t, l, "pe1", "10.255.0.2", isUp)

	s.stop()
	s = startStream(t, l, "a", "b", netip.MustParseAddr("10.9.0.1"))
	lost = s.outage(t, func() {
		for _, link := range []string{"pe2:eth1", "pe2:eth2"} {
			must(t, "link", link, "impair", "--loss", "100%", "--lab", l.name)
		}
	})
	t.Logf("a PE is lost: %s; it had a part of the flows", lost)
	if lost == 0 || lost > 5*time.Second {
		t.Errorf("the other PE of the site gets packets after %s; BGP would take 40 s to notice", lost)
	}
	if session := bfdOf(t, l, "pe1", "10.255.0.2"); !session.Failed || !session.Multihop {
		t.Errorf("the PE that is lost: %+v", session)
	}
}

// sendsOver waits until pe1 sends to pe2 over a link.
func sendsOver(t *testing.T, l lab, link string) {
	t.Helper()
	eventually(t, 30*time.Second, func() error {
		if p := pathTo(t, l, "pe1", "pe2"); p.Interface != link {
			return fmt.Errorf("pe1 sends to pe2 over %s, not %s", p.Interface, link)
		}
		return nil
	})
}

// onlyBGP has a link lose what a router sends on it, except TCP and ARP.
func onlyBGP(t *testing.T, l lab, router, link string) {
	t.Helper()
	rules := "add table netdev pwt\nadd chain netdev pwt out { type filter hook egress device \"" + link + "\" priority 0; policy drop; }\n" +
		"add rule netdev pwt out meta protocol arp accept\nadd rule netdev pwt out ip protocol tcp accept\n"
	if r := command("ip", "netns", "exec", "pw-"+l.name+"-"+router, "nft", rules); r.code != 0 {
		t.Fatal(r.stderr)
	}
}
