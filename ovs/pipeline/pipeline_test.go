package pipeline

import (
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files")

var (
	wan     = net.HardwareAddr{0, 0, 0, 1, 1, 1}
	gateway = net.HardwareAddr{2, 0, 0, 0, 0, 1}
	peer    = net.HardwareAddr{0, 0, 0, 1, 1, 2}
	addr    = netip.MustParseAddr
	prefix  = netip.MustParsePrefix
)

type thing interface{ Flows() []Flow }

// things are the contents of the golden files, one file each.
var things = map[string][]thing{
	"base":       {Base{}},
	"base-meter": {Base{Meter: 9}},
	"core-port": {CorePort{
		Port: 1, BGPPort: 2, MAC: wan, Meter: 5,
		Addresses: []netip.Addr{addr("192.168.0.1"), addr("2001:db8::1"), addr("fe80::1")},
	}},
	"core-port-echo": {CorePort{Port: 10, BGPPort: 11, MAC: wan, Echo: true}},
	"core-port-guarded": {
		CorePort{Port: 8, BGPPort: 9, MAC: wan, Addresses: []netip.Addr{addr("192.168.0.5")}, Guarded: true},
		Admission{Port: 8, Label: 1003},
	},
	"access-port": {AccessPort{
		Port: 3, VRF: 101, MAC: gateway, ControlMeter: 6, Meter: 7,
		Gateways: []netip.Addr{addr("30.1.0.1"), addr("2001:db8:1::1"), addr("fe80::1")},
	}},
	"access-port-segment": {AccessPort{
		Port: 5, VRF: 101, MAC: gateway, ControlMeter: 6, Meter: 7, HeardMeter: 8,
		Gateways: []netip.Addr{addr("30.1.0.1"), addr("2001:db8:1::1"), addr("2001:db8:2::1"), addr("30.2.0.1")},
	}},
	"access-port-plain": {AccessPort{Port: 4, VRF: 1, MAC: gateway}},
	"labels": {
		InLabel{Label: 1000, VRF: 101, Adjacency: 7, MTU: 1400},
		InLabel{Label: 1001, VRF: 101},
		InLabel{Label: 1002, VRF: 101, IPv6: true},
		InLabel{Label: 1003, Swap: &Swap{Label: 2003, Adjacency: 8}},
	},
	"routes": {
		VRF{ID: 101, Meter: 8},
		Route{ID: 1, VRF: 101, Prefix: prefix("30.1.0.0/24"), To: Forward{Adjacency: 7}},
		Route{ID: 2, VRF: 101, Prefix: prefix("30.1.0.0/24"), To: Forward{Adjacency: 8, Label: 2000, MTU: 1500}},
		Route{ID: 3, VRF: 101, Prefix: prefix("0.0.0.0/0"), To: Forward{Adjacency: 8, Label: 2000}},
		Route{ID: 5, VRF: 101, Prefix: prefix("2001:db8::/48"), To: Punt(ReasonGlean)},
		Route{ID: 7, VRF: 102, Prefix: prefix("2001:db8::/48"), To: LookUp(101)},
		Route{ID: 6, VRF: 102, Prefix: prefix("2001:db8::1/128"), To: Punt(ReasonLocal)},
		Route{ID: idMask, VRF: 0xffffffff, Prefix: prefix("30.1.0.1/32"), To: Punt(ReasonUnreachable)},
	},
	"customer-bgp": {CustomerBGP{
		Access: 3, Port: 4, MAC: gateway,
		Sessions: []CustomerPeer{
			{Gateway: addr("30.1.0.1"), Peer: addr("30.1.0.2"), MAC: peer},
			{Gateway: addr("2001:db8:1::1"), Peer: addr("2001:db8:1::2")},
		},
	}},
	"outlet": {Outlet{Port: 9, MAC: peer, VRF: 101, Peers: []OutletPeer{
		{Local: addr("10.1.0.1"), Server: netip.MustParseAddrPort("10.9.0.2:5000")},
		{Local: addr("2001:db8:1::1"), Server: netip.MustParseAddrPort("[2001:db8:9::2]:5001")},
	}}},
	"group": {
		Group{ID: 3, Paths: []Forward{{Adjacency: 7}, {Adjacency: 8, Label: 2000, MTU: 1400}}},
		Route{ID: 9, VRF: 101, Prefix: prefix("30.2.0.0/24"), To: Group{ID: 3, Paths: make([]Forward, 2)}.Spread()},
	},
	"diversion": {
		Route{ID: 19, VRF: 101, Prefix: prefix("30.2.0.0/24"), To: Forward{Adjacency: 8, Label: 2000, MTU: 1400, Backup: 10, BackupLabel: 3000}},
		Route{ID: 20, VRF: 101, Prefix: prefix("2001:db8::/32"), To: Forward{Adjacency: 8, Label: 2001, Backup: 7}},
		Diversion{Adjacency: 8},
	},
	"lsp": {
		LSP{ID: 11, Up: true, Port: 1, SrcMAC: wan, DstMAC: peer, Out: 5003},
		LSP{ID: 12, Up: true, Port: 1, SrcMAC: wan, DstMAC: peer, Out: ImplicitNull},
		LSP{ID: 13, Up: true, Port: 1, SrcMAC: wan, DstMAC: peer, Out: 0, Pipe: true, IPv6: true},
		LSP{ID: 14},
		LSP{ID: 15, Up: true, Port: 1, SrcMAC: wan, DstMAC: peer, Out: 5003, Spread: []LSP{
			{Up: true, Port: 1, SrcMAC: wan, DstMAC: peer, Out: 5003}, {Up: true, Port: 2, SrcMAC: wan, DstMAC: peer, Out: ImplicitNull},
		}},
		Transit{Label: 1004, LSP: 11},
		Transit{Label: 1006, LSP: 12, MTU: 1504},
		Transit{Label: 1007, LSP: 11, Swap: 2003},
		Route{ID: 10, VRF: Global, Prefix: prefix("10.255.0.4/32"), To: Forward{Adjacency: 11}},
		InLabel{Label: 1005, VRF: 101, Uniform: true, Echo: true},
	},
	"loopback": {Loopback{
		Port: 9, MAC: gateway, Addresses: []netip.Addr{addr("10.255.0.1"), addr("2001:db8::1")}, Links: []LoopbackLink{{Port: 1, MAC: wan}},
	}},
	"adjacencies": {
		Adjacency{ID: 7, Port: 3, SrcMAC: gateway, DstMAC: peer, Resolved: true},
		Adjacency{ID: 8, Port: 1, SrcMAC: wan, DstMAC: peer, Push: true, Resolved: true},
		Adjacency{ID: 9},
		Adjacency{ID: 10, Push: true},
		Adjacency{ID: 16, Port: 1, SrcMAC: wan, DstMAC: peer, Push: true, Pipe: true, Resolved: true},
	},
}

// Requests of MPLS echo come up outside of any VRF, where the meter of their port limits them.
func TestEchoIsOfNoVRF(t *testing.T) {
	up, n := punt(ReasonEcho), 0
	for name, ts := range things {
		for line := range strings.Lines(text(ts)) {
			if !strings.Contains(line, up) {
				continue
			}
			n++
			if match, actions, _ := strings.Cut(line, " actions="); !strings.Contains(match, vrfIs(Global)) && !strings.Contains(actions, setVRF(Global)) {
				t.Errorf("%s: %s", name, line)
			}
		}
	}
	if n == 0 {
		t.Error("no flow takes requests up")
	}
}

func text(ts []thing) string {
	var b strings.Builder
	for _, t := range ts {
		for _, f := range t.Flows() {
			fmt.Fprintln(&b, f)
		}
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, ts := range things {
		got := text(ts)
		file := filepath.Join("testdata", name+".golden")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (if this is intended, run with -update):\n%s", name, diff)
		}
	}
}

// Open vSwitch's own parser accepts every flow, prerequisites included.
func TestFlowsParse(t *testing.T) {
	ofctl, err := exec.LookPath("ovs-ofctl")
	if err != nil {
		t.Skip("needs ovs-ofctl: its parser")
	}
	for name, ts := range things {
		for _, thing := range ts {
			for _, f := range thing.Flows() {
				arg := fmt.Sprintf("table=%d,priority=%d,%s,actions=%s", f.Table, f.Priority, f.Match, f.Actions)
				if out, err := exec.Command(ofctl, "-O", "OpenFlow13", "parse-flow", arg).CombinedOutput(); err != nil {
					t.Errorf("%s: %s: %v: %s", name, f, err, out)
				}
			}
		}
	}
}

func TestCookiesAreUnique(t *testing.T) {
	seen := make(map[Cookie]Flow)
	for name, ts := range things {
		if name == "base-meter" || name == "access-port-plain" {
			continue
		}
		for _, thing := range ts {
			for _, f := range thing.Flows() {
				if other, ok := seen[f.Cookie]; ok || f.Cookie == 0 {
					t.Errorf("%s\nhas the cookie of\n%s", f, other)
				}
				seen[f.Cookie] = f
			}
		}
	}
}

func TestCookie(t *testing.T) {
	c := NewCookie(KindRoute, 3, idMask)
	if c.Kind() != KindRoute || c.Part() != 3 || c.ID() != idMask || c.Object() != NewCookie(KindRoute, 0, idMask) {
		t.Errorf("cookie %#x: kind %d, part %d, ID %#x, object %#x", c, c.Kind(), c.Part(), c.ID(), c.Object())
	}
	if c := NewCookie(KindRoute, 0, idMask+2); c.Kind() != KindRoute || c.Part() != 0 || c.ID() != 1 {
		t.Errorf("an ID that is too large corrupts the cookie: %#x", c)
	}
}

// However an adjacency changes, its flows replace each other.
func TestAdjacencyChangesInPlace(t *testing.T) {
	for _, push := range []bool{false, true} {
		unresolved := Adjacency{ID: 5, Push: push}.Flows()
		resolved := Adjacency{ID: 5, Push: push, Resolved: true, Port: 3, SrcMAC: wan, DstMAC: peer}.Flows()
		for i := range max(len(unresolved), len(resolved)) {
			a, b := unresolved[i], resolved[i]
			if a.Actions == b.Actions {
				t.Errorf("resolving changes nothing: %s", a)
			}
			a.Actions, b.Actions = "", ""
			if a != b {
				t.Errorf("%s\nis not replaced by\n%s", a, b)
			}
		}
	}
}

// A path protects another if it leads elsewhere and takes packets of the same size.
func TestProtect(t *testing.T) {
	path := Forward{Adjacency: 7, Label: 16, MTU: 1500}
	if path.Protect(Forward{Adjacency: 7, Label: 17, MTU: 1500}, Forward{Adjacency: 8, MTU: 1400}) || path.Backup != 0 {
		t.Errorf("protected by the same adjacency or for smaller packets: %+v", path)
	}
	if !path.Protect(Forward{Adjacency: 8, MTU: 1400}, Forward{Adjacency: 9, Label: 18, MTU: 1500}) || path.Backup != 9 || path.BackupLabel != 18 {
		t.Errorf("not protected by adjacency 9: %+v", path)
	}
}

func TestReasonString(t *testing.T) {
	for r, want := range map[Reason]string{ReasonARP: "arp", ReasonTooBig: "too-big", 0: "reason-0", 99: "reason-99"} {
		if got := r.String(); got != want {
			t.Errorf("reason %d: %s, want %s", uint8(r), got, want)
		}
	}
}
