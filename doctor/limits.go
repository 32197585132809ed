package doctor

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func observeDisks(paths ...string) (disks []Disk) {
	for _, p := range paths {
		var st unix.Statfs_t
		if unix.Statfs(p, &st) == nil {
			disks = append(disks, Disk{p, st.Bavail * uint64(st.Bsize)})
		}
	}
	return disks
}

func observeLimits(n Need) Limits {
	l := Limits{
		InotifyUsers:    readNumber("/proc/sys/fs/inotify/max_user_instances"),
		MemoryAvailable: MemoryAvailable(),
	}
	var files unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &files) == nil {
		l.OpenFiles = files.Max
	}
	l.Threads, l.ThreadsUsed = threads()
	l.ARP, l.ND = observeTables(n)
	return l
}

// observeTables asks for exempt entries only if the tables look full, as that takes a
// while on a server with large labs.
func observeTables(n Need) (arp, nd Table) {
	arp = Table{readNumber("/proc/sys/net/ipv4/neigh/default/gc_thresh3"), entries("/proc/net/stat/arp_cache")}
	nd = Table{readNumber("/proc/sys/net/ipv6/neigh/default/gc_thresh3"), entries("/proc/net/stat/ndisc_cache")}
	if n.Exempt != nil && (arp.Used+n.ARP.all() > arp.Most || nd.Used+n.ND.all() > nd.Most) {
		a, d := n.Exempt()
		arp.Used -= min(a, arp.Used)
		nd.Used -= min(d, nd.Used)
	}
	return arp, nd
}

// threads returns the tightest limit, and how much of it is used.
func threads() (most, used uint64) {
	running := runningThreads()
	tighten := func(limit, inUse uint64) {
		if limit != 0 && (most == 0 || limit-min(limit, inUse) < most-used) {
			most, used = limit, min(limit, inUse)
		}
	}
	tighten(readNumber("/proc/sys/kernel/pid_max"), running)
	tighten(readNumber("/proc/sys/kernel/threads-max"), running)
	for dir := controlGroup(); dir != "" && dir != "/sys/fs/cgroup"; dir = filepath.Dir(dir) {
		tighten(readNumber(dir+"/pids.max"), readNumber(dir+"/pids.current")) // "max" reads as 0, no limit
	}
	return most, used
}

// controlGroup returns the directory of this process's group in the unified hierarchy
// (cgroups(7)); "" if there is none.
func controlGroup() string {
	text, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
			return filepath.Join("/sys/fs/cgroup", path)
		}
	}
	return ""
}

// runningThreads reads the fourth word of /proc/loadavg: running/all.
func runningThreads() uint64 {
	text, err := os.ReadFile("/proc/loadavg")
	words := strings.Fields(string(text))
	if err != nil || len(words) < 4 {
		return 0
	}
	_, all, _ := strings.Cut(words[3], "/")
	n, _ := strconv.ParseUint(all, 10, 64)
	return n
}

// entries reads the number of entries of a neighbour table, in all namespaces, from
// the first, hexadecimal column of the first processor's row.
func entries(file string) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	_, rows, _ := strings.Cut(string(text), "\n")
	words := strings.Fields(rows)
	if len(words) == 0 {
		return 0
	}
	n, _ := strconv.ParseUint(words[0], 16, 64)
	return n
}

// MemoryAvailable returns how many octets of memory the server's processes can still get
// (proc(5), MemAvailable); 0 if that is unknown.
func MemoryAvailable() uint64 {
	f, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kilobytes uint64
		if n, _ := fmt.Sscanf(lines.Text(), "MemAvailable: %d kB", &kilobytes); n == 1 {
			return kilobytes << 10
		}
	}
	return 0
}

// readNumber reads a file that holds a number; 0 if it does not.
func readNumber(file string) uint64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	n, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
	return n
}
