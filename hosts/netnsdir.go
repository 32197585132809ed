package hosts

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// runNetNS is where iproute2 looks for named namespaces (it says /var/run,
// which is /run).
const runNetNS = "/run/netns"

// lockRunNetNS makes /run/netns a shared mount of its own, as iproute2 does,
// and holds the lock that iproute2 holds too while it adds a namespace.
func lockRunNetNS() (unlock func(), err error) {
	if err := os.MkdirAll(runNetNS, 0o755); err != nil {
		return nil, fmt.Errorf("directory of network namespaces: %w", err)
	}
	dir, err := os.Open(runNetNS)
	if err != nil {
		return nil, fmt.Errorf("directory of network namespaces: %w", err)
	}
	if err := flock(dir); err != nil {
		dir.Close()
		return nil, fmt.Errorf("lock %s: %w", runNetNS, err)
	}
	if err := shareMount(runNetNS); err != nil {
		dir.Close()
		return nil, fmt.Errorf("share the mount %s: %w", runNetNS, err)
	}
	return func() { dir.Close() }, nil
}

func flock(f *os.File) error {
	for {
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// shareMount lets namespaces that are mounted and unmounted here be seen so in
// every mount namespace, else one that is deleted would live on in another.
func shareMount(dir string) error {
	err := unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
	if !errors.Is(err, unix.EINVAL) {
		return err
	}
	// Not a mount point yet.
	if err := unix.Mount(dir, dir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
}

// mountThisNamespace gives the thread's namespace a name. An empty file of
// that name is what a process leaves that was killed between the two steps.
func mountThisNamespace(path string) error {
	f, err := os.OpenFile(path, os.O_RDONLY|os.O_CREATE, 0o444)
	if err != nil {
		return err
	}
	st, err := f.Stat()
	f.Close()
	if err != nil {
		return err
	}
	if !st.Mode().IsRegular() || st.Size() != 0 {
		return fmt.Errorf("%s: %w; it is no namespace either: remove the file", path, ErrForeign)
	}
	if err := unix.Mount("/proc/thread-self/ns/net", path, "none", unix.MS_BIND, ""); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// isNamespaceFile reports whether a namespace is mounted at path.
func isNamespaceFile(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Type == unix.NSFS_MAGIC
}
