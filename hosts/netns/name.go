package netns

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"pseudowan/hosts"
)

// nameFile has the name of a host's runtime, if that is not netns.
const nameFile = "runtime"

// writeName records whose host it is.
func (r *namespaces) writeName(lab, node string) error {
	path := filepath.Join(r.homes.Dir(lab, node), nameFile)
	if r.name != hosts.NetNS {
		return os.WriteFile(path, []byte(r.name), 0o600)
	}
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// nameOf returns the runtime of a host.
func (r *namespaces) nameOf(lab, node string) string {
	name, err := os.ReadFile(filepath.Join(r.homes.Dir(lab, node), nameFile))
	if err != nil {
		return hosts.NetNS
	}
	return string(name)
}

// removeOthers removes the hosts that are to become hosts of this runtime: they have
// the same namespaces and directories.
func (r *namespaces) removeOthers(ctx context.Context, specs []hosts.Spec) error {
	all, err := hosts.Namespaces()
	if err != nil {
		return err
	}
	wanted := map[string]bool{}
	for _, s := range specs {
		wanted[s.Namespace] = r.nameOf(s.Lab, s.Node) != r.name
	}
	for _, ns := range all {
		if ns.Mark.Kind == hosts.KindHost && wanted[ns.Name] {
			if err := r.Remove(ctx, r.sandbox(ns)); err != nil {
				return err
			}
		}
	}
	return nil
}
