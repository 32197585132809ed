package kernel

import (
	"errors"
	"fmt"

	"github.com/vishvananda/netlink"
)

// Hold sets an interface down and puts it into a group, which says why. It comes first: who
// would set the interface up again then knows.
func Hold(name string, group uint32) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	if err := netlink.LinkSetGroup(l, int(group)); err != nil {
		return fmt.Errorf("put interface %s into group %d: %w", name, group, err)
	}
	if err := netlink.LinkSetDown(l); err != nil {
		return fmt.Errorf("set %s down: %w", name, err)
	}
	return nil
}

// Release takes an interface out of its group and sets it up, unless somebody else wants it
// down. Whoever that is notes it first and then sets the interface down, or notes that it may
// be up, looks at its group, and sets it up if that is none: with a look before and after, both
// together leave it as it should be, whoever is first.
func Release(name string, down func() bool) error {
	l, err := netlink.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	const noGroup = 0
	before := down()
	err = set(l, !before)
	err = errors.Join(err, netlink.LinkSetGroup(l, noGroup))
	if after := down(); after != before {
		err = errors.Join(err, set(l, !after))
	}
	if err != nil {
		return fmt.Errorf("release %s: %w", name, err)
	}
	return nil
}

func set(l netlink.Link, up bool) error {
	if up {
		return netlink.LinkSetUp(l)
	}
	return netlink.LinkSetDown(l)
}
