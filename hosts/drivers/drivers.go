package drivers

import (
	"pseudowan/hosts"
	"pseudowan/hosts/docker"
	"pseudowan/hosts/netns"
	"pseudowan/hosts/service"
	"pseudowan/hosts/vm"
)

// All returns the runtimes, one line each.
func All() []hosts.Driver {
	return []hosts.Driver{
		netns.Driver(),
		docker.Driver(),
		vm.Driver(),
	}
}

// Enter runs a process that a runtime has started (Driver.Enter), the supervisor of a
// service, or hosts.Homes. It returns only if that fails, with a *hosts.ExitError.
func Enter(args []string) error {
	if len(args) > 0 && args[0] == service.Word {
		return service.Supervise(args[1:])
	}
	for _, d := range All() {
		if len(args) > 0 && args[0] == d.Name && d.Enter != nil {
			return d.Enter(args[1:])
		}
	}
	return hosts.Enter(args)
}
