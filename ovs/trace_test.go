package ovs

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"pseudowan/ovs/pipeline"
)

// recorded reads the output of a real Open vSwitch 3.1.
func recorded(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "trace", name+".txt"))
	check(t, err)
	return string(b)
}

func TestParseTrace(t *testing.T) {
	label := func(n uint32) *uint32 { return &n }
	mac := func(s string) net.HardwareAddr { m, _ := net.ParseMAC(s); return m }
	for _, c := range []struct {
		name   string
		tables []pipeline.Table
		want   Fate
	}{
		{"push", []pipeline.Table{0, 15, 20, 30}, Fate{
			VRF: 1, Route: netip.MustParsePrefix("130.1.0.0/24"), Pushed: label(2001), Stack: []uint32{2001}, Port: 1, DstMAC: mac("aa:41:ae:bf:db:c0"),
		}},
		{"deliver", []pipeline.Table{15, 20, 30}, Fate{
			VRF: 1, Route: netip.MustParsePrefix("10.1.0.2/32"), Port: 3, DstMAC: mac("66:cb:e0:25:d5:4f"),
		}},
		{"unreachable", []pipeline.Table{0, 15, 20, 40}, Fate{VRF: 1, Punted: pipeline.ReasonUnreachable}},
		{"unknown-label", []pipeline.Table{0, 10}, Fate{}},
		{"no-port", []pipeline.Table{15, 30}, Fate{VRF: 1, Refused: "Nonexistent output port"}},
		{"pop", []pipeline.Table{0, 10}, Fate{VRF: 1}},
		// Where a size is checked, "Final flow" is the packet before the check.
		{"push-checked", []pipeline.Table{0, 15, 20, 30}, Fate{
			VRF: 1, Route: netip.MustParsePrefix("10.2.0.0/24"), Pushed: label(2000), Stack: []uint32{2000}, Port: 1, DstMAC: mac("ea:9d:f3:d1:f5:d2"),
		}},
		{"deliver-checked", []pipeline.Table{15, 20, 30}, Fate{
			VRF: 1, Route: netip.MustParsePrefix("172.16.2.0/24"), Port: 3, DstMAC: mac("22:e2:f8:bd:6b:e3"),
		}},
		{"pop-checked", []pipeline.Table{0, 10}, Fate{VRF: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := parseTrace(recorded(t, c.name))
			var tables []pipeline.Table
			for _, p := range got.Passed {
				tables = append(tables, p.Table)
			}
			if !slices.Equal(tables, c.tables) {
				t.Errorf("passed tables %v, want %v", tables, c.tables)
			}
			got.Passed = nil
			if diff := cmp.Diff(c.want, got, cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The packet after its label was popped.
func TestTraceOfAPop(t *testing.T) {
	for name, adjacency := range map[string]uint32{"pop": 0, "pop-checked": 1} {
		fate, told := parseTrace(recorded(t, name))
		if !told.popped || !told.returns || told.protocol != "ip" || told.packet.number("metadata") != 1 || told.packet.number("reg1") != adjacency {
			t.Errorf("%s: %+v", name, told)
		}
		last := fate.Passed[len(fate.Passed)-1].Actions
		if n := len(last); last[n-1] != "pop_mpls:0x0800" || last[n-2] == last[n-1] {
			t.Errorf("%s: the label's actions are %q", name, last)
		}
	}
	_, told := parseTrace(recorded(t, "unknown-label"))
	if told.popped || told.returns {
		t.Errorf("an unknown label: %+v", told)
	}
}

// The branch of a packet that is too large comes first, and is skipped.
func TestTraceSkipsTheSideBranch(t *testing.T) {
	fate, _ := parseTrace(recorded(t, "push-checked"))
	for _, p := range fate.Passed {
		if strings.Contains(p.String(), "controller") || strings.Count(p.String(), "goto_table:30") > 1 {
			t.Errorf("%s", p)
		}
	}
	text := strings.Replace(recorded(t, "push-checked"), "            controller(meter_id=7)\n", "            output:9\n         >> Nonexistent output port\n", 1)
	if fate, _ = parseTrace(text); fate.Port != 1 || fate.Refused != "" {
		t.Errorf("%+v", fate)
	}
}

// The outputs of foreign flows are reported: several ports, and Open vSwitch's
// names for many.
func TestTraceOfOtherOutputs(t *testing.T) {
	for actions, want := range map[string]Fate{
		"    output:1\n    output:4\n":                                        {Port: 4, Copies: []string{"1"}},
		"    output:3\n     >> skipping output to input port\n    output:1\n": {Port: 1},
		"    output:3\n     >> skipping output to input port\n":               {Refused: "skipping output to input port"},
		"    NORMAL\n     -> no learned MAC for destination, flooding\n":      {Refused: "leaves by NORMAL, as no flow of the router does"},
		"    FLOOD\n    output:1\n":                                           {Port: 1, Copies: []string{"FLOOD"}},
		"    CONTROLLER:65535\n":                                              {Refused: "leaves by CONTROLLER, as no flow of the router does"},
		"    drop\n":                                                          {},
	} {
		got, _ := parseTrace("Flow: udp,in_port=3\n\n 0. ip,in_port=3, priority 5000\n" + actions + "\nFinal flow: unchanged\nDatapath actions: 1\n")
		if got.Port != want.Port || got.Refused != want.Refused || !slices.Equal(got.Copies, want.Copies) {
			t.Errorf("%q: port %d, copies %q, %q; want %+v", actions, got.Port, got.Copies, got.Refused, want)
		}
	}
	punted, _ := parseTrace(" 0. in_port=3, priority 5\n    goto_table:40\n40. in_port=3, priority 10\n    CONTROLLER:65535\n")
	if punted.Refused != "" || len(punted.Copies) > 0 {
		t.Errorf("a punt without a meter: %+v", punted)
	}
}

// A transit label is replaced by another.
func TestTraceOfASwap(t *testing.T) {
	fate, told := parseTrace(`Flow: mpls,in_port=1,dl_dst=86:c2:31:6d:3b:ec,mpls_label=2001,mpls_tc=0,mpls_ttl=63,mpls_bos=1

 0. mpls,in_port=1, priority 400, cookie 0x200000000000001
    goto_table:10
10. mpls,mpls_label=2001, priority 100, cookie 0x4000000000007d1
    dec_mpls_ttl
    set_mpls_label(3001)
    output:2
Datapath actions: 3
`)
	if fate.Pushed == nil || *fate.Pushed != 3001 || fate.Port != 2 || told.popped || told.returns {
		t.Errorf("%+v, %+v", fate, told)
	}
}

func TestTraceNamesTheFlowThatDrops(t *testing.T) {
	fate, _ := parseTrace(recorded(t, "unknown-label"))
	if got, want := fate.Passed[1].String(), "table 10: priority 0, anything: drop"; got != want {
		t.Errorf("the last flow is %q, want %q", got, want)
	}
	fate, _ = parseTrace(" 0. No match.\n    drop\n")
	if got, want := fate.Passed[0].String(), "table 0: no flow matches"; got != want {
		t.Errorf("a miss is %q, want %q", got, want)
	}
}

// A packet that one VRF passes to another then belongs to the other.
func TestTraceTellsTheLastVRF(t *testing.T) {
	fate, _ := parseTrace(` 0. ip,in_port=3, priority 100, cookie 0x30e000000000003
    set_field:0x1->metadata
    goto_table:20
20. ip,metadata=0x1,nw_dst=10.9.0.0/24, priority 34, cookie 0x600000000000002
    set_field:0x2->metadata
    resubmit(,20)
20. ip,metadata=0x2,nw_dst=10.9.0.2, priority 42, cookie 0x600000000000003
    output:4

Final flow: ip,metadata=0x2,in_port=3
`)
	if fate.VRF != 2 || fate.Route.String() != "10.9.0.2/32" || fate.Port != 4 {
		t.Errorf("%+v", fate)
	}
}

func TestRouteOf(t *testing.T) {
	for match, want := range map[string]string{
		"ip,metadata=0x1,nw_dst=10.1.0.0/24":       "10.1.0.0/24",
		"ip,metadata=0x1,nw_dst=10.1.0.1":          "10.1.0.1/32",
		"ipv6,metadata=0x1,ipv6_dst=2001:db8::/32": "2001:db8::/32",
		"ipv6,metadata=0x1,ipv6_dst=2001:db8::1":   "2001:db8::1/128",
		"ip,metadata=0x1":                          "0.0.0.0/0",
		"ipv6,metadata=0x1":                        "::/0",
		"metadata=0x1":                             "invalid Prefix",
		"":                                         "invalid Prefix",
	} {
		if got := routeOf(match).String(); got != want {
			t.Errorf("%q: %s, want %s", match, got, want)
		}
	}
}

func FuzzParseTrace(f *testing.F) {
	for _, name := range []string{"push", "pop", "unreachable", "no-port", "push-checked", "pop-checked"} {
		f.Add(recorded(f, name))
	}
	f.Add(" 0. No match.\n    drop\n")
	f.Fuzz(func(t *testing.T, text string) {
		fate, _ := parseTrace(text)
		if fate.Port == 0 && fate.Pushed != nil {
			t.Errorf("a label is pushed onto a packet that does not leave: %+v", fate)
		}
		for _, p := range fate.Passed {
			if p.String() == "" {
				t.Errorf("a flow without a text: %+v", p)
			}
		}
	})
}
