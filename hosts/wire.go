package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
)

// Wire is a veth pair.
type Wire struct{ A, B WireEnd }

// WireEnd is one interface of a wire. Namespace is the path of its network
// namespace, Name the interface's (at most 15 bytes), Alias the full name for
// people, which the kernel keeps beside our mark. An empty MAC leaves the
// kernel's random one, an MTU of 0 its default. NoOffload turns transmit
// checksum offload off, so that every frame leaving through this end has a
// correct checksum. Who has put the end into the group Held (ip link) keeps it down;
// 0 means that nobody does.
type WireEnd struct {
	Namespace string
	Name      string
	Alias     string
	MAC       net.HardwareAddr
	MTU       int
	NoOffload bool
	Held      uint32
}

// EnsureWires makes the wires, in place in both namespaces and up, or keeps
// existing ones. A broken or wrong pair with our mark is replaced; an interface
// of a wanted name without our mark is an error that wraps ErrForeign. On error
// the wires before the one named are made. Changed are those that were not as
// wanted.
func EnsureWires(ctx context.Context, wires []Wire) (changed []Wire, err error) {
	s := newWiring()
	defer s.close()
	for _, w := range wires {
		if err := ctx.Err(); err != nil {
			return changed, fmt.Errorf("wire %s: %w", w, err)
		}
		if err := s.ensure(w); err != nil {
			return changed, fmt.Errorf("wire %s: %w", w, err)
		}
		if s.takeChanged() {
			changed = append(changed, w)
		}
	}
	return changed, nil
}

// RemoveWire removes the wire with an end of this name in the namespace at
// path. It is no error if there is none; an interface without our mark is left
// alone, and the error wraps ErrForeign.
func RemoveWire(namespace, name string) error {
	in, err := openInside(namespace)
	if err != nil {
		return fmt.Errorf("remove wire %s: %w", name, err)
	}
	defer in.close()
	links, err := in.links()
	if err != nil {
		return fmt.Errorf("remove wire %s: %w", name, err)
	}
	l, ok := links[name]
	if !ok {
		return nil
	}
	if l.Type() != "veth" || !markedLink(l.Attrs().Alias) {
		return foreignLink(namespace, name)
	}
	if err := in.nl.LinkDel(l); err != nil && !isNoDevice(err) {
		return fmt.Errorf("remove wire %s: %w", name, err)
	}
	return nil
}

// WireEnds lists the ends of our wires in the namespace at path, in no order.
// NoOffload is not reported.
func WireEnds(namespace string) ([]WireEnd, error) {
	in, err := openInside(namespace)
	if err != nil {
		return nil, err
	}
	defer in.close()
	links, err := in.links()
	if err != nil {
		return nil, err
	}
	var ends []WireEnd
	for name, l := range links {
		a := l.Attrs()
		if l.Type() != "veth" || !markedLink(a.Alias) {
			continue
		}
		ends = append(ends, WireEnd{
			Namespace: namespace, Name: name, Alias: fullName(a.Alias), MAC: a.HardwareAddr, MTU: a.MTU,
		})
	}
	return ends, nil
}

// String returns the full names of both ends.
func (w Wire) String() string { return w.A.String() + " -- " + w.B.String() }

// String returns the full name, or the interface's name if it has none.
func (e WireEnd) String() string {
	if e.Alias != "" {
		return e.Alias
	}
	return e.Name
}

func (e WireEnd) check() error {
	if err := checkLinkName(e.Name); err != nil {
		return err
	}
	if e.Namespace == "" {
		return fmt.Errorf("interface %s: no namespace", e.Name)
	}
	if len(e.MAC) != 0 && len(e.MAC) != 6 {
		return fmt.Errorf("interface %s: MAC %s is not 6 octets", e.Name, e.MAC)
	}
	return checkAlias(linkAlias(e.String()))
}

// checkLinkName applies the kernel's rules (dev_valid_name).
func checkLinkName(name string) error {
	const longest = 15
	if name == "" || name == "." || name == ".." || len(name) > longest {
		return fmt.Errorf("interface %q: a name has 1 to %d bytes", name, longest)
	}
	for _, r := range name {
		if r == '/' || r == ':' || unprintable(r) {
			return fmt.Errorf("interface %q: a name cannot contain %q", name, r)
		}
	}
	return nil
}

func foreignLink(namespace, name string) error {
	return fmt.Errorf("interface %s in %s: %w; if nobody needs it, remove it with: nsenter --net=%s ip link delete %s",
		name, namespace, ErrForeign, namespace, name)
}

var errSameEnd = errors.New("both ends are the same interface")
