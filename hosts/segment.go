package hosts

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"

	"github.com/vishvananda/netlink"
)

// Segment is a LAN of several routers or hosts: a Linux bridge in the lab's own
// namespace. The A end of every wire is a port of it.
type Segment struct {
	Namespace string // path
	Name      string // the bridge's, at most 15 bytes
	Alias     string // the full name
	MTU       int
	Wires     []Wire
	Keep      []string // further ports of ours

	Guard func() error // called when the wires are there, before they are plugged in; may be nil
}

// EnsureSegment makes the bridge and its wires, or keeps them, and removes
// wires of ours that are ports of the bridge but no longer wanted. The bridge
// has no address, no IPv6, no spanning tree and floods all multicast. Like
// EnsureWires it returns the wires that it changed, or plugged in again.
func EnsureSegment(ctx context.Context, s Segment) ([]Wire, error) {
	changed, err := s.ensure(ctx)
	if err != nil {
		return changed, fmt.Errorf("segment %s: %w", s.Alias, err)
	}
	return changed, nil
}

func (s Segment) ensure(ctx context.Context) (changed []Wire, err error) {
	for _, w := range s.Wires {
		if w.A.Namespace != s.Namespace {
			return nil, fmt.Errorf("wire %s does not begin in the segment's namespace", w)
		}
	}
	if err := doIn(s.Namespace, func() error { return applySysctls(silentSysctls()) }); err != nil {
		return changed, err
	}
	in, err := openInside(s.Namespace)
	if err != nil {
		return changed, err
	}
	defer in.close()
	bridge, err := in.ensureBridge(s.Name, s.Alias, 0)
	if err != nil {
		return changed, err
	}
	if changed, err = EnsureWires(ctx, s.Wires); err != nil {
		return changed, err
	}
	if s.Guard != nil {
		if err := s.Guard(); err != nil {
			return changed, err
		}
	}
	plugged, err := in.plug(bridge, s.Wires, s.Keep)
	for _, w := range plugged {
		if !slices.ContainsFunc(changed, func(c Wire) bool { return c.String() == w.String() }) {
			changed = append(changed, w)
		}
	}
	if err != nil {
		return changed, err
	}
	// Last, as a bridge follows the MTU of its ports until its own is set.
	if err := in.attributes(bridge, linkAlias(s.Alias), nil, s.MTU); err != nil {
		return changed, err
	}
	return changed, in.setUp(bridge)
}

// plug makes the A ends the only ports of ours on the bridge, and returns the wires
// that were not.
func (in *inside) plug(bridge netlink.Link, wires []Wire, keep []string) (plugged []Wire, err error) {
	links, err := in.links()
	if err != nil {
		return nil, err
	}
	wanted := map[string]bool{}
	for _, w := range wires {
		wanted[w.A.Name] = true
		port := links[w.A.Name]
		if port == nil {
			return plugged, fmt.Errorf("port %s has gone", w.A.Name)
		}
		if port.Attrs().MasterIndex == bridge.Attrs().Index {
			continue
		}
		if err := in.nl.LinkSetMaster(port, bridge); err != nil {
			return plugged, fmt.Errorf("port %s: %w", w.A.Name, err)
		}
		plugged = append(plugged, w)
	}
	for name, l := range links {
		if l.Attrs().MasterIndex != bridge.Attrs().Index || wanted[name] || slices.Contains(keep, name) || !markedLink(l.Attrs().Alias) {
			continue
		}
		if err := in.nl.LinkDel(l); err != nil && !isNoDevice(err) {
			return plugged, fmt.Errorf("port %s: %w", name, err)
		}
	}
	return plugged, nil
}

// RemoveOtherSegments removes the bridges of ours in the namespace at path, except
// those with the names to keep. Their wires stay.
func RemoveOtherSegments(path string, keep map[string]bool) error {
	return removeOthers(path, "bridge", keep)
}

// removeOthers removes the devices of ours and of a kind in the namespace at path, except
// those with the names to keep.
func removeOthers(path, kind string, keep map[string]bool) error {
	in, err := openInside(path)
	if err != nil {
		return err
	}
	defer in.close()
	links, err := in.links()
	if err != nil {
		return err
	}
	var errs []error
	for name, l := range links {
		if l.Type() != kind || !markedLink(l.Attrs().Alias) || keep[name] {
			continue
		}
		if err := in.nl.LinkDel(l); err != nil && !isNoDevice(err) {
			errs = append(errs, fmt.Errorf("remove %s %s: %w", kind, name, err))
		}
	}
	return errors.Join(errs...)
}

// ensureBridge makes a bridge or keeps ours. The kernel's defaults are right
// except for multicast snooping.
func (in *inside) ensureBridge(name, alias string, mtu int) (netlink.Link, error) {
	if err := errors.Join(checkLinkName(name), checkAlias(linkAlias(alias))); err != nil {
		return nil, err
	}
	links, err := in.links()
	if err != nil {
		return nil, err
	}
	if l := links[name]; l != nil {
		if l.Type() != "bridge" || !markedLink(l.Attrs().Alias) {
			return nil, foreignLink(in.path, name)
		}
		return l, in.attributes(l, linkAlias(alias), nil, mtu)
	}
	return in.makeBridge(links, name, linkAlias(alias), mtu)
}

// makeBridge makes a bridge with an alias. It has another name until the alias is
// there: what a killed process leaves is known by that name, and not in the way.
func (in *inside) makeBridge(links map[string]netlink.Link, name, alias string, mtu int) (netlink.Link, error) {
	temporary := fmt.Sprintf("new-%08x", crc32.ChecksumIEEE([]byte(name)))
	if l := links[temporary]; l != nil && l.Type() == "bridge" {
		if err := in.nl.LinkDel(l); err != nil && !isNoDevice(err) {
			return nil, fmt.Errorf("remove half a bridge %s: %w", temporary, err)
		}
	}
	if err := in.addBridge(temporary, nil, mtu); err != nil {
		return nil, err
	}
	l, err := in.nl.LinkByName(temporary)
	if err != nil {
		return nil, fmt.Errorf("bridge %s: %w", name, err)
	}
	if err := in.attributes(l, alias, nil, mtu); err != nil {
		return nil, err
	}
	if err := in.nl.LinkSetName(l, name); err != nil {
		return nil, fmt.Errorf("name bridge %s: %w", name, err)
	}
	return in.nl.LinkByName(name)
}

func (in *inside) addBridge(name string, mac []byte, mtu int) error {
	snooping := false
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.HardwareAddr = name, mtu, mac
	if err := in.nl.LinkAdd(&netlink.Bridge{LinkAttrs: attrs, MulticastSnooping: &snooping}); err != nil {
		return fmt.Errorf("make bridge %s: %w", name, err)
	}
	return nil
}
