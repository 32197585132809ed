package hosts

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"testing"
)

// No host is heard before its port is guarded, nor if that fails.
func TestRealPortsAreGuardedFirst(t *testing.T) {
	needRoot(t)
	lab, host := newNamespace(t, KindLab), newHost(t)
	fails := errors.New("no rules")
	segment := Segment{Namespace: lab.Path(), Name: "s-lan", Alias: "a:lan", MTU: 1500, Wires: []Wire{{
		A: WireEnd{Namespace: lab.Path(), Name: "p-1", Alias: "h:eth0@lan"}, B: WireEnd{Namespace: host.Path(), Name: "eth0", Alias: "h:eth0"},
	}}}
	segment.Guard = func() error {
		if port := link(t, lab, "p-1"); port == nil || port.Attrs().MasterIndex != 0 {
			t.Errorf("when it is to be guarded, the port is %+v", port)
		}
		return fails
	}
	if _, err := EnsureSegment(context.Background(), segment); !errors.Is(err, fails) || link(t, lab, "p-1").Attrs().MasterIndex != 0 {
		t.Errorf("without a guard: %v, and the port is %+v", err, link(t, lab, "p-1").Attrs())
	}
	fails = nil
	if _, err := EnsureSegment(context.Background(), segment); err != nil || link(t, lab, "p-1").Attrs().MasterIndex == 0 {
		t.Errorf("with a guard: %v", err)
	}
}

// Half a bridge, which a killed process has left with or without its mark, is not in
// the way; a bridge of somebody else with the wanted name is.
func TestRealHalfABridge(t *testing.T) {
	needRoot(t)
	lab, host := newNamespace(t, KindLab), newHost(t)
	temporary := fmt.Sprintf("new-%08x", crc32.ChecksumIEEE([]byte("s-lan")))
	segment := Segment{Namespace: lab.Path(), Name: "s-lan", Alias: "a:lan", MTU: 1500, Wires: []Wire{{
		A: WireEnd{Namespace: lab.Path(), Name: "p-1", Alias: "h:eth0@lan"}, B: WireEnd{Namespace: host.Path(), Name: "eth0", Alias: "h:eth0"},
	}}}
	for _, alias := range []string{"", "pseudowan a:lan"} {
		mustRun(t, lab, "ip", "link", "add", temporary, "alias", alias, "type", "bridge")
		if _, err := EnsureSegment(context.Background(), segment); err != nil {
			t.Fatalf("with alias %q: %v", alias, err)
		}
		if link(t, lab, temporary) != nil || link(t, lab, "s-lan") == nil || link(t, lab, "s-lan").Attrs().Alias != "pseudowan a:lan" {
			t.Errorf("with alias %q: %s", alias, mustRun(t, lab, "ip", "link"))
		}
		mustRun(t, lab, "ip", "link", "del", "s-lan")
	}
	mustRun(t, lab, "ip", "link", "add", "s-lan", "type", "bridge")
	if _, err := EnsureSegment(context.Background(), segment); !errors.Is(err, ErrForeign) {
		t.Errorf("a foreign bridge: %v", err)
	}
}
