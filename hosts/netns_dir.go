package hosts

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// runNetNS is where iproute2 looks for named namespaces (it says /var/run,
// which is /run).
const runNetNS = "/run/netns"

// shareRunNetNS makes /run/netns a shared mount of its own, as iproute2 does.
func shareRunNetNS() error {
	if err := os.MkdirAll(runNetNS, 0o755); err != nil {
		return fmt.Errorf("directory of network namespaces: %w", err)
	}
	err := makeShared(runNetNS)
	if errors.Is(err, unix.EINVAL) { // not a mount point yet
		unlock := lockAsIproute2()
		defer unlock()
		err = shareMount(runNetNS)
	}
	if err != nil {
		return fmt.Errorf("share the mount %s: %w", runNetNS, err)
	}
	return nil
}

// lockAsIproute2 takes the lock that iproute2 holds while it makes the mount.
// Anybody can lock the directory, so a lock held longer than iproute2 ever does
// is ignored.
func lockAsIproute2() (unlock func()) {
	const patience, poll = 500 * time.Millisecond, 5 * time.Millisecond
	dir, err := os.Open(runNetNS)
	if err != nil {
		return func() {}
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(poll) {
		if unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil {
			break
		}
	}
	return func() { dir.Close() }
}

func makeShared(dir string) error {
	return unix.Mount("", dir, "none", unix.MS_SHARED|unix.MS_REC, "")
}

// shareMount makes mounts and unmounts here propagate to every mount namespace;
// otherwise a deleted namespace would live on in another.
func shareMount(dir string) error {
	if err := makeShared(dir); !errors.Is(err, unix.EINVAL) {
		return err
	}
	// Not a mount point yet.
	if err := unix.Mount(dir, dir, "none", unix.MS_BIND|unix.MS_REC, ""); err != nil {
		return err
	}
	return makeShared(dir)
}

// mountNamespace mounts the network namespace at source, a file of /proc, on a
// name that is marked already.
func mountNamespace(source, path string) error {
	if err := unix.Mount(source, path, "none", unix.MS_BIND, ""); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// isNamespaceFile reports whether a namespace is mounted at path.
func isNamespaceFile(path string) bool {
	var st unix.Statfs_t
	return unix.Statfs(path, &st) == nil && st.Type == unix.NSFS_MAGIC
}
