package labs

import (
	"context"
	"fmt"
	"io"

	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/topology"
	"pseudowan/topology/compare"
)

// DiffOptions select what Diff compares.
type DiffOptions struct {
	Lab   string    // "": the only one
	File  string    // a file, a ready lab, or "-" for Stdin; "": what the lab was brought up from
	Stdin io.Reader // read for "-"
}

// Diff says in a network engineer's words how a running lab differs from a file, a line
// each. It returns the name of the file, too.
func Diff(ctx context.Context, o DiffOptions) (lines []string, file string, err error) {
	if err := inventory.NeedRoot(); err != nil {
		return nil, "", err
	}
	var t *topology.Topology
	if o.File != "" {
		if t, _, err = catalog.Load(o.File, o.Stdin, inventory.Known()...); err != nil {
			return nil, "", err
		}
		if _, err := store.Applied(t.Name); err == nil && o.Lab == "" {
			o.Lab = t.Name // whatever else runs
		}
	}
	lab, err := inventory.Pick(ctx, o.Lab)
	if err != nil {
		return nil, "", err
	}
	applied, _, now, err := running(lab)
	if err != nil {
		return nil, "", err
	}
	if t == nil {
		if applied.Source == "" || applied.Source == "standard input" {
			return nil, "", fmt.Errorf("lab %s was not brought up from a file that is known; name one", lab)
		}
		if t, _, err = catalog.Load(applied.Source, nil, inventory.Known()...); err != nil {
			return nil, "", err
		}
	}
	return differences(now, t), t.Source, nil
}

func differences(now, file *topology.Topology) []string {
	return compare.Lines(now, file, compare.Names{Only: "the running lab", Other: "the file"})
}

// undoes lists what bringing a file up takes back of what was changed while the lab ran.
func undoes(t *topology.Topology) []string {
	applied, err := store.Applied(t.Name)
	if err != nil || !applied.Edited {
		return nil
	}
	_, _, now, err := running(t.Name)
	if err != nil {
		return nil // it is replaced as a whole
	}
	return differences(now, t)
}
