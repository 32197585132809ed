package labs

import (
	"errors"
	"slices"

	"pseudowan/hosts"
)

// adoptEarlier takes over the namespaces of a lab that a version of this program
// has made which marked them inside alone. That they are the lab's is known from
// its plan, which nobody but root can write.
func adoptEarlier(lab string) error {
	plan, err := appliedPlan(lab)
	if err != nil {
		return nil // nothing is known of it
	}
	marked, err := hosts.Namespaces()
	if err != nil {
		return err
	}
	var errs []error
	for name, m := range plan.marks() {
		if slices.ContainsFunc(marked, func(ns hosts.Namespace) bool { return ns.Name == name }) {
			continue
		}
		_, err := hosts.AdoptNamespace(name, m)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// marks are those of all namespaces that the plan makes, by name.
func (p *Plan) marks() map[string]hosts.Mark {
	marks := map[string]hosts.Mark{p.Namespace: {Lab: p.Lab, Kind: hosts.KindLab}}
	for _, r := range p.Routers {
		marks[r.Namespace] = hosts.Mark{Lab: p.Lab, Node: r.Name, Kind: hosts.KindRouter}
		for _, name := range r.portNamespaces() {
			marks[name] = hosts.Mark{Lab: p.Lab, Node: r.Name, Kind: hosts.KindPort}
		}
	}
	for _, h := range p.Hosts {
		if h.Runtime == netnsName {
			marks[h.Namespace] = hosts.Mark{Lab: p.Lab, Node: h.Name, Kind: hosts.KindHost}
		}
	}
	return marks
}
