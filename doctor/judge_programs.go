package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"pseudowan/status"
)

// oldestOVS is the oldest release that has been tested.
var oldestOVS = [2]int{3, 1}

func openVSwitch(o Observed, _ Need) []status.Finding {
	const check = "Open vSwitch"
	if len(o.OVS.Missing) > 0 {
		return []status.Finding{fail(check, strings.Join(o.OVS.Missing, ", ")+" not installed",
			"every router is an Open vSwitch of its own", "apt-get install openvswitch-switch")}
	}
	if o.OVS.Version == "" {
		return nil
	}
	found := []status.Finding{ok(check, "%s", o.OVS.Version)}
	if olderOVS(o.OVS.Version) {
		found[0] = warn(check, o.OVS.Version,
			fmt.Sprintf("older than %d.%d, the oldest release that has been tested", oldestOVS[0], oldestOVS[1]),
			"use Debian 12, Ubuntu 24.04 or later")
	}
	if o.OVS.Service != 0 {
		return append(found, ok("the server's own Open vSwitch", "running (PID %d); labs do not touch it", o.OVS.Service))
	}
	return append(found, ok("the server's own Open vSwitch", "not running; labs do not need it"))
}

// olderOVS parses versions such as "3.1.0" and judges no others.
func olderOVS(version string) bool {
	major, rest, _ := strings.Cut(version, ".")
	minor, _, _ := strings.Cut(rest, ".")
	a, err1 := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err1 != nil || err2 != nil {
		return false
	}
	return a < oldestOVS[0] || a == oldestOVS[0] && b < oldestOVS[1]
}

func programs(o Observed, n Need) []status.Finding {
	var found []status.Finding
	for _, name := range o.Programs {
		in := PackageOf(name)
		if len(o.Packages) > 0 && !slices.Contains(o.Packages, in) && packages[name] == "" {
			in = strings.Join(o.Packages, " ") // one of which has it, as the file says
		}
		why := "host " + n.Programs[name] + " runs it: hosts in namespaces use the server's programs"
		if name == n.Guard {
			why = "guard: of hosts on segments is made of its rules"
		}
		found = append(found, fail("program "+name, "not installed", why, "apt-get install "+in))
	}
	return found
}

func machines(_ Observed, n Need) []status.Finding {
	const check = "virtual machines"
	switch n.Accelerator {
	case "":
		return nil
	case "kvm":
		return []status.Finding{ok(check, "by KVM")}
	}
	return []status.Finding{warn(check, "emulated (TCG): no KVM here", "they are about ten times slower", "use a server whose processor and kernel have it (/dev/kvm)")}
}

func builtinImage(o Observed, n Need) []status.Finding {
	const (
		check  = "built-in image"
		cost   = "hosts without `image:` cannot be containers"
		remedy = "apt-get install busybox-static, or `up --runtime netns`"
	)
	switch {
	case n.Builtin == "":
		return nil
	case n.Lab == "":
		return []status.Finding{warn(check, n.Builtin, cost, remedy)}
	}
	return []status.Finding{fail(check, n.Builtin, cost, remedy)}
}

func daemons(o Observed, n Need) []status.Finding {
	var found []status.Finding
	for _, d := range o.Daemons {
		found = append(found, d.judge(n)...)
	}
	return found
}

func (d Daemon) judge(n Need) []status.Finding {
	switch {
	case d.Problem != "" && n.runtime(d.Runtime):
		return []status.Finding{fail(d.Name, d.Problem, "the lab's hosts are containers",
			d.Install+", "+d.Start+", or `up --runtime netns`")}
	case d.Problem != "":
		remedy := d.Install
		if d.Installed {
			remedy = d.Start
		}
		return []status.Finding{warn(d.Name, d.Problem, "hosts are namespaces (runtime netns) with the server's programs, not containers",
			remedy+", if containers are wanted")}
	}
	found := []status.Finding{ok(d.Name, "%s, API %s, cgroups %s", d.Version, d.API, d.Cgroup)}
	for _, image := range d.Absent {
		found = append(found, warn("image "+image, "not on this server", "`up` pulls it first", d.Pull+" "+image))
	}
	return found
}
