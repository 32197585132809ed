package labs

import (
	"context"

	"pseudowan/labs/inventory"
	"pseudowan/topology"
)

// Export returns the text of a running lab's topology, run-time changes included, and
// the directory where relative paths in it start. up finds nothing to change in it.
func Export(ctx context.Context, lab string) ([]byte, string, error) {
	if err := inventory.NeedRoot(); err != nil {
		return nil, "", err
	}
	lab, err := inventory.Pick(ctx, lab)
	if err != nil {
		return nil, "", err
	}
	applied, text, _, err := running(lab)
	return text, applied.Dir, err
}

// Running returns the topology of a running lab, run-time changes included.
func Running(ctx context.Context, lab string) (*topology.Topology, error) {
	lab, err := inventory.Pick(ctx, lab)
	if err != nil {
		return nil, err
	}
	_, _, t, err := running(lab)
	return t, err
}
