package hosts

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	"github.com/vishvananda/netlink"
)

// Loan is a NIC of the server to lend to a router. The server is the network
// namespace of the calling process.
type Loan struct {
	NIC      string    // its name on the server
	To       Namespace // the router's
	Name     string    // of the router's interface, at most 13 bytes
	Alias    string    // the full name of the router's interface
	MTU      int       // 0: what the NIC has
	Force    bool      // even if the server's default route goes through it
	StateDir string    // for the full record; the alias is too short

	direct bool // without a bridge although the NIC is virtual; for tests
}

// LentNIC is a NIC inside a router's namespace.
type LentNIC struct {
	NIC    string // its name on the server
	Name   string // the router's interface
	Bridge string // the bridge between the two; empty if they are one
	MTU    int    // what the NIC accepted; it may be less than requested
}

// errInUse is wrapped by errors about a NIC that the server itself needs.
var errInUse = errors.New("the server uses it")

// NICName returns the name, in a router's namespace, of a NIC that a wire joins
// to the router's interface intf.
func NICName(intf string) string { return "n-" + intf }

// NICWireName returns the name of the inner end of the wire that joins the
// router's interface intf to the bridge of a lent NIC.
func NICWireName(intf string) string { return "w-" + intf }

// LendNIC moves a NIC of the server into a router's namespace, or keeps it
// there. Its earlier state is recorded in its alias and in a file, for
// ReturnNICs.
//
// A real NIC becomes the router's interface itself, with receive offloads off.
// Any other (veth, tap, virtio) may bring packets whose checksums were left to
// absent offload hardware: it joins a bridge inside the namespace, and the
// router's interface is a wire to that bridge, whose inner end fills in the
// checksums.
func LendNIC(l Loan) (LentNIC, error) {
	lent, err := l.lend()
	if err != nil {
		return LentNIC{}, fmt.Errorf("NIC %s for %s: %w", l.NIC, l.Alias, err)
	}
	return lent, nil
}

func (l Loan) lend() (LentNIC, error) {
	if err := errors.Join(checkLinkName("w-"+l.Name), checkLinkName(l.NIC), checkAlias(linkAlias(l.Alias))); err != nil {
		return LentNIC{}, err
	}
	home, err := openInside("/proc/thread-self/ns/net")
	if err != nil {
		return LentNIC{}, err
	}
	defer home.close()
	router, err := openInside(l.To.Path())
	if err != nil {
		return LentNIC{}, err
	}
	defer router.close()
	if nic, err := router.findLent(l.NIC); err != nil || nic != nil {
		if err != nil {
			return LentNIC{}, err
		}
		return l.settle(router, nic)
	}
	return l.take(home, router)
}

// take moves the NIC into the router, and back on error.
func (l Loan) take(home, router *inside) (LentNIC, error) {
	nic, err := l.pick(home)
	if err != nil {
		return LentNIC{}, err
	}
	record, err := home.recordNIC(nic)
	if err != nil {
		return LentNIC{}, err
	}
	if err := record.save(l.StateDir); err != nil {
		return LentNIC{}, err
	}
	lent, err := l.carry(home, router, nic, record)
	if err != nil {
		back := ReturnNICs(l.To, l.StateDir)
		return LentNIC{}, errors.Join(err, back, home.restoreNIC(record), forgetNIC(l.StateDir, record.Name))
	}
	return lent, nil
}

func (l Loan) carry(home, router *inside, nic netlink.Link, record nicRecord) (LentNIC, error) {
	if err := home.nl.LinkSetAlias(nic, record.alias()); err != nil {
		return LentNIC{}, fmt.Errorf("mark it: %w", err)
	}
	name := l.Name
	if driver, err := home.eth.DriverName(record.Name); !l.direct && (err != nil || untrusted(nic.Type(), driver)) {
		name = NICName(l.Name)
	}
	if err := home.moveLink(nic, router, name); err != nil {
		return LentNIC{}, err
	}
	moved, err := router.findLent(l.NIC)
	if err != nil {
		return LentNIC{}, err
	}
	if moved == nil {
		return LentNIC{}, errors.New("it disappeared on the way")
	}
	return l.settle(router, moved)
}

// untrusted reports whether packets of a NIC may come without their checksums:
// from every kind of virtual device, and from virtio, which looks like
// hardware.
func untrusted(kind, driver string) bool {
	return kind != "device" || driver == "virtio_net"
}

// pick finds the NIC on the server and refuses what the server needs.
func (l Loan) pick(home *inside) (netlink.Link, error) {
	links, err := home.links()
	if err != nil {
		return nil, err
	}
	nic := links[l.NIC]
	if nic == nil {
		if holder := whoHas(l.NIC); holder != "" {
			return nil, fmt.Errorf("%w: %s has it", errInUse, holder)
		}
		names := slices.Sorted(maps.Keys(links))
		return nil, fmt.Errorf("the server has no NIC of that name; it has %s", strings.Join(names, ", "))
	}
	if nic.Attrs().Flags&net.FlagLoopback != 0 || nic.Type() == "bridge" {
		return nil, fmt.Errorf("a %s cannot be lent", nic.Type())
	}
	if master := nic.Attrs().MasterIndex; master != 0 {
		return nil, fmt.Errorf("%w: it is a port of %s; take it out first", errInUse, nameOf(links, master))
	}
	routes, err := home.routesThrough(nic)
	if err != nil || l.Force {
		return nic, err
	}
	for _, r := range routes {
		if d := destinationOf(r); d.prefix.Bits() == 0 {
			return nil, fmt.Errorf("%w: the default route %s goes through it; lend another NIC, move the route, or use --force", errInUse, d.prefix)
		}
	}
	return nic, nil
}

// settle makes the NIC usable inside. It is idempotent.
func (l Loan) settle(router *inside, nic netlink.Link) (LentNIC, error) {
	if err := router.receiveOffloadsOff(nic.Attrs().Name); err != nil {
		return LentNIC{}, err
	}
	lent := LentNIC{NIC: l.NIC, Name: l.Name}
	if l.MTU != 0 && nic.Attrs().MTU != l.MTU {
		// Not every NIC accepts it; the caller gets the MTU that it has.
		_ = router.nl.LinkSetMTU(nic, l.MTU)
	}
	now, err := router.nl.LinkByIndex(nic.Attrs().Index)
	if err != nil {
		return LentNIC{}, err
	}
	lent.MTU = now.Attrs().MTU
	if now.Attrs().Name != l.Name {
		lent.Bridge = bridgeName(l.Name)
		if err := l.bridge(router, now, lent); err != nil {
			return LentNIC{}, err
		}
	}
	return lent, router.setUp(now)
}

func bridgeName(name string) string { return "b-" + name }

// bridge puts a bridge and a wire between the NIC and the router's interface.
func (l Loan) bridge(router *inside, nic netlink.Link, lent LentNIC) error {
	bridge, err := router.ensureBridge(lent.Bridge, l.Alias+" bridge", 0)
	if err != nil {
		return err
	}
	s := newWiring()
	defer s.close()
	w := Wire{
		A: WireEnd{Namespace: router.path, Name: NICWireName(l.Name), Alias: l.Alias + " inner end", MTU: lent.MTU, NoOffload: true},
		B: WireEnd{Namespace: router.path, Name: l.Name, Alias: l.Alias, MTU: lent.MTU, NoOffload: true},
	}
	if err := s.ensure(w); err != nil {
		return err
	}
	inner, err := router.nl.LinkByName(w.A.Name)
	if err != nil {
		return err
	}
	for _, port := range []netlink.Link{nic, inner} {
		if port.Attrs().MasterIndex == bridge.Attrs().Index {
			continue
		}
		if err := router.nl.LinkSetMaster(port, bridge); err != nil {
			return fmt.Errorf("put %s into %s: %w", port.Attrs().Name, lent.Bridge, err)
		}
	}
	return router.setUp(bridge)
}

// findLent finds a NIC by the name recorded in its alias.
func (in *inside) findLent(name string) (netlink.Link, error) {
	links, err := in.links()
	if err != nil {
		return nil, err
	}
	for _, l := range links {
		if r, ok := parseNICAlias(l.Attrs().Alias); ok && r.Name == name {
			return l, nil
		}
	}
	return nil, nil
}

// whoHas names the router that has been lent a NIC, for a message.
func whoHas(nic string) string {
	all, err := Namespaces()
	if err != nil {
		return ""
	}
	for _, ns := range all {
		if ns.Mark.Kind != KindRouter {
			continue
		}
		in, err := openInside(ns.Path())
		if err != nil {
			continue
		}
		l, err := in.findLent(nic)
		in.close()
		if err == nil && l != nil {
			return fmt.Sprintf("router %s of lab %s", ns.Mark.Node, ns.Mark.Lab)
		}
	}
	return ""
}

func nameOf(links map[string]netlink.Link, index int) string {
	for name, l := range links {
		if l.Attrs().Index == index {
			return name
		}
	}
	return fmt.Sprintf("interface %d", index)
}
