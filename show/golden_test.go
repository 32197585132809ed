package show

import (
	"bytes"
	"flag"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/status"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func addr(s string) netip.Addr  { return netip.MustParseAddr(s) }
func pfx(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func num(n uint32) *uint32      { return &n }

var since = time.Date(2026, 3, 1, 23, 59, 58, 123456789, time.UTC)

var before = since.Add(-time.Minute)

// The samples are unordered, have both families, and omit what may be missing.
var (
	peers = []status.Peer{
		{Router: "pe10", LocalAddress: addr("2001:db8::1"), LocalAS: 4200000000, RemoteAddress: addr("2001:db8::2"), RemoteAS: 65002, State: "active", Since: since, RouterID: addr("10.0.0.10"), Reason: "cannot connect: no route to host", LastError: "cannot connect: no route to host", LastErrorAt: &since, LastEnd: "the peer ended the session: cease, administrative shutdown: until noon", LastEndAt: &before},
		{Router: "pe2", LocalAddress: addr("192.168.0.2"), LocalAS: 65002, RemoteAddress: addr("192.168.0.1"), RemoteAS: 65001, State: "established", Since: since, Families: []string{"vpnv4", "vpnv6"}, Capabilities: []string{"route refresh", "4-octet AS numbers"}, Received: 110, Accepted: 110, Advertised: 110, RouterID: addr("10.0.0.2"), RemoteRouterID: addr("10.0.0.1"), LastError: "the peer closed the connection", LastErrorAt: &since, LastEnd: "the peer closed the connection", LastEndAt: &since,
			HoldTime: 9, Via: addr("192.168.0.9"),
			Restart: status.Restart{Notifications: true, TakesStale: true, Families: []status.FamilyRestart{
				{Family: "vpnv4", Keeps: 120, KeepsLong: 3600, PeerKeeps: 60, PeerKeepsLong: 7200}, {Family: "vpnv6", Keeps: 120}}},
			Settings: []status.Setting{{Key: "gtsm", Value: "2", Given: true}, {Key: "multihop", Value: "1"}, {Key: "import-policy", Value: "a, b", Given: true}}},
		{Router: "pe2", LocalAddress: addr("192.168.1.2"), LocalAS: 65002, RemoteAddress: addr("192.168.1.1"), RemoteAS: 65001, State: "idle", Families: []string{"vpnv4"}},
		{Router: "pe2", LocalAddress: addr("10.1.0.1"), LocalAS: 65002, RemoteAddress: addr("10.1.0.2"), RemoteAS: 65100, State: "established", Since: since, Families: []string{"ipv4"}, Received: 3, Accepted: 3, Advertised: 9, VRF: "red", RouterID: addr("10.0.0.2"), RemoteRouterID: addr("10.1.0.2"), MaxPrefixes: 3, Warning: "3 prefixes received, of at most 3"},
	}
	stations = []status.Station{
		{Router: "pe10", Address: addr("2001:db8::9"), Port: 5000, State: "connecting", Since: since, Routes: []string{"loc-rib"}, Connections: 2, LastError: "connection refused", LastErrorAt: &since, Dropped: 17, Overruns: 1},
		{Router: "pe2", Address: addr("10.9.0.2"), Port: 5001, VRF: "mgmt", State: "up", Since: since, LocalAddress: addr("10.8.0.1"), Routes: []string{"adj-rib-in-pre", "adj-rib-in-post"}, Statistics: 60, Connections: 1, Messages: 41, Octets: 4839, LastError: "connection refused", LastErrorAt: &since},
		{Router: "pe2", Address: addr("10.9.0.2"), Port: 5001, State: "sending", Since: since, Queued: 512},
	}
	recorded = []status.MRT{
		{Router: "pe2", Directory: "/var/log/mrt", Updates: true, Tables: 3600, Rotate: 3600, Keep: 24, Records: 27, Octets: 2223, LastFile: "pseudowan.lab.pe2.rib.20260301T235958.123.mrt"},
		{Router: "pe1", Directory: "/var/log/mrt", Rotate: 60, Keep: 1, Dropped: 3, LastError: "no space left on device"},
	}
	sessionRoutes = []status.SessionRoute{
		{Router: "pe2", RemoteAddress: addr("192.168.0.1"), View: "received", Family: "vpnv4", RD: "65001:1", Prefix: pfx("30.2.0.0/24"), NextHop: addr("192.168.0.1"), Label: num(2001), ASPath: "65001", Origin: "igp", Rejected: "rejected by policy from-pe1, term 2"},
		{Router: "pe2", RemoteAddress: addr("192.168.0.1"), View: "received", Family: "vpnv4", RD: "65001:1", Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.1"), Label: num(2000), ASPath: "65001", Origin: "igp", MED: num(5), Targets: []string{"65001:1"}, Communities: []string{"65001:7", "no-export"}, Large: []string{"1:2:3"}, Extended: []string{"soo:65001:9"}, ChangedBy: []string{"policy from-pe1, term 1"}},
		{Router: "pe2", RemoteAddress: addr("192.168.0.1"), View: "received", Family: "vpnv6", RD: "65001:1", Prefix: pfx("2001:db8::/64"), NextHop: addr("2001:db8::1"), Label: num(2000), Origin: "incomplete", LocalPref: num(200), Weight: 30},
		{Router: "pe2", VRF: "red", RemoteAddress: addr("10.1.0.2"), View: "received", Family: "ipv4", Prefix: pfx("10.9.0.0/16"), NextHop: addr("10.1.0.2"), ASPath: "65100", Origin: "igp"},
	}
	interfaces = []status.Interface{
		{Router: "pe1", Port: 12, Name: "c-401", Type: "system", Addresses: []netip.Prefix{pfx("40.1.0.1/24"), pfx("2001:db8:401::1/64")}, MAC: "00:00:00:00:00:0a", VRF: "65001:401", RD: "65001:401", Host: "host_009_401", Admin: "up", Oper: "down"},
		{Router: "pe1", Port: 2, Name: "bgp-eth1", Type: "internal", Addresses: []netip.Prefix{pfx("192.168.0.1/30")}, MAC: "00:00:00:01:01:01", Admin: "up", Oper: "up"},
		{Router: "pe1", Port: 1, Name: "eth1", Type: "afxdp", Admin: "up", Oper: "up"},
	}
	neighbors = []status.Neighbor{
		{Router: "pe1", Port: 3, Interface: "c-101", VRF: "65001:101", Address: addr("fe80::1"), MAC: "02:00:00:00:00:03", State: "stale"},
		{Router: "pe1", Port: 3, Interface: "c-101", VRF: "65001:101", Address: addr("10.1.0.9"), State: "failed"},
		{Router: "pe1", Port: 3, Interface: "c-101", VRF: "65001:101", Address: addr("10.1.0.2"), MAC: "02:00:00:00:00:03", State: "reachable"},
	}
	vrfs = []status.VRF{
		{Router: "pe2", VRF: "empty", RD: "10.0.0.1:7", MaxRoutes: 100, Held: 100, Refused: 3},
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Import: []string{"65001:101", "65001:999"}, Export: []string{"65001:101"}, Routes: []status.Route{
			{Prefix: pfx("2001:db8:30::/64"), NextHop: addr("2001:db8::2"), Label: num(2002), Source: "bgp", Best: true, Reason: "Only Path", LocalPref: num(300), Weight: 30, ASPath: "65002", Origin: "igp"},
			{Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.6"), Source: "bgp", Backup: true, Reason: "MED", MED: num(200), ASPath: "65002 65010", Origin: "incomplete"},
			{Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.2"), Label: num(2000), Source: "bgp", Best: true, Reason: "MED", MED: num(0), ASPath: "65002", Origin: "incomplete"},
			{Prefix: pfx("40.1.0.0/24"), NextHop: addr("192.168.0.2"), Label: num(3000), Source: "bgp", Reason: "Unusable Path", ASPath: "65002", Origin: "igp", Unusable: "it carries 2 labels; one is supported"},
			{Prefix: pfx("110.1.0.0/24"), NextHop: addr("10.1.0.2"), Label: num(1001), Source: "static", Best: true, Reason: "Only Path", Origin: "incomplete", SoO: []string{"65001:7"}},
			{Prefix: pfx("10.1.0.2/32"), NextHop: addr("0.0.0.0"), Label: num(1000), Source: "connected", Best: true, Reason: "Only Path", Origin: "incomplete"},
		}},
	}
	bindings = []status.MPLS{
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Prefix: pfx("30.1.0.2/32"), NextHop: addr("192.168.0.2"), Label: 2000, Direction: "out", Stack: []uint32{16, 2000}},
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Prefix: pfx("2001:db8:1::/64"), NextHop: addr("::"), Label: 1002, Direction: "in", Stack: []uint32{}},
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Prefix: pfx("10.1.0.2/32"), NextHop: addr("0.0.0.0"), Label: 1000, Direction: "in", Stack: []uint32{}},
		{Router: "pe1", VRF: "9", RD: "65001:9", Prefix: pfx("10.1.0.2/32"), Label: 3, Direction: "in", Stack: []uint32{}},
	}
	active = []status.ActiveRoute{
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.2"), Label: num(2000), Source: "bgp"},
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Prefix: pfx("10.1.0.0/24"), NextHop: addr("0.0.0.0"), Source: "connected"},
		{Router: "pe1", Prefix: pfx("10.255.0.2/32"), NextHop: addr("192.168.0.2"), Label: num(17), Source: "lsp"},
	}
	flows = []status.Flow{
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Direction: "out", Prefix: pfx("30.1.0.2/32"), Label: num(2000), NextHop: addr("192.168.0.2"), Packets: 3, Bytes: 294},
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Direction: "out", Prefix: pfx("10.1.0.2/32"), NextHop: addr("10.1.0.2")},
		{Router: "pe1", VRF: "65001:102", RD: "65001:102", Direction: "in", Prefix: pfx("2001:db8::/64"), Label: num(1002)},
		{Router: "pe1", VRF: "65001:101", RD: "65001:101", Direction: "in", Label: num(1001), NextHop: addr("10.1.0.2"), Packets: 18446744073709551615, Bytes: 9007199254740993},
	}
	ports = []status.Port{
		{Router: "pe1", Port: 3, Name: "c-101", RxPackets: 10, RxBytes: 980, RxErrors: 1, TxPackets: 9, TxBytes: 882, Punted: 7, PuntsDropped: 2, PuntsIgnored: 1},
		{Router: "pe1", Port: 1, Name: "eth1", TxErrors: 12345678901},
	}
	ribs = []status.RIB{
		{Router: "pe1", Family: "vpnv6", RD: "65001:101", Prefix: pfx("2001:db8:30::/64"), NextHop: addr("2001:db8::2"), Label: 2002, Targets: []string{"65001:101"}, Best: true, ASPath: "65002", Origin: "igp", Peer: addr("192.168.0.2"), Weight: 30, Stale: true, Communities: []string{"65001:7", "no-export"}, Large: []string{"1:2:3"}, Extended: []string{"soo:65001:9"}},
		{Router: "pe1", Family: "vpnv4", RD: "65001:101", Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.6"), Label: 2000, Targets: []string{"65001:101", "65001:102"}, ASPath: "65002", Origin: "egp", MED: num(0), LocalPref: num(100)},
		{Router: "pe1", Family: "vpnv4", RD: "65001:101", Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.2"), Label: 2000, Best: true, Origin: "incomplete"},
		{Router: "pe1", Family: "vpnv4", RD: "65001:9", Prefix: pfx("30.1.0.0/24"), NextHop: addr("192.168.0.2"), Label: 0, Best: true, Origin: "incomplete"},
		{Router: "pe1", Family: "vpnv4", RD: "type7:0000fde90065", Prefix: pfx("40.2.0.0/24"), NextHop: addr("192.168.0.2"), ASPath: "65002", Origin: "igp", Unusable: "its route distinguisher is of an unknown type"},
	}
	watched = []status.BFD{
		{Router: "pe10", LocalAddress: addr("10.255.0.10"), RemoteAddress: addr("10.255.0.2"), Neighbor: "pe2", Interface: "lo", Multihop: true, State: "down", Since: since, LastUp: &since, Diagnostic: "control detection time expired", Failed: true, Transitions: 2, Discriminator: 7, MinTx: 100, MinRx: 100, Multiplier: 3, Interval: 1000, RemoteState: "up", RemoteMinTx: 100, RemoteMinRx: 100, RemoteMultiplier: 3, Detection: 300, Sent: 99, Received: 90},
		{Router: "pe2", LocalAddress: addr("2001:db8::1"), RemoteAddress: addr("2001:db8::2"), Interface: "eth1", State: "up", Since: since, Transitions: 1, Discriminator: 8, RemoteDiscriminator: 9, MinTx: 50, MinRx: 60, Multiplier: 3, Interval: 50, Detection: 150, RemoteState: "up", RemoteMinTx: 50, RemoteMinRx: 50, RemoteMultiplier: 3, Polling: true, Sent: 5, Received: 5},
		{Router: "pe2", LocalAddress: addr("192.168.0.1"), RemoteAddress: addr("192.168.0.2"), Neighbor: "pe3", Interface: "eth1", State: "down", Since: since, MinTx: 300, MinRx: 300, Multiplier: 3, Interval: 1000, RemoteState: "down"},
	}
	findings = []status.Finding{
		{Check: "root", Status: status.OK, Detail: "yes"},
		{Check: "kernel: tun", Status: status.Fail, Detail: "not there", Cost: "no ports", Remedy: "modprobe tun"},
		{Check: "disk /run", Status: status.Warn, Detail: "little"},
	}
	guards = []status.Guard{
		{Segment: "net1", Host: "vm10", Interface: "eth0", Guard: []string{"ra", "source"}, Allowed: []string{"2001:db8::2/128"}, State: status.GuardActive, Arrived: 20, Source: 3, RA: 1},
		{Segment: "net1", Host: "vm9", Interface: "eth0", Guard: []string{"dhcp"}, State: status.GuardMissing},
	}
	readyLabs = []status.ReadyLab{
		{Name: "ring10", Description: "ten", Group: "rings", Packages: []string{"bird2"}, Missing: []string{"bird2", "radvd"}},
		{Name: "ring9", Description: "nine", Group: "rings"}, {Name: "all", Description: "everything", Group: "others"},
	}
	nodes = []status.Node{
		{Lab: "pseudo-wan", Node: "host_010_402", Kind: "host", Runtime: "docker", State: "exited", VRF: "65001:402", Addresses: []string{"40.2.0.2/24", "140.2.0.1/24"}, NetNS: "/proc/4711/ns/net", PID: 4711},
		{Lab: "pseudo-wan", Node: "host_003_103", Kind: "host", Runtime: "netns", State: "ended", VRF: "65001:103", NetNS: "/run/netns/pw-pseudo-wan-host_003_103", CommandState: status.CommandEnded, ExitCode: new(3), LastLines: []string{"reading /run/bird.conf", "syntax error"}},
		{Lab: "pseudo-wan", Node: "host_004_201", Kind: "host", Runtime: "docker", State: "stopped", VRF: "65001:201", CommandState: status.CommandEnded},
		{Lab: "pseudo-wan", Node: "host_002_102", Kind: "host", Runtime: "netns", State: "running", VRF: "65001:102", Addresses: []string{"10.2.0.2/24", "110.2.0.1/24", "110.2.1.1/24", "2001:db8::2/64"}, NetNS: "/run/netns/pw-pseudo-wan-host_002_102", Services: []status.Service{
			{Name: "radvd", State: status.ServiceReady, PID: 77},
			{Name: "nft", State: status.ServiceDone, ExitCode: new(0)},
			{Name: "kea", State: status.ServiceRestarting, ExitCode: new(1), Restarts: 4, LastLines: []string{"no leases"}},
		}},
		{Lab: "pseudo-wan", Node: "pe1", Kind: "router", Runtime: "netns", State: "running", NetNS: "/run/netns/pw-pseudo-wan-pe1", PID: 42, Datapath: "system"},
		{Lab: "demo2", Node: "pe1", Kind: "router", Runtime: "netns", State: "running"},
	}
)

// table is one of the functions of this package with its sample rows.
type table struct {
	name  string
	print func(o Output, empty bool) error
}

func of[T any](name string, print func(Output, []T) error, sample []T) table {
	return table{name, func(o Output, empty bool) error {
		if empty {
			return print(o, nil)
		}
		return print(o, sample)
	}}
}

func tables() []table {
	return []table{
		of("peer", Peers, peers),
		of("neighbor", Sessions, peers),
		of("bmp", Stations, stations),
		of("mrt", MRT, recorded),
		of("neighbor-received", SessionRoutes, sessionRoutes),
		of("interface", Interfaces, interfaces),
		of("arp", Neighbors, neighbors),
		of("vrf", VRFs, vrfs),
		of("mpls", MPLS, bindings),
		of("route", ActiveRoutes, active),
		of("flow", Flows, flows),
		of("port", Ports, ports),
		of("bfd", BFD, watched),
		of("rib", RIB, ribs),
		of("ps", Nodes, nodes),
		of("guard", Guards, guards),
		of("doctor", Findings, findings),
		of("labs", ReadyLabs, readyLabs),
		of("collected-routers", CollectedRouters, collectedRouters),
		of("collected-peers", CollectedPeers, collectedPeers),
		of("collected-routes", CollectedRoutes, collectedRoutes),
	}
}

func TestGolden(t *testing.T) {
	for _, table := range tables() {
		for _, format := range Formats() {
			t.Run(table.name+"/"+string(format), func(t *testing.T) {
				var b bytes.Buffer
				if err := table.print(Output{W: &b, Format: format}, false); err != nil {
					t.Fatal(err)
				}
				if format == Wide && bytes.Equal(b.Bytes(), table.narrow(t)) {
					return // it has no more columns
				}
				golden(t, table.name+"."+string(format), b.Bytes())
			})
		}
		t.Run(table.name+"/empty", func(t *testing.T) {
			var b bytes.Buffer
			if err := table.print(Output{W: &b, Format: Table}, true); err != nil {
				t.Fatal(err)
			}
			golden(t, table.name+".empty", b.Bytes())
		})
		t.Run(table.name+"/colour", func(t *testing.T) {
			var b bytes.Buffer
			if err := table.print(Output{W: &b, Format: Table, Colour: true}, false); err != nil {
				t.Fatal(err)
			}
			golden(t, table.name+".colour", b.Bytes())
		})
	}
}

// narrow is the table as it is printed without being asked for.
func (tb table) narrow(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := tb.print(Output{W: &b, Format: Table}, false); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (run the test with -update to write it)", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got):\n%s", path, diff)
	}
}
