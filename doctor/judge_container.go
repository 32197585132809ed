package doctor

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/status"
)

// privileges judges what a container may withhold from its root.
func privileges(o Observed, _ Need) []status.Finding {
	if !o.Root {
		return nil // all of it is withheld
	}
	p := o.Privileges
	var found []status.Finding
	if len(p.Lacks) > 0 {
		var costs []string
		for _, c := range neededCapabilities {
			if slices.Contains(p.Lacks, c.name) {
				costs = append(costs, c.cost)
			}
		}
		found = append(found, fail("capabilities", "not given: "+strings.Join(p.Lacks, ", "),
			strings.Join(costs, "; "), p.Container.give(p.Lacks)))
	}
	if p.SysctlsReadOnly {
		found = append(found, fail("sysctls", "/proc/sys is read-only", "the interfaces of routers and hosts cannot be set up",
			p.Container.prefix()+"mount -o remount,bind,rw /proc/sys, before anything else, which needs SYS_ADMIN"))
	}
	if len(found) == 0 && p.Container != "" {
		found = append(found, ok("container", "%s, with all that labs need", p.Container))
	}
	return found
}

// prefix says where a command of a remedy is for.
func (c Container) prefix() string {
	if c == "" {
		return ""
	}
	return "as the first command of the container: "
}

// give returns the remedy for capabilities that are not given.
func (c Container) give(names []string) string {
	switch c {
	case Pod:
		return "in the pod's container: securityContext: {capabilities: {add: [" + strings.Join(names, ", ") + "]}}, in a namespace with the Pod Security level privileged"
	case DockerContainer:
		return "docker run --cap-add " + strings.Join(names, " --cap-add ")
	}
	return "start it with them: a unit of systemd or a container may withhold them"
}

// tun returns the remedy for a device that is missing or withheld.
func (c Container) tun() string {
	switch c {
	case Pod:
		return fmt.Sprintf("in the pod: volumes: [{name: tun, hostPath: {path: %s, type: CharDevice}}], and in its container: volumeMounts: [{name: tun, mountPath: %[1]s}]; the node may need modprobe tun", tunDevice)
	case DockerContainer:
		return "docker run --device " + tunDevice + "; the server may need modprobe tun"
	}
	return "give the container the device " + tunDevice + " of the server, which may need modprobe tun"
}
