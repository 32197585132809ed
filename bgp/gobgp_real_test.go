package bgp

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// command runs a stock tool. The test is skipped if it is not installed.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(need(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("needs the %s of the package gobgpd: %v", name, err)
	}
	return path
}

// TestRealCommand adds and removes routes with the stock gobgp command.
func TestRealCommand(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "pe2.sock")
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, socket, "10.0.0.2")
	connectNodes(a, b)
	if info, err := os.Stat(socket); err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("socket: %v, %v", info.Mode(), err)
	}
	for _, test := range []struct {
		words string
		sent  Route
	}{
		{"-a vpnv4 198.51.100.0/24 label 777 rd 65002:9 rt 65001:101", vpnRoute("65002:9", "198.51.100.0/24", "65001:101", 777)},
		{"-a vpnv6 2001:db8:5::/48 label 778 rd 10.0.0.2:9 rt 64086.59904:101", vpnRoute("10.0.0.2:9", "2001:db8:5::/48", "4200000000:101", 778)},
	} {
		words := func(verb string) []string {
			return append([]string{"--target", "unix://" + socket, "global", "rib", verb}, strings.Fields(test.words)...)
		}
		command(t, "gobgp", words("add")...)
		got := b.waitRoute(test.sent.Key(), labelled(test.sent.Label))
		if got.Targets[0] != test.sent.Targets[0] || !got.NextHop.IsUnspecified() || got.NextHop.Is4() != got.Prefix.Addr().Is4() {
			t.Errorf("event here: %+v", got)
		}
		got = a.waitRoute(test.sent.from(b), labelled(test.sent.Label))
		if got.NextHop != b.addr || got.Targets[0] != test.sent.Targets[0] {
			t.Errorf("event at the peer: %+v", got)
		}
		command(t, "gobgp", words("del")...)
		b.waitGone(test.sent.Key())
		a.waitGone(test.sent.from(b))
	}
	explicit := vpnRoute("65002:9", "198.51.100.0/24", "65001:101", 777)
	command(t, "gobgp", strings.Fields("--target unix://"+socket+
		" global rib add -a vpnv4 198.51.100.0/24 label 777 rd 65002:9 rt 65001:101 nexthop 10.0.0.7 med 5")...)
	if got := a.waitRoute(explicit.from(b), anyRoute); got.NextHop.String() != "10.0.0.7" || !equalOptional(got.MED, ptr(5)) {
		t.Errorf("explicit next hop: %+v", got)
	}
	if out := command(t, "gobgp", "--target", "unix://"+socket, "neighbor"); !strings.Contains(out, "10.0.0.1") || !strings.Contains(out, "Establ") {
		t.Errorf("gobgp neighbor: %s", out)
	}
}

// TestRealBetterReceivedRoute checks that a local path that is no longer the best
// of its RD and prefix is reported as withdrawn, and comes back.
func TestRealBetterReceivedRoute(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, socket, "10.0.0.2")
	n := b.to(a)
	n.LocalPref = ptr(200)
	b.set(n)
	a.set(a.to(b))
	b.waitEstablished(a)
	r := vpnRoute("65002:9", "198.51.100.0/24", "65001:101", 777)
	command(t, "gobgp", strings.Fields("--target unix://"+socket+" global rib add -a vpnv4 198.51.100.0/24 label 777 rd 65002:9 rt 65001:101")...)
	b.waitRoute(r.Key(), anyRoute)
	a.announce(r)
	b.waitRoute(r.from(a), anyRoute)
	b.waitGone(r.Key())
	a.withdraw(r)
	b.waitRoute(r.Key(), anyRoute)
}

func TestRealSocketLife(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	socket := filepath.Join(dir, "api")
	stale, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	_ = stale.Close()
	n := startNode(t, 65001, socket, "10.0.0.1")
	cfg := Config{AS: 65001, RouterID: netip.MustParseAddr("10.0.0.1"), APISocket: socket}
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "another speaker") {
		t.Errorf("second speaker on the socket: %v", err)
	}
	cfg.APISocket = filepath.Join(dir, strings.Repeat("x", 120))
	if _, err := Start(t.Context(), cfg); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("long path: %v", err)
	}
	cfg.APISocket = filepath.Join(dir, "missing", "api")
	if _, err := Start(t.Context(), cfg); err == nil {
		t.Error("a socket in a directory that does not exist")
	}
	if err := n.stop(); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// stockConfig makes gobgpd a neighbour of a node.
const stockConfig = `
[global.config]
  as = 65009
  router-id = "10.0.0.20"
  port = 179
  local-address-list = ["10.0.0.20"]
[[neighbors]]
  [neighbors.config]
    neighbor-address = "%s"
    peer-as = %d
  [neighbors.transport.config]
    local-address = "10.0.0.20"
    passive-mode = %t
  [neighbors.timers.config]
    connect-retry = 1
    hold-time = 9
    keepalive-interval = 3
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l3vpn-ipv4-unicast"
  [[neighbors.afi-safis]]
    [neighbors.afi-safis.config]
      afi-safi-name = "l3vpn-ipv6-unicast"
`

// startStock runs the distribution's gobgpd as a neighbour of the node, and returns
// the gobgp arguments that select it.
func startStock(t *testing.T, n *node, passive bool) []string {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "gobgpd.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, stockConfig, n.addr, n.as, passive), 0o600); err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	cmd := exec.Command(need(t, "gobgpd"), "-f", file, "--api-hosts", "unix://"+filepath.Join(dir, "s"), "--pprof-disable")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	return []string{"--target", "unix://" + filepath.Join(dir, "s")}
}

// stockRIB waits until gobgpd's table of a family satisfies the condition.
func stockRIB(t *testing.T, target []string, family string, condition func(string) bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var out []byte
	for ctx.Err() == nil {
		out, _ = exec.CommandContext(ctx, need(t, "gobgp"), append(target, "global", "rib", "-a", family, "-j")...).Output()
		if json.Valid(out) && condition(string(out)) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("gobgpd's table of %s: %s", family, out)
}

// TestRealStockPeer exchanges labelled routes with the distribution's gobgpd.
func TestRealStockPeer(t *testing.T) {
	for name, passive := range map[string]bool{"active": false, "passive": true} {
		t.Run(name, func(t *testing.T) {
			a := startNode(t, 65001, "", "10.0.0.1")
			n := Neighbor{Address: netip.MustParseAddr("10.0.0.20"), LocalAddress: a.addr, AS: 65009,
				Settings: settings(vpn.VPNv4, vpn.VPNv6)}
			n.MED = ptr(100)
			a.set(n)
			a.announce(vpnRoute("65001:101", "30.1.0.0/24", "65001:101", 1000), vpnRoute("65001:101", "2001:db8:30::/64", "65001:101", 1001))
			began := time.Now()
			stock := startStock(t, a, passive)
			a.measure("stock gobgpd, from the start of its process", n.Address, began)
			stockRIB(t, stock, "vpnv4", func(s string) bool {
				return strings.Contains(s, "30.1.0.0/24") && strings.Contains(s, "[1000]") && strings.Contains(s, `"metric":100`)
			})
			stockRIB(t, stock, "vpnv6", func(s string) bool {
				return strings.Contains(s, "2001:db8:30::/64") && strings.Contains(s, "[1001]")
			})
			for _, r := range []Route{vpnRoute("65009:1", "130.1.0.0/24", "65001:101", 2001), vpnRoute("65009:1", "2001:db8:130::/64", "65001:101", 2002)} {
				words := []string{"-a", string(vpn.FamilyOf(r.Prefix)), r.Prefix.String(), "label", fmt.Sprint(r.Label), "rd", "65009:1", "rt", "65001:101"}
				command(t, "gobgp", append(append(stock, "global", "rib", "add"), words...)...)
				key := Key{RD: r.RD, Prefix: r.Prefix, Peer: n.Address}
				got := a.waitRoute(key, labelled(r.Label))
				if got.NextHop != n.Address || got.Targets[0] != r.Targets[0] || got.ASPath.String() != "65009" {
					t.Errorf("from gobgpd: %+v", got)
				}
				command(t, "gobgp", append(append(stock, "global", "rib", "del"), words...)...)
				a.waitGone(key)
			}
		})
	}
}
