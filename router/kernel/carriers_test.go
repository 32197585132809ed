package kernel

import (
	"slices"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

// Being administratively up, having a carrier and existing are distinguished.
func TestLink(t *testing.T) {
	for _, tt := range []struct {
		kind  uint16
		flags uint32
		want  LinkEvent
	}{
		{unix.RTM_NEWLINK, unix.IFF_UP | unix.IFF_LOWER_UP, LinkEvent{"eth5", true, true, false, 7}},
		{unix.RTM_NEWLINK, unix.IFF_UP, LinkEvent{"eth5", true, false, false, 7}},
		{unix.RTM_NEWLINK, 0, LinkEvent{"eth5", false, false, false, 7}},
		{unix.RTM_DELLINK, unix.IFF_UP | unix.IFF_LOWER_UP, LinkEvent{"eth5", false, false, true, 7}},
	} {
		got := Link(netlink.LinkUpdate{
			Link:      &netlink.Dummy{LinkAttrs: netlink.LinkAttrs{Name: "eth5", Group: 7}},
			IfInfomsg: nl.IfInfomsg{IfInfomsg: unix.IfInfomsg{Flags: tt.flags}},
			Header:    unix.NlMsghdr{Type: tt.kind},
		})
		if got != tt.want {
			t.Errorf("kind %d, flags %#x: %+v; want %+v", tt.kind, tt.flags, got, tt.want)
		}
	}
}

func TestCarriers(t *testing.T) {
	c := NewCarriers()
	c.Behind(map[string]string{"eth1": "n-eth1"})
	for _, tt := range []struct {
		event   LinkEvent
		changed string // the interface whose carrier changes
		up      bool   // eth1
	}{
		{LinkEvent{Name: "eth1", Admin: true, Carrier: true}, "eth1", true}, // no NIC exists yet
		{LinkEvent{Name: "n-eth1", Admin: true}, "eth1", false},
		{LinkEvent{Name: "eth1", Admin: true}, "", false},
		{LinkEvent{Name: "n-eth1", Admin: true, Carrier: true}, "n-eth1", false},
		{LinkEvent{Name: "eth1", Admin: true, Carrier: true}, "eth1", true},
		{LinkEvent{Name: "n-eth2"}, "", true}, // behind no wire
	} {
		changed := c.Hear(tt.event)
		if strings.Join(changed, " ") != tt.changed || c.Up("eth1") != tt.up {
			t.Errorf("after %+v: %q changed, eth1 up %t; want %q, %t", tt.event, changed, c.Up("eth1"), tt.changed, tt.up)
		}
	}
	c.Hear(LinkEvent{Name: "n-eth1", Admin: true})
	if changed := c.Behind(nil); !slices.Equal(changed, []string{"eth1"}) || !c.Up("eth1") {
		t.Errorf("without a NIC: %q changed, eth1 up %t", changed, c.Up("eth1"))
	}
	c.Hear(LinkEvent{Name: "eth1", Gone: true})
	if there, up := c.Admin("eth1"); there || up || c.Up("eth1") {
		t.Errorf("eth1 is gone: there %t, set up %t, carrier %t", there, up, c.Up("eth1"))
	}
	if there, up := c.Admin("n-eth1"); !there || !up {
		t.Errorf("n-eth1 is set up: there %t, set up %t", there, up)
	}
}
