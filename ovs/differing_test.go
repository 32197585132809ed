package ovs

import "testing"

// A flow that differs has two lines, one that is missing or foreign has one.
func TestDiffering(t *testing.T) {
	diff := `-priority=9999 actions=drop
-table=20 priority=138,ipv6,metadata=0x2 actions=drop
+table=20 priority=138,ipv6,metadata=0x2 cookie=0x600000000000001 actions=goto_table:40
+table=40 priority=10,in_port=3 cookie=0x31a000000000003 actions=CONTROLLER:65535
`
	if got := differing([]byte(diff)); got != 3 {
		t.Errorf("%d flows, want 3", got)
	}
	if got := differing(nil); got != 0 {
		t.Errorf("%d flows of nothing", got)
	}
}
