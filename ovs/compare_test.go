package ovs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseDiff(t *testing.T) {
	got := parseDiff(`-priority=9999 actions=drop
-table=20 priority=138,ipv6,metadata=0x2 actions=drop
+table=20 priority=138,ipv6,metadata=0x2 cookie=0x600000000000001 actions=goto_table:40
+table=40 priority=10,in_port=3 cookie=0x31a000000000003 actions=CONTROLLER:65535
-table=10 priority=100,mpls,mpls_label=77 actions=drop
-table=7 actions=drop
`)
	want := []Difference{
		{Match: "priority=9999", Has: "drop"},
		{Table: 20, Match: "priority=138,ipv6,metadata=0x2", Has: "drop", Wants: "goto_table:40", Cookie: 0x600000000000001},
		{Table: 40, Match: "priority=10,in_port=3", Wants: "CONTROLLER:65535", Cookie: 0x31a000000000003},
		{Table: 10, Match: "priority=100,mpls,mpls_label=77", Has: "drop"},
		{Table: 7, Has: "drop"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got := parseDiff(""); got != nil {
		t.Errorf("%v of nothing", got)
	}
}

func TestPortFaults(t *testing.T) {
	o := observation{
		ports: map[string]observedPort{
			"fine": {Number: 1, Opened: 7}, "again": {Number: 2, Opened: 8}, "gone": {Number: 3, Opened: 9},
			"moved": {Number: 9, Opened: 10}, "foreign": {Number: 20},
		},
		kernel: map[string]int{"fine": 7, "again": 80, "moved": 10},
	}
	wanted := []Port{{Number: 1, Name: "fine"}, {Number: 2, Name: "again"}, {Number: 3, Name: "gone"}, {Number: 4, Name: "moved"}, {Number: 5, Name: "missing"}}
	want := []PortFault{
		{"again", "is dead: its interface was made again, and the switch holds the old one"},
		{"gone", "is dead: it has no interface"},
		{"moved", "has number 9 instead of 4"},
		{"missing", "is missing in the bridge"},
		{"foreign", "is in the bridge, and does not belong there"},
	}
	if diff := cmp.Diff(want, o.faults(wanted)); diff != "" {
		t.Error(diff)
	}
}
