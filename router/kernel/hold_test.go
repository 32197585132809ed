package kernel

import (
	"os"
	"runtime"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A port that is held is down and in the group, whatever it was before; one that is released
// is in none, and up unless somebody wants it down, who may decide so in between.
func TestRealHold(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root")
	}
	runtime.LockOSThread() // never unlocked: the thread with the namespace is discarded
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skip("no network namespaces: ", err)
	}
	if err := netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "eth5"}, PeerName: "far"}); err != nil {
		t.Fatal(err)
	}
	is := func(when string, up bool, group uint32) {
		t.Helper()
		if e, err := Look("eth5"); err != nil || e.Admin != up || e.Group != group {
			t.Errorf("%s: %+v, %v; want up %t, group %d", when, e, err, up, group)
		}
	}
	says := func(answers ...bool) func() bool {
		return func() bool {
			one := answers[0]
			answers = answers[1:]
			return one
		}
	}
	for _, c := range []struct {
		name string
		down func() bool
		up   bool
	}{
		{"nobody wants it down", says(false, false), true},
		{"somebody wants it down", says(true, true), false},
		{"somebody comes to want it down", says(false, true), false},
		{"somebody comes to want it up", says(true, false), true},
	} {
		for range 2 { // what is so already may be asked for again
			if err := Hold("eth5", 7); err != nil {
				t.Fatal(err)
			}
			is("held", false, 7)
		}
		if err := Release("eth5", c.down); err != nil {
			t.Fatal(err)
		}
		is(c.name, c.up, 0)
	}
	if Hold("eth6", 7) == nil || Release("eth6", says(false, false)) == nil {
		t.Error("there is no eth6")
	}
}
