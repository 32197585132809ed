package hosts

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// sysctl is a kernel setting of the network namespace, by its path under
// /proc/sys/net.
type sysctl struct{ path, value string }

// applySysctls sets the settings of the thread's namespace. It reads them
// first: writing some of them walks every interface under the kernel's one big
// network lock. A kernel without IPv6 has no IPv6 settings.
func applySysctls(settings []sysctl) error {
	tree := sysctlTree{}
	defer tree.close()
	for _, s := range settings {
		err := tree.set(s)
		if errors.Is(err, fs.ErrNotExist) && strings.HasPrefix(s.path, "ipv6/") && !kernelHasIPv6() {
			continue
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func kernelHasIPv6() bool {
	_, err := os.Stat("/proc/sys/net/ipv6")
	return err == nil
}

// routerSysctls keep a router's kernel from forwarding and from answering for
// what the forwarding plane owns.
func routerSysctls() []sysctl {
	return append([]sysctl{
		{"ipv4/ip_forward", "0"},
		{"ipv6/conf/all/forwarding", "0"},
		{"ipv4/conf/all/arp_ignore", "1"},
		{"ipv4/conf/default/arp_ignore", "1"},
		{"ipv4/conf/all/arp_announce", "2"},
		{"ipv4/conf/default/arp_announce", "2"},
		{"ipv4/conf/all/rp_filter", "0"},
		{"ipv4/conf/default/rp_filter", "0"},
	}, silentSysctls()...)
}

// silentSysctls keep the kernel from starting IPv6 on new interfaces.
func silentSysctls() []sysctl {
	return []sysctl{
		{"ipv6/conf/default/disable_ipv6", "1"},
		{"ipv6/conf/default/accept_ra", "0"},
	}
}

// hostSysctls make a host usable at once, and make it announce a changed MAC.
// Duplicate address detection is off only if both all and the interface say so.
// Without promote_secondaries, removing an address would also remove the one
// that replaces it in its subnet.
func hostSysctls() []sysctl {
	return []sysctl{
		{"ipv4/conf/all/rp_filter", "0"},
		{"ipv4/conf/default/rp_filter", "0"},
		{"ipv4/conf/all/arp_notify", "1"},
		{"ipv4/conf/default/arp_notify", "1"},
		{"ipv4/conf/all/promote_secondaries", "1"},
		{"ipv4/icmp_ratelimit", "0"},
		{"ipv6/icmp/ratelimit", "0"},
		{"ipv6/conf/all/disable_ipv6", "0"},
		{"ipv6/conf/default/disable_ipv6", "0"},
		{"ipv6/conf/all/accept_dad", "0"},
		{"ipv6/conf/default/accept_dad", "0"},
		{"ipv6/conf/default/accept_ra", "0"},
		{"ipv6/conf/all/ndisc_notify", "1"},
		{"ipv6/conf/default/ndisc_notify", "1"},
	}
}

// forwardSysctls set whether the namespace forwards; a new one inherits the
// server's setting.
func forwardSysctls(on bool) []sysctl {
	v := "0"
	if on {
		v = "1"
	}
	return []sysctl{{"ipv4/ip_forward", v}, {"ipv6/conf/all/forwarding", v}}
}

// interfaceSysctls are for a host's interface that existed before hostSysctls,
// or that differs from their defaults. IPv6 addresses come from the MAC
// (EUI-64), so that they are the same in every run. A route through a dead wire
// is not used if there is another.
func interfaceSysctls(i Interface) []sysctl {
	ra, dad, form := "0", "0", "1"
	if i.SLAAC || i.Hears {
		ra = "2" // even if the host forwards
	}
	if i.Hears && !i.SLAAC {
		form = "0"
	}
	if i.DAD {
		dad = "1"
	}
	v6 := "ipv6/conf/" + i.Name + "/"
	return []sysctl{
		{"ipv4/conf/" + i.Name + "/rp_filter", "0"},
		{"ipv4/conf/" + i.Name + "/ignore_routes_with_linkdown", "1"},
		{v6 + "ignore_routes_with_linkdown", "1"},
		{v6 + "accept_dad", dad},
		{v6 + "autoconf", form},
		{v6 + "accept_ra", ra},
		{v6 + "addr_gen_mode", "0"},
		{v6 + "use_tempaddr", "0"},
		{v6 + "disable_ipv6", "0"},
	}
}

// PrepareRouter keeps the kernel of a router's namespace from forwarding and
// answering, in both families. Call it before the first interface is made
// inside: existing interfaces keep their settings.
func PrepareRouter(ns Namespace) error {
	if err := ns.Do(func() error { return applySysctls(routerSysctls()) }); err != nil {
		return fmt.Errorf("prepare router %s: %w", ns.Name, err)
	}
	return nil
}

// PrepareHost sets what a host's interfaces inherit. Runtimes call it before
// the first wire into the namespace at path is made.
func PrepareHost(path string) error {
	if err := doIn(path, func() error { return applySysctls(hostSysctls()) }); err != nil {
		return fmt.Errorf("prepare host %s: %w", path, err)
	}
	return nil
}
