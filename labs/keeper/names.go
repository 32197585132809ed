package keeper

import (
	"errors"
	"log/slog"
	"os"
	"slices"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// RecoverNames gives the lab's namespaces that have lost their names these
// names back, where nothing else has them now, and removes names that have no
// namespace. It returns what it has recovered.
func RecoverNames(lab string) ([]hosts.Namespace, error) {
	found, err := inventory.FindTraces(lab)
	if err != nil {
		return nil, err
	}
	for _, n := range found.Leftovers {
		if err := n.Delete(); err != nil {
			return nil, err
		}
	}
	var recovered []hosts.Namespace
	for _, l := range found.Lost {
		name := plan.NamespaceOf(l.Mark)
		if !inventory.NameIsFree(name) || l.Mark.Kind == hosts.KindPort {
			continue
		}
		ns, err := l.Recover(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return recovered, err
		}
		recovered = append(recovered, ns)
	}
	return recovered, nil
}

// recoverMissing gives namespaces that somebody has deleted by name, and in which
// the lab lives on, their names back. A command that changes the lab sees to
// that itself.
func recoverMissing(lab string, names []string, log *slog.Logger) {
	lacking := slices.ContainsFunc(names, func(name string) bool {
		_, err := os.Lstat(hosts.Namespace{Name: name}.Path())
		return errors.Is(err, os.ErrNotExist)
	})
	if !lacking || store.GoingDown(lab) {
		return
	}
	held, err := store.TryAcquire(lab)
	if err != nil {
		return
	}
	defer held.Release()
	if store.GoingDown(lab) {
		return
	}
	recovered, err := RecoverNames(lab)
	for _, ns := range recovered {
		log.Warn("a namespace had lost its name", "namespace", ns.Name)
		store.NoteMended(lab, "gave namespace "+ns.Name+" its name back")
	}
	if err != nil {
		log.Error("namespaces without a name", "error", err)
	}
}
