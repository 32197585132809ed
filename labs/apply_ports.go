package labs

import (
	"errors"

	"pseudowan/hosts"
)

func (a *applier) portNamespaces() error {
	for _, r := range a.plan.Routers {
		for _, name := range r.PortNamespaces() {
			if err := a.namespace(name, hosts.Mark{Lab: a.plan.Lab, Node: r.Name, Kind: hosts.KindPort}); err != nil {
				return err
			}
		}
	}
	return nil
}

// removeExtraPorts removes the namespaces of ports that the plan no longer
// has.
func (a *applier) removeExtraPorts() error {
	keep := map[string]bool{}
	for _, r := range a.plan.Routers {
		for _, name := range r.PortNamespaces() {
			keep[name] = true
		}
	}
	var errs []error
	for _, ns := range a.before.ByKind(hosts.KindPort) {
		if !keep[ns.Name] {
			errs = append(errs, ns.Delete())
		}
	}
	return errors.Join(errs...)
}
