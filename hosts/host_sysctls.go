package hosts

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// sysctls returns the settings of the namespace as a whole: ours, and over them those of
// its user.
func (c *configuration) sysctls() ([]sysctl, error) {
	settings := append(forwardSysctls(c.Forward), hostSysctls()...)
	set := func(s sysctl) {
		settings = slices.DeleteFunc(settings, func(o sysctl) bool { return o.path == s.path })
		settings = append(settings, s)
	}
	for _, name := range c.Unset {
		path := sysctlPath(name)
		ours := slices.ContainsFunc(settings, func(o sysctl) bool { return o.path == path })
		if fresh, err := freshSysctl(path); err == nil && !ours {
			set(sysctl{path, fresh})
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Sysctls)) {
		path := sysctlPath(name)
		var mode fs.FileMode
		err := c.onThread(func() error {
			st, err := os.Stat("/proc/sys/net/" + path)
			if err == nil {
				mode = st.Mode()
			}
			return err
		})
		if err != nil || mode&0o200 == 0 || mode.IsDir() {
			return nil, fmt.Errorf("sysctls: a host has no setting %s of its own in this kernel", name)
		}
		set(sysctl{path, c.Sysctls[name]})
	}
	return settings, nil
}

// sysctlPath returns the path below /proc/sys/net of a setting such as
// net.ipv4.tcp_syncookies.
func sysctlPath(name string) string {
	return strings.ReplaceAll(strings.TrimPrefix(name, "net."), ".", "/")
}

// freshSysctl returns what a new namespace has.
func freshSysctl(path string) (value string, err error) {
	err = onThread(func() error { return unix.Unshare(unix.CLONE_NEWNET) }, func() error {
		text, err := os.ReadFile("/proc/sys/net/" + path)
		value = strings.TrimSpace(string(text))
		return err
	})
	return value, err
}
