package inventory

import (
	"context"
	"errors"
	"os"

	"pseudowan/hosts"
	"pseudowan/hosts/service"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// ServicesDir returns the directory of the services of a host.
func ServicesDir(lab, node string) string { return service.Dir(store.RunRoot, lab, node) }

// Services returns what runs the services of a host. The supervisors of those in
// containers are in the lab's namespace.
func (r Runtimes) Services(s hosts.Sandbox) (service.Host, error) {
	runtime, err := r.Get(s.Runtime)
	if err != nil {
		return service.Host{}, err
	}
	return ServicesIn(runtime, r.HoldsContainers(s.Runtime), s), nil
}

// ServicesIn is Services for a host of a runtime.
func ServicesIn(r hosts.Runtime, containers bool, s hosts.Sandbox) service.Host {
	return service.Host{
		Runtime: r, Box: s, Dir: ServicesDir(s.Lab, s.Node), Enter: SelfCommand,
		Local: !containers, Outside: hosts.Namespace{Name: plan.LabNamespace(s.Lab)}.Path(),
	}
}

// RemoveServices ends the services of a host that is gone, and removes what was kept of
// them.
func RemoveServices(ctx context.Context, lab, node string) error {
	dir := ServicesDir(lab, node)
	var errs []error
	for _, r := range service.Records(dir) {
		errs = append(errs, service.Host{Dir: dir}.End(ctx, r))
	}
	return errors.Join(append(errs, os.RemoveAll(dir))...)
}
