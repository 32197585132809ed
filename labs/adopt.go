package labs

import (
	"errors"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/store"
)

// adoptEarlier marks the namespaces of a lab that an earlier version of this
// program made, which marked them only inside. They are the lab's because they
// are in its plan, which only root can write.
func adoptEarlier(lab string) error {
	plan, err := store.Applied(lab)
	if err != nil {
		return nil // without a plan, nothing is known of it
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
