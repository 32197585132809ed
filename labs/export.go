package labs

import (
	"context"

	"pseudowan/labs/inventory"
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
