package doctor

import (
	"strings"

	"pseudowan/status"
)

// feature is a kernel feature, with the cost of its absence.
type feature struct {
	check  string
	there  Presence
	needed bool // the lab cannot run without it
	cost   string
	module string
}

func kernel(o Observed, n Need) []status.Finding {
	k := o.Kernel
	lans := max(k.Dummy, k.IFB)
	features := []feature{
		{"kernel: namespaces", k.Namespaces, true, "every router and host is a network namespace", ""},
		{"kernel: veth", k.Veth, true, "wires are veth pairs", "veth"},
		{"kernel: tun", k.TUN, !inKernel(o, n), "the ports of the netdev datapath are tap devices", "tun"},
		{"kernel: bridge", k.Bridge, n.Segments || len(n.NICs) > 0, "LANs of routers or hosts and virtual NICs need a bridge", "bridge"},
		{"kernel: dummy or ifb", lans, n.LANs, "the networks behind a host are dummy or ifb interfaces", "dummy"},
		{"kernel: IPv6", k.IPv6, n.IPv6, "routers and hosts cannot have IPv6 addresses", ""},
	}
	var found []status.Finding
	for _, f := range features {
		switch {
		case f.module == "tun" && (f.there == Absent || o.NoTUN):
			found = append(found, f.judgeTUN(o.Privileges))
		case f.there != Unknown:
			found = append(found, f.judge())
		}
	}
	return append(found, unneeded(k)...)
}

func (f feature) judge() status.Finding {
	if f.there == Present {
		return ok(f.check, "available")
	}
	remedy := "use a kernel that has it (Debian's and Ubuntu's do)"
	switch {
	case f.module != "":
		remedy = "modprobe " + f.module + ", or use a kernel that has it"
	case f.check == "kernel: IPv6":
		remedy = "boot without ipv6.disable=1"
	}
	if f.needed {
		return fail(f.check, "not available", f.cost, remedy)
	}
	return warn(f.check, "not available", f.cost, remedy)
}

// judgeTUN judges the device that is missing, or that a container withholds.
func (f feature) judgeTUN(p Privileges) status.Finding {
	f.there = Absent
	found := f.judge()
	if p.Container == "" {
		return found
	}
	if p.NoTUN {
		found.Detail = tunDevice + " may not be used"
	}
	found.Remedy = p.Container.tun()
	return found
}

// unneeded returns the finding about features that labs do not need.
func unneeded(k Kernel) []status.Finding {
	var have, lack []string
	for _, f := range []struct {
		name  string
		there Presence
	}{{"MPLS", k.MPLS}, {"VRF", k.VRF}, {"VXLAN", k.VXLAN}} {
		switch f.there {
		case Present:
			have = append(have, f.name)
		case Absent:
			lack = append(lack, f.name)
		}
	}
	if len(have)+len(lack) == 0 {
		return nil
	}
	detail := "not needed"
	if len(have) > 0 {
		detail += "; available: " + strings.Join(have, ", ")
	}
	if len(lack) > 0 {
		detail += "; not available: " + strings.Join(lack, ", ")
	}
	return []status.Finding{ok("kernel: routing features", "%s", detail)}
}

// inKernel reports whether the lab will use the kernel's datapath.
func inKernel(o Observed, n Need) bool {
	return n.Datapath == "system" || n.Datapath != "netdev" && o.Kernel.OpenVSwitch == Present
}

// datapath names the datapath that will switch the lab's packets.
func datapath(o Observed, n Need) []status.Finding {
	const check = "datapath"
	module := o.Kernel.OpenVSwitch
	switch {
	case n.Datapath == "netdev":
		return []status.Finding{ok(check, "netdev, in user space, as the topology requests")}
	case n.Datapath == "system" && module == Absent:
		return []status.Finding{fail(check, "system is requested, but the kernel has no Open vSwitch module",
			"the routers cannot switch packets", "modprobe openvswitch, or `datapath: netdev` in the topology")}
	case module == Present:
		return []status.Finding{ok(check, "system, in the kernel; `datapath: netdev` in a topology selects user space")}
	case module == Absent:
		return []status.Finding{ok(check, "netdev, in user space: the kernel has no Open vSwitch module, and none is needed")}
	}
	return nil
}
