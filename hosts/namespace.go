package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
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

// Path returns the file that keeps the namespace alive.
func (n Namespace) Path() string { return filepath.Join(runNetNS, n.Name) }

// Exists reports whether there is a namespace of that name, ours or not.
func (n Namespace) Exists() bool { return isNamespaceFile(n.Path()) }

// loIndex is the index of lo, the first interface of every namespace.
const loIndex = 1

// EnsureNamespace makes the namespace, marked and with lo up, or keeps an
// existing one with the same mark. A namespace of that name with another mark
// or none is left alone; the error wraps ErrForeign.
func EnsureNamespace(name string, m Mark) (ns Namespace, created bool, err error) {
	ns = Namespace{Name: name, Mark: m}
	if err := errors.Join(checkNamespaceName(name), m.Check()); err != nil {
		return Namespace{}, false, fmt.Errorf("network namespace %q: %w", name, err)
	}
	if err := shareRunNetNS(); err != nil {
		return Namespace{}, false, err
	}
	if isNamespaceFile(ns.Path()) {
		found, err := readMarkOf(name)
		if err != nil || found != m {
			return Namespace{}, false, foreign(name, found, err)
		}
		return ns, false, ns.remark()
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
		return fmt.Errorf("network namespace %q: %w", name, err)
	}
}

// create marks the namespace before naming it, so that it is never visible
// without its mark.
func (n Namespace) create() error {
	return onThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, func() error {
		if err := describeThisNamespace(n.Mark); err != nil {
			return err
		}
		if err := writeMark(n.Path(), n.Mark); err != nil {
			return err
		}
		return mountNamespace("/proc/thread-self/ns/net", n.Path())
	})
}

// remark restores the mark inside, which root in a host may have changed.
func (n Namespace) remark() error {
	err := doIn(n.Path(), func() error {
		if m, err := descriptionOfThisNamespace(); err == nil && m == n.Mark {
			return nil
		}
		return describeThisNamespace(n.Mark)
	})
	if err != nil {
		return fmt.Errorf("network namespace %q: %w", n.Name, err)
	}
	return nil
}

// describeThisNamespace sets lo up and writes the mark into its alias, for
// people and in case the namespace loses its name.
func describeThisNamespace(m Mark) error {
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

// descriptionOfThisNamespace reads the alias of lo. Root inside may have
// written it: it proves nothing about a namespace that a customer can enter.
func descriptionOfThisNamespace() (Mark, error) {
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

// Namespaces lists the namespaces under /run/netns that carry our mark, of
// every lab, sorted by name.
func Namespaces() ([]Namespace, error) { return marked(true) }

// Leftovers lists the files under /run/netns that carry our mark but no mounted
// namespace: a process was killed between the two, or somebody has unmounted
// it.
func Leftovers() ([]Namespace, error) { return marked(false) }

// Unmarked lists the names of network namespaces that carry no mark of ours.
func Unmarked() (names []string, err error) {
	err = survey(true, func(n Namespace, err error) error {
		if err != nil {
			names = append(names, n.Name)
		}
		return nil
	})
	return names, err
}

// marked lists our names with a namespace mounted, or those without.
func marked(mounted bool) (found []Namespace, err error) {
	err = survey(mounted, func(n Namespace, err error) error {
		switch {
		case err == nil:
			found = append(found, n)
		case errors.Is(err, errNoMark), errors.Is(err, fs.ErrNotExist), errors.Is(err, errCovered):
			// Somebody else's, or just made or deleted.
		default:
			return fmt.Errorf("network namespace %q: %w", n.Name, err)
		}
		return nil
	})
	return found, err
}

// survey calls see with each name with a namespace mounted, or without, and the error of
// reading its mark, until see returns an error.
func survey(mounted bool, see func(n Namespace, err error) error) error {
	entries, err := os.ReadDir(runNetNS)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list network namespaces: %w", err)
	}
	files, err := openMarkFiles()
	if err != nil {
		return err
	}
	defer files.close()
	for _, e := range entries {
		n := Namespace{Name: e.Name()}
		if isNamespaceFile(n.Path()) != mounted {
			continue
		}
		n.Mark, err = files.of(n.Name)
		if err := see(n, err); err != nil {
			return err
		}
	}
	return nil
}

// Do runs f on a locked thread inside the namespace. Goroutines that f starts
// are outside.
func (n Namespace) Do(f func() error) error { return doIn(n.Path(), f) }

// Start starts cmd inside the namespace; only its network differs from ours.
func (n Namespace) Start(cmd *exec.Cmd) error { return n.Do(cmd.Start) }

// Delete removes the namespace and with it every virtual interface inside, or
// what is left of its name. Its processes must be ended first (EndProcesses),
// or the namespace lives on without a name. It is no error if the namespace is
// already gone; one whose mark has changed, or that still holds a NIC of the
// server, is not deleted.
func (n Namespace) Delete() error { return DeleteNamespaces([]Namespace{n}) }

// DeleteNamespaces is Delete for many. The error names each that is not deleted.
func DeleteNamespaces(list []Namespace) error {
	list = slices.DeleteFunc(slices.Clone(list), func(n Namespace) bool {
		_, err := os.Lstat(n.Path())
		return errors.Is(err, fs.ErrNotExist)
	})
	if len(list) == 0 {
		return nil
	}
	files, err := openMarkFiles()
	if err != nil {
		return err
	}
	defer files.close()
	var errs []error
	for _, n := range list {
		errs = append(errs, n.delete(files))
	}
	return errors.Join(errs...)
}

func (n Namespace) delete(files markFiles) error {
	found, err := files.of(n.Name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil || found != n.Mark {
		return foreign(n.Name, found, err)
	}
	for isNamespaceFile(n.Path()) { // a second one may be mounted on the first
		if err := n.holdsNoNIC(); err != nil {
			return fmt.Errorf("delete network namespace %q: %w", n.Name, err)
		}
		if err := unix.Unmount(n.Path(), unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("unmount network namespace %q: %w", n.Name, err)
		}
	}
	if err := os.Remove(n.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("remove network namespace %q: %w", n.Name, err)
	}
	return nil
}

// holdsNoNIC checks routers, which alone are lent NICs: an alias inside a
// customer's host proves nothing.
func (n Namespace) holdsNoNIC() error {
	if n.Mark.Kind != KindRouter {
		return nil
	}
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
			return fmt.Errorf("it holds the server's NIC %s, which must be returned first", r.Name)
		}
	}
	return nil
}

// CheckNames refuses names of namespaces that are taken by anything but the
// lab; those errors wrap ErrForeign.
func CheckNames(lab string, names ...string) error {
	marked, err := Namespaces()
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range names {
		if _, err := os.Lstat((Namespace{Name: name}).Path()); err != nil || IsVacant(name) {
			continue
		}
		i := slices.IndexFunc(marked, func(n Namespace) bool { return n.Name == name })
		switch {
		case i < 0:
			errs = append(errs, foreign(name, Mark{}, errNoMark))
		case marked[i].Mark.Lab != lab:
			errs = append(errs, foreign(name, marked[i].Mark, nil))
		}
	}
	return errors.Join(errs...)
}

func checkNamespaceName(name string) error {
	if name == "" || strings.HasPrefix(name, ".") || len(name) > unix.NAME_MAX ||
		strings.ContainsFunc(name, func(r rune) bool { return r == '/' || unprintable(r) }) {
		return errors.New("not a usable name")
	}
	return nil
}
