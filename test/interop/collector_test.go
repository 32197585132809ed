package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
)

const frrBMP = `hostname frr-1
router bgp 65002
 bgp router-id 10.10.10.2
 no bgp ebgp-requires-policy
 no bgp network import-check
 neighbor 10.9.0.1 remote-as 65001
 bmp targets all
  bmp monitor ipv4 unicast pre-policy
  bmp monitor ipv4 unicast post-policy
  bmp connect 2001:db8::70 port 5000 min-retry 100 max-retry 500
 exit
`

// collectorBench is a collector in one namespace, and FRR in another one.
type collectorBench struct {
	t                      *testing.T
	near, far              string // namespaces
	collector, frr, gobgpd daemon
}

func newCollectorBench(t *testing.T) *collectorBench {
	needs(t, "/usr/lib/frr/bgpd", "gobgpd")
	b := &collectorBench{t: t, near: "pwt-bmp", far: "pwt-bmp-frr"}
	for _, ns := range []string{b.near, b.far} {
		mustRun(t, "ip", "netns", "add", ns)
		t.Cleanup(func() { command("ip", "netns", "del", ns) })
		mustRun(t, "ip", "-n", ns, "link", "set", "lo", "up")
	}
	mustRun(t, "ip", "-n", b.near, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", b.far)
	for ns, addresses := range map[string][]string{b.near: {"2001:db8::70/64", "10.9.0.1/24"}, b.far: {"2001:db8::1/64", "10.9.0.2/24"}} {
		for _, a := range addresses {
			argv := []string{"ip", "-n", ns, "addr", "add", a, "dev", "eth0"}
			if a[0] == '2' {
				argv = append(argv, "nodad")
			}
			mustRun(t, argv...)
		}
		mustRun(t, "ip", "-n", ns, "link", "set", "eth0", "up")
	}
	b.collector, b.gobgpd = newDaemon(t, "/run/netns/"+b.near), newDaemon(t, "/run/netns/"+b.near)
	b.frr = newDaemon(t, "/run/netns/"+b.far)
	mustRun(t, "install", "-d", "-o", "frr", "-g", "frr", "/run/frr", "/run/frr/"+collectorSpace)
	t.Cleanup(func() { os.RemoveAll("/run/frr/" + collectorSpace) })
	return b
}

// collectorSpace names the sockets of the FRR that reports.
const collectorSpace = "pwtc"

// table prints a table of the collector.
func (b *collectorBench) table(name string) (rows []map[string]any) {
	r := command(b.collector.inside(program, "bmp-collector", name, "-o", "json")...)
	if json.Unmarshal([]byte(r.stdout), &rows) != nil {
		return nil
	}
	return rows
}

// has waits for a row with these values.
func (b *collectorBench) has(table string, want map[string]any) {
	b.t.Helper()
	eventually(b.t, 30*time.Second, func() error {
		rows := b.table(table)
		if slices.ContainsFunc(rows, func(row map[string]any) bool {
			for k, v := range want {
				if row[k] != v {
					return false
				}
			}
			return true
		}) {
			return nil
		}
		return fmt.Errorf("no row of %s has %v:\n%v", table, want, rows)
	})
}

// FRR reports over IPv6 to the project's collector, which knows it by its real
// address, and knows how it has gone.
func TestRealCollector(t *testing.T) {
	b := newCollectorBench(t)
	b.collector.launch(nil, program, "bmp-collector")
	b.frr.launch(nil, "/usr/lib/frr/bgpd", "-n", "-S", "-N", collectorSpace, "-M", "bmp", "-f", b.frr.write("bgpd.conf", frrBMP), "--log", "stdout")
	config := b.gobgpd.write("gobgpd.toml", "[global.config]\nas = 65001\nrouter-id = \"10.9.0.1\"\n[[neighbors]]\n[neighbors.config]\nneighbor-address = \"10.9.0.2\"\npeer-as = 65002\n")
	b.gobgpd.launch(nil, "gobgpd", "-f", config, "--api-hosts", "127.0.0.1:50059")

	b.has("routers", map[string]any{"RouterName": "frr-1", "RouterIP": "2001:db8::1", "isConnected": 1.0, "LastTermCode": 0.0, "LastTermReason": ""})
	b.has("peers", map[string]any{"RouterName": "frr-1", "PeerIP": "10.9.0.1", "PeerASN": 65001.0, "LocalASN": 65002.0, "isUp": 1.0})
	mustRun(t, b.gobgpd.inside("gobgp", "-p", "50059", "global", "rib", "add", "30.1.0.0/24", "nexthop", "10.9.0.1")...)
	b.has("routes", map[string]any{"RouterName": "frr-1", "Prefix": "30.1.0.0/24", "Rib": "adj-rib-in-post", "NH": "10.9.0.1"})
	mustRun(t, b.gobgpd.inside("gobgp", "-p", "50059", "global", "rib", "del", "30.1.0.0/24")...)
	eventually(t, 20*time.Second, func() error {
		if rows := b.table("routes"); rows == nil || len(rows) > 0 {
			return fmt.Errorf("withdrawn, but %v", rows)
		}
		return nil
	})
	b.frr.end(os.Kill)
	b.has("routers", map[string]any{"RouterName": "frr-1", "isConnected": 0.0, "LastTermCode": 65535.0})

	if err := b.collector.process().Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if state, err := b.collector.process().Wait(); err != nil || !state.Exited() {
		t.Errorf("the collector did not end by itself: %v, %v", state, err)
	}
}
