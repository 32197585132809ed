package doctor

import (
	"debug/elf"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"pseudowan/status"
)

// xdpMemory is what a port of type afxdp takes, in octets, all of it locked: 4096 frames
// of 2 KiB, as measured with Open vSwitch 3.1.
const xdpMemory = 8 << 20

// hasXDP tries to open a socket of AF_XDP.
func hasXDP() Presence {
	fd, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return Absent
	}
	unix.Close(fd)
	return Present
}

// switchHasXDP looks for the libraries that ports of type afxdp need.
func switchHasXDP() Presence {
	path, err := exec.LookPath("ovs-vswitchd")
	if err != nil {
		return Unknown
	}
	f, err := elf.Open(path)
	if err != nil {
		return Unknown
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil || len(libraries) == 0 { // linked statically
		return Unknown
	}
	return present(slices.ContainsFunc(libraries, func(name string) bool {
		return strings.HasPrefix(name, "libxdp.") || strings.HasPrefix(name, "libbpf.")
	}))
}

// lockedLimit returns how many octets a process without the capability to lock any number
// may lock, or to raise the limit; 0 if it has one, or there is no limit.
func lockedLimit() uint64 {
	const ipcLock, sysResource = 14, 24
	var data [2]unix.CapUserData
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var limit unix.Rlimit
	switch {
	case unix.Capget(&header, &data[0]) != nil, data[0].Effective&(1<<ipcLock|1<<sysResource) != 0:
		return 0
	case unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit) != nil, limit.Max == unix.RLIM_INFINITY:
		return 0
	}
	return max(limit.Max, 1)
}

// xdp judges whether ports of type afxdp can work.
func xdp(o Observed, n Need) []status.Finding {
	const check, cost = "port-type afxdp", "the links that ask for it cannot work"
	switch {
	case n.XDP == 0:
		return nil
	case inKernel(o, n):
		return []status.Finding{fail(check, "the datapath is the kernel's", cost, "`datapath: netdev` in the topology, or no port-type")}
	case o.Kernel.XDP == Absent:
		return []status.Finding{fail(check, "the kernel has no sockets of AF_XDP", cost, "use a kernel with CONFIG_XDP_SOCKETS (Debian's and Ubuntu's have it), or no port-type")}
	case o.OVS.XDP == Absent:
		return []status.Finding{fail(check, "Open vSwitch was built without AF_XDP", cost, "use Debian's or Ubuntu's Open vSwitch, or no port-type")}
	}
	return []status.Finding{ok(check, "%s with %s of locked memory; neither tcpdump nor pseudowan capture see packets there", count(n.XDP, "port"), size(uint64(n.XDP)*xdpMemory))}
}
