package labs

import (
	"errors"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/store"
)

// adoptEarlier marks the namespaces of a lab made by an earlier version of this
// program, which marked them only inside. They belong to the lab because its plan,
// which only root can write, names them.
func adoptEarlier(lab string) error {
	plan, err := store.Applied(lab)
	if err != nil {
		return nil // nothing is known of the lab
	}
	marked, err := hosts.Namespaces()
	if err != nil {
		return err
	}
	var errs []error
	for name, m := range plan.Marks() {
		if slices.ContainsFunc(marked, func(ns hosts.Namespace) bool { return ns.Name == name }) {
			continue
		}
		_, err := hosts.AdoptNamespace(name, m)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}
