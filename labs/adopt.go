package labs

import (
	"errors"

	"pseudowan/hosts"
	"pseudowan/labs/store"
)

// adoptEarlier marks the namespaces of a lab made by an earlier version of this
// program, which marked them only inside. They belong to the lab because its plan,
// which only root can write, names them.
func adoptEarlier(lab string) error {
	unmarked, err := hosts.Unmarked()
	if err != nil || len(unmarked) == 0 {
		return err
	}
	plan, err := store.Applied(lab)
	if err != nil {
		return nil // nothing is known of the lab
	}
	marks := plan.Marks()
	var errs []error
	for _, name := range unmarked {
		if m, ok := marks[name]; ok {
			_, err := hosts.AdoptNamespace(name, m)
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
