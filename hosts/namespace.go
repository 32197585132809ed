package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// Namespace is a named network namespace of ours. Name is the file's name
// under /run/netns, where `ip netns` finds it too.
type Namespace struct {
	Name string
	Mark Mark
}

// Path is the file that keeps the namespace alive.
func (n Namespace) Path() string { return filepath.Join(runNetNS, n.Name) }

// loIndex is the index of lo, the first interface of every namespace.
const loIndex = 1

// EnsureNamespace makes the namespace, marked and with lo up, or keeps the one
// that is there and carries the same mark. A namespace of that name with
// another mark, or none, is left alone: the error wraps ErrForeign.
func EnsureNamespace(name string, m Mark) (ns Namespace, created bool, err error) {
	ns = Namespace{Name: name, Mark: m}
	if err := errors.Join(checkNamespaceName(name), m.check()); err != nil {
		return Namespace{}, false, fmt.Errorf("network namespace %q: %w", name, err)
	}
	unlock, err := lockRunNetNS()
	if err != nil {
		return Namespace{}, false, err
	}
	defer unlock()
	if isNamespaceFile(ns.Path()) {
		found, err := readMark(ns.Path())
		if err == nil && found == m {
			return ns, false, nil
		}
		return Namespace{}, false, foreign(name, found, err)
	}
	if err := ns.create(); err != nil {
		return Namespace{}, false, fmt.Errorf("make network namespace %q: %w", name, err)
	}
	return ns, true, nil
}

func foreign(name string, found Mark, err error) error {
	switch {
	case err == nil:
		return fmt.Errorf("network namespace %q: %w (it is %q); take that lab down first", name, ErrForeign, found)
	case errors.Is(err, errNoMark):
		return fmt.Errorf("network namespace %q: %w; if nobody needs it, remove it with: ip netns delete %s", name, ErrForeign, name)
	default:
		return err
	}
}

// create marks the namespace before it gets its name, so that none is ever
// seen without its mark.
func (n Namespace) create() error {
	return onThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, func() error {
		if err := markThisNamespace(n.Mark); err != nil {
			return err
		}
		return mountThisNamespace(n.Path())
	})
}

func markThisNamespace(m Mark) error {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return err
	}
	defer h.Close()
	lo := &netlink.Device{LinkAttrs: netlink.LinkAttrs{Index: loIndex}}
	if err := h.LinkSetAlias(lo, m.String()); err != nil {
		return fmt.Errorf("mark lo: %w", err)
	}
	if err := h.LinkSetUp(lo); err != nil {
		return fmt.Errorf("set lo up: %w", err)
	}
	return nil
}

// readMark reads the mark of the namespace at path; the error is errNoMark
// where there is none.
func readMark(path string) (m Mark, err error) {
	err = doIn(path, func() error {
		m, err = markOfThisNamespace()
		return err
	})
	return m, err
}

func markOfThisNamespace() (Mark, error) {
	h, err := netlink.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return Mark{}, err
	}
	defer h.Close()
	lo, err := h.LinkByIndex(loIndex)
	if err != nil {
		return Mark{}, fmt.Errorf("read the mark on lo: %w", err)
	}
	return parseMark(lo.Attrs().Alias)
}

// Namespaces lists the namespaces under /run/netns that carry our mark, of any
// lab, by name. Nothing else is looked at beyond its lo.
func Namespaces() ([]Namespace, error) {
	entries, err := os.ReadDir(runNetNS)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list network namespaces: %w", err)
	}
	var found []Namespace
	for _, e := range entries {
		n := Namespace{Name: e.Name()}
		if !isNamespaceFile(n.Path()) {
			continue
		}
		n.Mark, err = readMark(n.Path())
		switch {
		case err == nil:
			found = append(found, n)
		case errors.Is(err, errNoMark), errors.Is(err, fs.ErrNotExist), errors.Is(err, unix.EINVAL):
			// Somebody else's, or one that goes away just now.
		default:
			return found, fmt.Errorf("network namespace %q: %w", n.Name, err)
		}
	}
	return found, nil
}

// Do runs f on a locked thread inside the namespace. Goroutines that f starts
// are outside.
func (n Namespace) Do(f func() error) error { return doIn(n.Path(), f) }

// Start starts cmd inside the namespace; only its network differs from ours.
func (n Namespace) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// Delete removes the namespace and with it every virtual interface inside.
// Its processes are to be ended before, by EndProcesses, else the namespace
// lives on without a name. A namespace that is gone already is no error; one
// whose mark has changed, or that still holds a NIC of the server, is not
// deleted.
func (n Namespace) Delete() error {
	if !isNamespaceFile(n.Path()) {
		return nil
	}
	found, err := readMark(n.Path())
	if err != nil || found != n.Mark {
		return foreign(n.Name, found, err)
	}
	if err := n.holdsNoNIC(); err != nil {
		return fmt.Errorf("delete network namespace %q: %w", n.Name, err)
	}
	if err := unix.Unmount(n.Path(), unix.MNT_DETACH); err != nil {
		return fmt.Errorf("unmount network namespace %q: %w", n.Name, err)
	}
	if err := os.Remove(n.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove network namespace %q: %w", n.Name, err)
	}
	return nil
}

func (n Namespace) holdsNoNIC() error {
	in, err := openInside(n.Path())
	if err != nil {
		return err
	}
	defer in.close()
	links, err := in.links()
	if err != nil {
		return err
	}
	for _, l := range links {
		if r, ok := parseNICAlias(l.Attrs().Alias); ok {
			return fmt.Errorf("it holds the server's NIC %s, which is returned first", r.Name)
		}
	}
	return nil
}

func checkNamespaceName(name string) error {
	if name == "" || strings.HasPrefix(name, ".") || len(name) > unix.NAME_MAX ||
		strings.ContainsFunc(name, func(r rune) bool { return r == '/' || unprintable(r) }) {
		return errors.New("not a usable name")
	}
	return nil
}
