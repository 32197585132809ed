package lab

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/mrt"

	"pseudowan/status"
)

// monitoredLab has its collector at a customer's host behind the core, dual-stack, and
// a customer's router that speaks BGP.
const monitoredLab = `name: pwt-monitor
defaults: {router: {as: 65000}}
routers:
  pe1:
    bmp:
    - {to: "10.9.0.2:5000", vrf: mgmt, routes: [adj-rib-in-pre, adj-rib-in-post, loc-rib]}
    - {to: "10.9.0.2:5001", vrf: mgmt, routes: [adj-rib-in-pre, adj-rib-in-post, adj-rib-out-post], statistics: 1s}
    - {to: "192.168.0.2:5009"}
    mrt: {directory: MRT, tables: 1s, keep: 2}
  pe2: {bmp: [{to: "[2001:db8:9::2]:5000", vrf: mgmt}]}
links:
- {ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}
vrfs: {mgmt: {rts: "65000:9"}, red: {rts: "65000:1"}}
hosts:
  ce:
    to: pe1
    vrf: red
    addresses: 10.1.0.2/24
    lans: [172.16.1.0/24]
    bgp: 65100
    command: [bird, -f, -c, /run/bird.conf, -s, /run/bird.ctl]
    files:
      /run/bird.conf: |
        log stderr all;
        router id 10.1.0.2;
        protocol device {}
        protocol static { ipv4; route 172.16.1.0/24 unreachable; }
        protocol bgp provider {
          local 10.1.0.2 as 65100;
          neighbor 10.1.0.1 as 65000;
          connect retry time 1;
          ipv4 { import all; export where source = RTS_STATIC; };
        }
  r2: {to: pe2, vrf: red, addresses: 10.2.0.2/24, lans: [172.16.2.0/24]}
  m1: {to: pe1, vrf: mgmt, addresses: [10.8.0.2/24, "2001:db8:8::2/64"]}
  collector: {to: pe2, vrf: mgmt, addresses: [10.9.0.2/24, "2001:db8:9::2/64"]}
`

// collect starts a collector in the network of a node.
func (l lab) collect(t *testing.T, node string, args ...string) {
	t.Helper()
	c := exec.Command("nsenter", append([]string{"--net=" + l.netns(node), program, "bmp-collector"}, args...)...)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill(); c.Wait() })
}

// collected asks the collector at a host.
func collected[T any](l lab, what string) ([]T, error) {
	r := command("nsenter", "--net="+l.netns("collector"), program, "bmp-collector", what, "-o", "json")
	if r.code != 0 {
		return nil, fmt.Errorf("bmp-collector %s: %s", what, r.stderr)
	}
	var rows []T
	return rows, json.Unmarshal([]byte(r.stdout), &rows)
}

// collectedRoutes lists what a router has told of a RIB and the peer or table.
func collectedRoutes(l lab, router string, rib status.CollectedRIB, peer string) (list []string, err error) {
	rows, err := collected[status.CollectedRoute](l, "routes")
	for _, r := range rows {
		if r.RouterName == router && r.RIB == rib && r.PeerName == peer {
			list = append(list, r.Prefix)
		}
	}
	slices.Sort(list)
	return list, err
}

func (l lab) told(t *testing.T, router string, rib status.CollectedRIB, peer string, want ...string) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		got, err := collectedRoutes(l, router, rib, peer)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("%s has told of %s of %s: %q; want %q", router, rib, peer, got, want)
		}
		return err
	})
}

func (l lab) stations(t *testing.T, want map[string]status.StationState) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		got := map[string]status.StationState{}
		for _, s := range table[status.Station](t, l, "bmp") {
			got[fmt.Sprintf("%s %s %d", s.Router, s.Address, s.Port)] = s.State
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			return fmt.Errorf("stations: %v, want %v", got, want)
		}
		return nil
	})
}

// A collector that is a customer's host behind the core gets all tables over IPv4 and
// IPv6, and what happens; other readers understand it. Stations come and go while the
// lab runs, and agents die, and no session ends for that.
func TestRealMonitor(t *testing.T) {
	for _, tool := range []string{"bird", "tshark", "tcpdump"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s", tool)
		}
	}
	files := filepath.Join(t.TempDir(), "mrt")
	l := fromText(t, t.TempDir(), "pwt-monitor", strings.Replace(monitoredLab, "MRT", files, 1))
	l.up(t)
	l.collect(t, "collector", "--pat")
	l.collect(t, "collector", "--listen", ":5001", "--http", "127.0.0.1:8002")
	up := map[string]status.StationState{"pe1 10.9.0.2 5000": "up", "pe1 10.9.0.2 5001": "up", "pe1 192.168.0.2 5009": "connecting", "pe2 2001:db8:9::2 5000": "up"}
	l.stations(t, up)
	l.told(t, "pe1", status.RIBInPre, "192.168.0.2", "10.2.0.0/24", "10.9.0.0/24", "172.16.2.0/24", "2001:db8:9::/64")
	l.told(t, "pe1", status.RIBInPost, "10.1.0.2", "172.16.1.0/24")
	l.told(t, "pe1", status.RIBLoc, "red", "10.1.0.0/24", "10.2.0.0/24", "172.16.1.0/24", "172.16.2.0/24")
	l.told(t, "pe2", status.RIBInPost, "192.168.0.1", "10.1.0.0/24", "10.8.0.0/24", "172.16.1.0/24", "2001:db8:8::/64")
	l.routersTold(t)

	l.otherReader(t)
	l.mustExec(t, "ce", "birdc", "-s", "/run/bird.ctl", "disable", "provider")
	l.told(t, "pe1", status.RIBInPre, "10.1.0.2")
	l.told(t, "pe1", status.RIBLoc, "red", "10.1.0.0/24", "10.2.0.0/24", "172.16.2.0/24")
	l.mustExec(t, "ce", "birdc", "-s", "/run/bird.ctl", "enable", "provider")
	l.told(t, "pe1", status.RIBLoc, "red", "10.1.0.0/24", "10.2.0.0/24", "172.16.1.0/24", "172.16.2.0/24")

	l.editedStations(t)
	syscall.Kill(l.agents(t, "pe1")[0], syscall.SIGKILL)
	l.told(t, "pe1", status.RIBLoc, "red", "10.1.0.0/24", "10.2.0.0/24", "172.16.1.0/24", "172.16.2.0/24")
	recordsAreWhole(t, files)
}

// routersTold checks who the collector thinks the routers are.
func (l lab) routersTold(t *testing.T) {
	t.Helper()
	rows, err := collected[status.CollectedRouter](l, "routers")
	if err != nil || len(rows) != 2 {
		t.Fatalf("routers: %+v, %v", rows, err)
	}
	for _, r := range rows {
		want := map[string]string{"pe1": "10.8.0.1", "pe2": "2001:db8:9::1"}[r.Name]
		if r.Address != want || r.AS == nil || *r.AS != 65000 || !strings.Contains(r.Description, "router "+r.Name+" of lab "+l.name) {
			t.Errorf("router %+v", r)
		}
	}
}

// otherReader has tshark read a connection from its beginning. (It does not know the
// names that RFC 9069 gives tables in Peer Up messages.)
func (l lab) otherReader(t *testing.T) {
	t.Helper()
	c := startCapture(t, l, "collector", "eth0", 10_000, "tcp port 5001 and src 10.8.0.1")
	syscall.Kill(l.agents(t, "pe1")[0], syscall.SIGKILL)
	eventually(t, 20*time.Second, func() error { // the first report of statistics comes last
		out, err := exec.Command("tshark", "-r", c.file, "-d", "tcp.port==5001,bmp", "-Y", "bmp", "-T", "fields", "-e", "bmp.type", "-e", "_ws.malformed").CombinedOutput()
		kinds := map[string]int{}
		for kind := range strings.FieldsFuncSeq(string(out), func(r rune) bool { return strings.ContainsRune(" \t\n,", r) }) {
			kinds[kind]++
		}
		switch {
		case kinds["0"] == 0 || kinds["1"] == 0 || kinds["3"] < 2 || kinds["4"] != 1: // the peers are pe2 and ce
			return fmt.Errorf("tshark reads messages of types %v: %v", kinds, err)
		case strings.Contains(string(out), "alformed"):
			t.Fatalf("tshark:\n%s", out)
		}
		return nil
	})
	said, _ := exec.Command("tshark", "-r", c.file, "-d", "tcp.port==5001,bmp", "-Y", "bmp.type == 4", "-T", "fields", "-e", "bmp.init.type").Output()
	if got := strings.TrimSpace(string(said)); got != "1,2,65531" && got != "2,1,65531" { // its description, its name, and the identifier that OpenBMP looks for
		t.Errorf("the Initiation message has TLVs %s", got)
	}
	c.cmd.Process.Kill()
	eventually(t, 20*time.Second, func() error {
		if n := len(established(t, l)); n != 3 {
			return fmt.Errorf("%d sessions", n)
		}
		return nil
	})
}

// editedStations adds, changes and removes stations: edited equals fresh, and the
// sessions stay.
func (l lab) editedStations(t *testing.T) {
	t.Helper()
	sessions := established(t, l)
	l.collect(t, "pe2", "--listen", "192.168.0.2:5009", "--http", "127.0.0.1:8009")
	l.editUntil(t, func() error { return nil },
		"adj-rib-in-pre, adj-rib-in-post, loc-rib]", "adj-rib-out-pre, adj-rib-out-post]", `pe2: {bmp: [{to: "[2001:db8:9::2]:5000", vrf: mgmt}]}`, "pe2: {}")
	l.stations(t, map[string]status.StationState{"pe1 10.9.0.2 5000": "up", "pe1 10.9.0.2 5001": "up", "pe1 192.168.0.2 5009": "up"})
	for _, rib := range []status.CollectedRIB{status.RIBOutPre, status.RIBOutPost} {
		l.told(t, "pe1", rib, "192.168.0.2", "10.1.0.0/24", "10.8.0.0/24", "172.16.1.0/24", "2001:db8:8::/64")
	}
	l.told(t, "pe1", status.RIBInPre, "192.168.0.2")
	l.editUntil(t, func() error { return nil }, "adj-rib-out-pre, adj-rib-out-post]", "loc-rib]")
	l.told(t, "pe1", status.RIBLoc, "red", "10.1.0.0/24", "10.2.0.0/24", "172.16.1.0/24", "172.16.2.0/24")
	for name, since := range established(t, l) {
		if !since.Equal(sessions[name]) {
			t.Errorf("session %s has ended", name)
		}
	}
	if ends := command("ip", "netns", "list"); strings.Contains(ends.stdout, "pw-"+l.name+"-pe2+") {
		t.Errorf("the namespace of a station that is gone is left:\n%s", ends.stdout)
	}
}

// recordsAreWhole has another implementation read the MRT files.
func recordsAreWhole(t *testing.T, dir string) {
	t.Helper()
	kinds := map[string]int{}
	eventually(t, 20*time.Second, func() error {
		names, err := filepath.Glob(filepath.Join(dir, "pseudowan.pwt-monitor.pe1.*.mrt"))
		clear(kinds)
		for _, name := range names {
			parts := strings.Split(filepath.Base(name), ".")
			kinds[strings.Join(parts[3:len(parts)-3], ".")] += records(t, name)
		}
		if len(kinds) != 4 || kinds["rib"] < 5 || kinds["updates"] < 2 {
			return fmt.Errorf("records in %v: %v, %v", names, kinds, err)
		}
		return nil
	})
}

func records(t *testing.T, name string) (n int) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		return 0 // it has just been removed
	}
	for len(b) >= mrt.MRT_COMMON_HEADER_LEN {
		h := &mrt.MRTHeader{}
		if err := h.DecodeFromBytes(b[:mrt.MRT_COMMON_HEADER_LEN]); err != nil {
			t.Fatal(err)
		}
		b = b[mrt.MRT_COMMON_HEADER_LEN:]
		if int(h.Len) > len(b) {
			return n // it is being written
		}
		body, rest := b[:h.Len], b[h.Len:]
		if h.Type == mrt.BGP4MP_ET { // the library does not skip the microseconds
			h.Type, body = mrt.BGP4MP, body[4:]
			h.Len -= 4
		}
		if _, err := mrt.ParseMRTBody(h, body); err != nil {
			t.Fatalf("%s, record %d: %v", name, n, err)
		}
		n++
		b = rest
	}
	return n
}
