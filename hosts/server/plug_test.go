package server

import (
	"net"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"pseudowan/hosts/hoststest"
)

// apartFrom moves the test to a network namespace of its own.
func apartFrom(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // never unlocked: the thread ends with the test
	file, err := netns.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
}

// The server's end of a segment takes nothing from hosts from its first moment on,
// not only once all is made: up may be killed, or a host be quick.
func TestRealSettingsComeBeforeTheSegment(t *testing.T) {
	hoststest.NeedRoot(t)
	apartFrom(t)
	u := Uplink{Lab: "pwt", Segment: "lan", Namespace: here, Bridge: "missing", Port: "port", Interface: Prefix + "1", MAC: net.HardwareAddr{2, 0, 0, 0, 0, 1}, MTU: 1500}
	if _, err := u.ensure(t.Context()); err == nil || !strings.Contains(err.Error(), "missing") {
		t.Fatalf("plugged into a bridge that is missing: %v", err)
	}
	end, err := netlink.LinkByName(u.Interface)
	if err != nil {
		t.Fatal(err)
	}
	if end.Attrs().Flags&net.FlagUp == 0 {
		t.Error("it is not up: the test tests nothing")
	}
	for _, key := range []string{"ipv6/conf/pwu-1/accept_ra", "ipv6/conf/pwu-1/autoconf", "ipv6/conf/pwu-1/accept_dad", "ipv6/conf/pwu-1/accept_redirects", "ipv4/conf/pwu-1/accept_redirects"} {
		if text, err := os.ReadFile("/proc/sys/net/" + key); err != nil || strings.TrimSpace(string(text)) != "0" {
			t.Errorf("%s is %s, %v", key, text, err)
		}
	}
}
