package hosts

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"github.com/safchain/ethtool"
	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"pseudowan/checksum"
)

// onThreadIn runs f on a thread of its own in the namespace of nsfd.
func onThreadIn(nsfd int, f func() error) error {
	return onThread(func() error { return unix.Setns(nsfd, unix.CLONE_NEWNET) }, f)
}

// onThread runs enter, which changes the network namespace, and then f on a
// thread of their own. The thread returns to its namespace; if it cannot, it is
// discarded.
func onThread(enter, f func() error) error {
	err := errAborted
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		back, openErr := os.Open("/proc/thread-self/ns/net")
		if openErr != nil {
			err = openErr
			runtime.UnlockOSThread()
			return
		}
		defer back.Close()
		if enterErr := enter(); enterErr != nil {
			err = fmt.Errorf("enter network namespace: %w", enterErr)
			runtime.UnlockOSThread()
			return
		}
		defer func() {
			if unix.Setns(int(back.Fd()), unix.CLONE_NEWNET) == nil {
				runtime.UnlockOSThread()
			}
		}()
		err = f()
	}()
	<-done
	return err
}

// errAborted is returned by onThread if f ends its goroutine.
var errAborted = errors.New("ended inside the network namespace without a result")

// doIn runs f inside the namespace at path.
func doIn(path string, f func() error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("network namespace: %w", err)
	}
	defer file.Close()
	return onThreadIn(int(file.Fd()), f)
}

// inside is an open namespace: sockets in it, usable from any thread.
type inside struct {
	path string
	file *os.File
	nl   *netlink.Handle
	eth  *ethtool.Ethtool
	sums *checksum.Control

	changed bool // an interface, an address or a route
}

func openInside(path string) (*inside, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("network namespace: %w", err)
	}
	in := &inside{path: path, file: file}
	err = onThreadIn(int(file.Fd()), func() error {
		if in.nl, err = netlink.NewHandle(unix.NETLINK_ROUTE); err != nil {
			return fmt.Errorf("netlink: %w", err)
		}
		if in.eth, err = ethtool.NewEthtool(); err != nil {
			return fmt.Errorf("ethtool: %w", err)
		}
		in.sums, err = checksum.Open()
		return err
	})
	if err != nil {
		in.close()
		return nil, fmt.Errorf("network namespace %s: %w", path, err)
	}
	return in, nil
}

// close releases the namespace: an open handle would keep it alive.
func (in *inside) close() {
	if in.nl != nil {
		in.nl.Close()
	}
	if in.eth != nil {
		in.eth.Close()
	}
	if in.sums != nil {
		in.sums.Close() // fails for none
	}
	in.file.Close()
}

// links returns the interfaces of the namespace by name.
func (in *inside) links() (map[string]netlink.Link, error) {
	list, err := dump(in.nl.LinkList)
	if err != nil {
		return nil, fmt.Errorf("list interfaces of %s: %w", in.path, err)
	}
	byName := make(map[string]netlink.Link, len(list))
	for _, l := range list {
		byName[l.Attrs().Name] = l
	}
	return byName, nil
}

// dump repeats a netlink dump that a concurrent change has interrupted.
func dump[T any](list func() ([]T, error)) ([]T, error) {
	const attempts = 20
	var got []T
	var err error
	for range attempts {
		if got, err = list(); !errors.Is(err, netlink.ErrDumpInterrupted) {
			return got, err
		}
	}
	return got, err
}
