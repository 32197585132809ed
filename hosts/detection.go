package hosts

import (
	"net/netip"
	"slices"
	"time"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Detection of duplicates takes a second after a random delay of up to another one
// (RFC 4862 section 5.4.2), and for ever on an interface without carrier.
const (
	detectionPatience = 4 * time.Second
	detectionPoll     = 50 * time.Millisecond
)

// awaitDetection returns when no address of interfaces that look for duplicates is
// still being tried.
func (c *configuration) awaitDetection() error {
	looks := func(i Interface) bool { return i.DAD }
	if !slices.ContainsFunc(c.Interfaces, looks) {
		return nil
	}
	for deadline := time.Now().Add(detectionPatience); time.Now().Before(deadline); time.Sleep(detectionPoll) {
		addresses, err := dump(func() ([]netlink.Addr, error) { return c.nl.AddrList(nil, netlink.FAMILY_V6) })
		if err != nil || !slices.ContainsFunc(addresses, c.isTried) {
			return err
		}
	}
	return nil
}

// isTried reports whether an address of ours is being tried.
func (c *configuration) isTried(a netlink.Addr) bool {
	if a.Flags&unix.IFA_F_TENTATIVE == 0 || a.Flags&unix.IFA_F_DADFAILED != 0 {
		return false
	}
	return slices.ContainsFunc(c.Interfaces, func(i Interface) bool {
		own := func(p netip.Prefix) bool { return p == PrefixOf(a.IPNet) }
		return i.DAD && c.seen[i.Name].Attrs().Index == a.LinkIndex && slices.ContainsFunc(i.Addresses, own)
	})
}
