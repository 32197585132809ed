package router

import (
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// What is set up, what has a carrier and what is not there are told apart.
func TestStatesOfAnInterface(t *testing.T) {
	r, _ := edge(t, nil)
	for _, c := range []struct {
		kind        uint16
		flags       uint32
		admin, oper string
	}{
		{unix.RTM_NEWLINK, unix.IFF_UP | unix.IFF_LOWER_UP, "up", "up"},
		{unix.RTM_NEWLINK, unix.IFF_UP, "up", "down"},
		{unix.RTM_NEWLINK, 0, "down", "down"},
		{unix.RTM_NEWLINK, unix.IFF_UP | unix.IFF_LOWER_UP, "up", "up"},
		{unix.RTM_DELLINK, unix.IFF_UP | unix.IFF_LOWER_UP, "absent", "down"},
	} {
		u := netlink.LinkUpdate{
			Link:      &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "eth5"}},
			IfInfomsg: nl.IfInfomsg{IfInfomsg: unix.IfInfomsg{Flags: c.flags}},
			Header:    unix.NlMsghdr{Type: c.kind},
		}
		r.linkChange(u)
		for _, row := range r.interfaceRows() {
			if row.Name == "eth5" && (row.Admin != c.admin || row.Oper != c.oper) {
				t.Errorf("after %+v: %s, %s", c, row.Admin, row.Oper)
			}
		}
	}
	if got := r.admin("eth99"); got != "absent" {
		t.Errorf("an interface that never was: %s", got)
	}
}
