package hosts

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// sysctls returns the settings of the interface: ours, and over them those of its
// user.
func (i Interface) sysctls() ([]sysctl, error) {
	settings := interfaceSysctls(i)
	set := func(s sysctl) {
		settings = slices.DeleteFunc(settings, func(o sysctl) bool { return o.path == s.path })
		settings = append(settings, s)
	}
	if len(i.ProxyND) > 0 {
		set(sysctl{"ipv6/conf/" + i.Name + "/proxy_ndp", "1"})
	}
	for _, name := range i.Unset {
		for _, family := range familiesOf(name) {
			path := family + "/conf/" + i.Name + "/" + bareSysctl(name)
			fresh, err := os.ReadFile("/proc/sys/net/" + family + "/conf/default/" + bareSysctl(name))
			ours := slices.ContainsFunc(settings, func(o sysctl) bool { return o.path == path })
			if err == nil && !ours {
				set(sysctl{path, string(bytes.TrimSpace(fresh))})
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(i.Sysctls)) {
		found := false
		for _, family := range familiesOf(name) {
			path := family + "/conf/" + i.Name + "/" + bareSysctl(name)
			if _, err := os.Stat("/proc/sys/net/" + path); err == nil {
				found = true
				set(sysctl{path, i.Sysctls[name]})
			}
		}
		if !found {
			return nil, fmt.Errorf("this kernel has no setting %s of interfaces", name)
		}
	}
	return settings, nil
}

// bareSysctl returns the name of a setting without its family.
func bareSysctl(name string) string {
	return strings.TrimPrefix(strings.TrimPrefix(name, "ipv4."), "ipv6.")
}

// familiesOf returns the families that a setting is meant for.
func familiesOf(name string) []string {
	for _, family := range []string{"ipv4", "ipv6"} {
		if strings.HasPrefix(name, family+".") {
			return []string{family}
		}
	}
	return []string{"ipv4", "ipv6"}
}
