package labs

import (
	"errors"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/store"
)

// adoptEarlier takes over the namespaces of a lab that a version of this program
// has made which marked them inside alone. That they are the lab's is known from
// its plan, which nobody but root can write.
func adoptEarlier(lab string) error {
	plan, err := store.Applied(lab)
	if err != nil {
		return nil // nothing is known of it
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
