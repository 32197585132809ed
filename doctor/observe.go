package doctor

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// observe looks at the server and changes nothing. It starts programs, and creates a
// network namespace that is gone when it returns. It leaves out what it cannot see.
func observe(ctx context.Context, n Need) Observed {
	o := glance(n)
	var all sync.WaitGroup
	all.Go(func() { o.Kernel = observeKernel(o.Kernel) })
	all.Go(func() {
		if len(o.OVS.Missing) == 0 {
			o.OVS.Version = ovsVersion(ctx)
		}
	})
	all.Go(func() { o.OVS.Service = ovsService() })
	all.Go(func() {
		locked := o.Limits.Locked
		o.Limits = observeLimits(n)
		o.Limits.Locked = locked
	})
	all.Go(func() { o.BridgeNF = bridgeFilter() })
	all.Wait()
	return o
}

// glance observes what decides whether a lab can run at all, and what is cheap to
// observe.
func glance(n Need) Observed {
	o := Observed{
		Root:   os.Geteuid() == 0,
		Cores:  runtime.GOMAXPROCS(0), // as a control group allows
		Kernel: Kernel{TUN: present(exists(tunDevice)), IPv6: present(exists("/proc/sys/net/ipv6"))},
		OVS:    OVS{Missing: missingPrograms("ovsdb-server", "ovs-vswitchd", "ovsdb-tool", "ovs-vsctl", "ovs-ofctl", "ovs-appctl")},
		Disks:  observeDisks("/run", "/var/lib"),
		NICs:   observeNICs(n.allNICs()),

		Programs: missingPrograms(slices.Sorted(maps.Keys(n.Programs))...),
		Packages: MissingPackages(slices.Sorted(maps.Keys(n.Packages))...),

		Privileges: observePrivileges(),
	}
	o.Limits.ARP, o.Limits.ND = observeTables(n)
	observeServer(&o, n)
	if n.XDP > 0 {
		o.Kernel.XDP, o.OVS.XDP, o.Limits.Locked = hasXDP(), switchHasXDP(), lockedLimit()
	}
	if n.Datapath != "netdev" {
		o.Kernel.OpenVSwitch = hasDatapath()
	}
	return o
}

func missingPrograms(names ...string) (missing []string) {
	for _, program := range names {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, program)
		}
	}
	return missing
}

// ovsVersion reads "ovs-vswitchd (Open vSwitch) 3.1.0".
func ovsVersion(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "ovs-vswitchd", "--version").Output()
	if err != nil {
		return ""
	}
	line, _, _ := strings.Cut(string(out), "\n")
	return line[strings.LastIndexByte(line, ' ')+1:]
}

// ovsService finds the server's own switch by its PID file in Open vSwitch's run
// directory.
func ovsService() int {
	for _, dir := range []string{"/run/openvswitch", "/var/run/openvswitch"} {
		if pid := int(readNumber(dir + "/ovs-vswitchd.pid")); pid > 0 && exists("/proc/"+number(uint64(pid))) {
			return pid
		}
	}
	return 0
}

func bridgeFilter() bool {
	const sysctls = "/proc/sys/net/bridge/bridge-nf-call-"
	return readNumber(sysctls+"iptables") == 1 || readNumber(sysctls+"ip6tables") == 1
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func present(there bool) Presence {
	if there {
		return Present
	}
	return Absent
}
