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

// RecoverNames restores the lost names of the lab's namespaces, unless they are
// taken, and removes names without a namespace. It returns the recovered
// namespaces.
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

// recoverMissing recovers missing names: a namespace whose name was deleted lives on
// with the processes in it. It does nothing while a command changes the lab, because
// the command does the same.
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
		log.Warn("recovered the lost name of a namespace", "namespace", ns.Name)
		store.NoteMended(lab, "gave namespace "+ns.Name+" its name back")
	}
	if err != nil {
		log.Error("cannot recover the names of namespaces", "error", err)
	}
}
