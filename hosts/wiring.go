package hosts

import (
	"bytes"
	"errors"
	"fmt"
	"net"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// wiring holds the open namespaces of a set of wires, and the interfaces known
// to be in them.
type wiring struct{ rooms map[string]*room }

type room struct {
	*inside
	known map[string]netlink.Link // nil: to be read again
}

func newWiring() *wiring { return &wiring{rooms: map[string]*room{}} }

// takeChanged reports whether anything has changed since the last call.
func (s *wiring) takeChanged() bool {
	changed := false
	for _, r := range s.rooms {
		changed = changed || r.changed
		r.changed = false
	}
	return changed
}

func (s *wiring) close() {
	for _, r := range s.rooms {
		r.close()
	}
}

// enter opens the namespace at path once and reads its interfaces when needed.
func (s *wiring) enter(path string) (*room, error) {
	r, ok := s.rooms[path]
	if !ok {
		in, err := openInside(path)
		if err != nil {
			return nil, err
		}
		r = &room{inside: in}
		s.rooms[path] = r
	}
	if r.known == nil {
		links, err := r.links()
		if err != nil {
			return nil, err
		}
		r.known = links
	}
	return r, nil
}

// forget makes enter read every namespace again: deleting an interface deletes
// its peer in whichever namespace that is.
func (s *wiring) forget() {
	for _, r := range s.rooms {
		r.known = nil
	}
}

func (s *wiring) ensure(w Wire) error {
	if err := errors.Join(w.A.check(), w.B.check()); err != nil {
		return err
	}
	if w.A.Namespace == w.B.Namespace && w.A.Name == w.B.Name {
		return errSameEnd
	}
	ok, err := s.inPlace(w)
	if err != nil {
		return err
	}
	if !ok {
		if err := s.replace(w); err != nil {
			return err
		}
	}
	if err := s.widen(w); err != nil {
		return err
	}
	for _, e := range []WireEnd{w.A, w.B} {
		r, err := s.enter(e.Namespace)
		if err != nil {
			return err
		}
		if err := r.adjust(r.known[e.Name], e); err != nil {
			return fmt.Errorf("interface %s in %s: %w", e.Name, e.Namespace, err)
		}
	}
	return nil
}

// inPlace reports whether the two ends exist, are each other's peers, and are
// ours. One marked end makes the pair ours: root in a host may write anything
// on the other. So do two ends without alias: a process killed while making
// this wire leaves them.
func (s *wiring) inPlace(w Wire) (bool, error) {
	a, errA := s.enter(w.A.Namespace)
	b, errB := s.enter(w.B.Namespace)
	if err := errors.Join(errA, errB); err != nil {
		return false, err
	}
	la, lb := a.known[w.A.Name], b.known[w.B.Name]
	if la == nil || lb == nil {
		return false, nil
	}
	aliasA, aliasB := la.Attrs().Alias, lb.Attrs().Alias
	if !markedLink(aliasA) && !markedLink(aliasB) && aliasA+aliasB != "" {
		return false, nil
	}
	return paired(a, la, b, lb)
}

// paired reports whether two interfaces are the ends of one veth pair.
func paired(a *room, la netlink.Link, b *room, lb netlink.Link) (bool, error) {
	if la.Type() != "veth" || lb.Type() != "veth" ||
		la.Attrs().ParentIndex != lb.Attrs().Index || lb.Attrs().ParentIndex != la.Attrs().Index {
		return false, nil
	}
	const noID = -1 // what the kernel says of a peer in the same namespace
	want := noID
	if namespaceID(a.path) != namespaceID(b.path) {
		id, err := a.nl.GetNetNsIdByFd(int(b.file.Fd()))
		if err != nil {
			return false, fmt.Errorf("compare %s with %s: %w", a.path, b.path, err)
		}
		if id == noID {
			return false, nil
		}
		want = id
	}
	return la.Attrs().NetNsID == want, nil
}

// made reports whether an interface was made for an end: it carries our mark or
// the MAC of that end, or its peer, in a namespace of these wires, carries our
// mark. Root in a host may write anything on its own end, and the sockets of a
// killed router can keep the other end alive out of sight for a while.
func (s *wiring) made(near *room, l netlink.Link, e WireEnd) (bool, error) {
	if markedLink(l.Attrs().Alias) || l.Type() == "veth" && len(e.MAC) != 0 && bytes.Equal(l.Attrs().HardwareAddr, e.MAC) {
		return true, nil
	}
	for _, far := range s.rooms {
		for _, peer := range far.known {
			if !markedLink(peer.Attrs().Alias) {
				continue
			}
			if ok, err := paired(near, l, far, peer); ok || err != nil {
				return ok, err
			}
		}
	}
	return false, nil
}

// maxXDP is the MTU beyond which no end of a pair may have an XDP program, with pages of
// 4096 octets.
const maxXDP = 3506

// widen removes the XDP programs of both ends if their MTU grows beyond what the kernel
// allows with one, at either end. A switch whose port is about to be of another type has
// attached it.
func (s *wiring) widen(w Wire) error {
	if max(w.A.MTU, w.B.MTU) <= maxXDP {
		return nil
	}
	for _, e := range []WireEnd{w.A, w.B} {
		r, err := s.enter(e.Namespace)
		if err != nil {
			return err
		}
		l := r.known[e.Name]
		if xdp := l.Attrs().Xdp; xdp == nil || !xdp.Attached {
			continue
		}
		const none = -1
		err = onThreadIn(int(r.file.Fd()), func() error { return netlink.LinkSetXdpFd(l, none) })
		if err != nil {
			return fmt.Errorf("interface %s in %s: remove its XDP program: %w", e.Name, e.Namespace, err)
		}
	}
	return nil
}

// replace removes what is in the way, if it is ours, and makes the pair.
func (s *wiring) replace(w Wire) error {
	for _, e := range []WireEnd{w.A, w.B} {
		r, err := s.enter(e.Namespace)
		if err != nil {
			return err
		}
		old := r.known[e.Name]
		if old == nil {
			continue
		}
		if ours, err := s.made(r, old, e); err != nil || !ours {
			return errors.Join(err, foreignLink(e.Namespace, e.Name))
		}
		if err := r.nl.LinkDel(old); err != nil && !isNoDevice(err) {
			return fmt.Errorf("replace interface %s in %s: %w", e.Name, e.Namespace, err)
		}
		s.forget()
	}
	return s.make(w)
}

func (s *wiring) make(w Wire) error {
	a, errA := s.enter(w.A.Namespace)
	b, errB := s.enter(w.B.Namespace)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if err := makePair(a, b, w, 0); err != nil {
		return err
	}
	made := a.known[w.A.Name]
	if made.Attrs().Index != b.known[w.B.Name].Attrs().Index {
		return nil
	}
	if err := a.nl.LinkDel(made); err != nil {
		return fmt.Errorf("make the pair again: %w", err)
	}
	return makePair(a, b, w, made.Attrs().Index+apart)
}

// apart is added to the index of one end of a pair whose ends have the same. The kernel takes
// such an end for a device of its own, and then tells of carriers once in a second, and not
// at once (linkwatch_urgent_event).
const apart = 1 << 16

// makePair makes a pair; index is that of the end in a, or 0 for any.
func makePair(a, b *room, w Wire, index int) error {
	attrs := netlink.NewLinkAttrs()
	attrs.Name, attrs.MTU, attrs.Index = w.A.Name, w.A.MTU, index
	veth := netlink.NewVeth(attrs)
	veth.PeerName, veth.PeerMTU = w.B.Name, uint32(w.B.MTU)
	veth.PeerNamespace = netlink.NsFd(b.file.Fd())
	if len(w.A.MAC) != 0 {
		veth.HardwareAddr = w.A.MAC
	}
	if len(w.B.MAC) != 0 {
		veth.PeerHardwareAddr = w.B.MAC
	}
	if err := a.nl.LinkAdd(veth); err != nil {
		return fmt.Errorf("make the pair: %w", err)
	}
	a.changed = true
	return errors.Join(a.learn(w.A.Name), b.learn(w.B.Name))
}

// learn reads one interface that was just made.
func (r *room) learn(name string) error {
	l, err := r.nl.LinkByName(name)
	if err != nil {
		return fmt.Errorf("interface %s in %s: %w", name, r.path, err)
	}
	r.known[name] = l
	return nil
}

// adjust gives an interface the settings of its end.
func (r *room) adjust(l netlink.Link, e WireEnd) error {
	if err := r.attributes(l, linkAlias(e.String()), e.MAC, e.MTU); err != nil {
		return err
	}
	if e.NoOffload {
		if err := r.sums.Fill(e.Name); err != nil {
			return err
		}
	}
	if e.held(l) {
		return nil
	}
	return r.setUp(l)
}

// held reports whether somebody keeps the end down.
func (e WireEnd) held(l netlink.Link) bool { return e.Held != 0 && l.Attrs().Group == e.Held }

// attributes sets alias, MAC and MTU where they differ.
func (in *inside) attributes(l netlink.Link, alias string, mac net.HardwareAddr, mtu int) error {
	have := l.Attrs()
	if have.Alias != alias {
		if err := in.nl.LinkSetAlias(l, alias); err != nil {
			return fmt.Errorf("set alias: %w", err)
		}
		in.changed = true
	}
	if len(mac) != 0 && !bytes.Equal(have.HardwareAddr, mac) {
		if err := in.nl.LinkSetHardwareAddr(l, mac); err != nil {
			return fmt.Errorf("set MAC %s: %w", mac, err)
		}
		in.changed = true
	}
	if mtu != 0 && have.MTU != mtu {
		if err := in.nl.LinkSetMTU(l, mtu); err != nil {
			return fmt.Errorf("set MTU %d: %w", mtu, err)
		}
		in.changed = true
	}
	return nil
}

func (in *inside) setUp(l netlink.Link) error {
	if l.Attrs().Flags&net.FlagUp != 0 {
		return nil
	}
	if err := in.nl.LinkSetUp(l); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	in.changed = true
	return nil
}

func isNoDevice(err error) bool {
	var gone netlink.LinkNotFoundError
	return errors.Is(err, unix.ENODEV) || errors.As(err, &gone)
}
