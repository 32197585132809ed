package doctor

import (
	"fmt"

	"pseudowan/status"
)

// What a router costs, as measured with Open vSwitch 3.1 and rounded up.
const (
	routerDisk    = 1 << 20  // octets under /run: database, logs, sockets
	routerMemory  = 50 << 20 // octets: agent, ovs-vswitchd, ovsdb-server
	routerThreads = 40
	portFiles     = 4 // file descriptors of ovs-vswitchd
	switchFiles   = 64
	hostThreads   = 4
)

// leastDisk must be free for even the smallest lab.
const leastDisk = 16 << 20

func disks(o Observed, n Need) []status.Finding {
	var found []status.Finding
	for _, d := range o.Disks {
		check := "disk " + d.Path
		need := uint64(leastDisk + routerDisk*len(n.Ports))
		if d.Free < need {
			found = append(found, fail(check, size(d.Free)+" free", "a lab writes up to "+size(need), "free space in "+d.Path))
			continue
		}
		found = append(found, ok(check, "%s free", size(d.Free)))
	}
	return found
}

// limit compares a resource with a lab's need of it.
type limit struct {
	check  string
	have   uint64 // 0: unknown
	used   uint64
	need   uint64
	show   func(uint64) string
	cost   string
	remedy string
}

func limits(o Observed, n Need) []status.Finding {
	l, routers, hosts := o.Limits, uint64(len(n.Ports)), uint64(n.Hosts)
	_, most := n.largest()
	if n.Runs {
		routers, hosts = 0, 0
	}
	memory := max(1, routers) * routerMemory
	if !n.Runs {
		memory = max(memory, n.Cost(1).Memory)
	}
	var found []status.Finding
	if n.XDP == 0 {
		l.Locked = 0 // nothing is locked
	}
	for _, l := range []limit{
		{"limit: open files", l.OpenFiles, 0, uint64(max(1024, switchFiles+portFiles*most)), number,
			"ovs-vswitchd cannot open all ports", "ulimit -Hn 65536, or LimitNOFILE= of the service that starts labs"},
		{"limit: threads", l.Threads, l.ThreadsUsed, routers*routerThreads + hosts*hostThreads, number,
			"processes of the lab fail to start", "sysctl -w kernel.threads-max=126000 kernel.pid_max=126000, and pids.max of the control group"},
		{"limit: inotify", l.InotifyUsers, 0, 128, number,
			"programs in containers that watch files fail", "sysctl -w fs.inotify.max_user_instances=1024"},
		{"limit: locked memory", l.Locked, 0, uint64(n.XDP) * xdpMemory, size,
			"Open vSwitch cannot open all ports of type afxdp", "ulimit -Hl unlimited, or LimitMEMLOCK= of the service that starts labs"},
		{"memory", l.MemoryAvailable, 0, memory, size,
			"the server swaps or kills processes", "run fewer routers, or give the server more memory"},
	} {
		if l.have != 0 {
			found = append(found, l.judge())
		}
	}
	return found
}

// judge never fails a lab, because its needs are estimates.
func (l limit) judge() status.Finding {
	detail := l.show(l.have)
	if l.used > 0 {
		detail += ", of which " + l.show(l.used) + " are in use"
	}
	if l.used+l.need > l.have {
		return warn(l.check, detail+fmt.Sprintf("; a lab needs about %s", l.show(l.need)), l.cost, l.remedy)
	}
	return ok(l.check, "%s", detail)
}

func number(n uint64) string { return fmt.Sprint(n) }

func size(n uint64) string {
	const k = 1024
	switch {
	case n >= k*k*k:
		return fmt.Sprintf("%.1f GiB", float64(n)/(k*k*k))
	case n >= k*k:
		return fmt.Sprintf("%.0f MiB", float64(n)/(k*k))
	}
	return fmt.Sprintf("%.0f KiB", float64(n)/k)
}

// manyPorts is where the netdev datapath, which polls every port, becomes slow.
const manyPorts = 250

func ports(o Observed, n Need) []status.Finding {
	const check = "ports per router"
	router, most := n.largest()
	if most == 0 {
		return nil
	}
	detail := fmt.Sprintf("%d in all, %s has the most: %d", n.ports(), router, most)
	if most > manyPorts && !inKernel(o, n) {
		return []status.Finding{warn(check, detail,
			"the netdev datapath polls every port: a ping takes 0.1 ms with 4 ports, 1.1 with 250, 3.3 with 1000",
			"spread the hosts over more routers")}
	}
	return []status.Finding{ok(check, "%s", detail)}
}
