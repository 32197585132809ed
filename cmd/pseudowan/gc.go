package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/show"
	"pseudowan/status"
)

func newGC(s streams) *cobra.Command {
	yes := false
	c := &cobra.Command{
		Use:     "gc",
		GroupID: groupRun,
		Short:   "List what killed commands have left behind, and remove it",
		Long: `Gc lists what has the mark of a lab, made by any version of the program, and belongs to
no lab: what an interrupted removal has left, namespaces, containers, processes and
files of labs of which nobody knows what they should be, and nodes in running labs that
their plan does not have. With --yes it removes that.

Nothing without our mark is ever touched. A lab that a command is changing is left
alone, and so are running labs, and labs that up can bring back after a reboot: with a
plan, be it damaged, or with what their hosts keep. Containers of earlier versions, and
those from images with our labels, are listed and never removed.`,
		Example: `  sudo pseudowan gc
  sudo pseudowan gc --yes`,
		Args: takes(),
	}
	format := addFormat(c)
	c.Flags().BoolVar(&yes, "yes", false, "remove what is listed")
	c.RunE = func(c *cobra.Command, _ []string) error {
		rows, err := withProgress(s, func(p progress) ([]status.Orphan, error) { return labs.Collect(c.Context(), yes, p) })
		table := format.Format == show.Table || format.Format == show.Wide
		switch {
		case err != nil && len(rows) == 0:
			return err
		case table && len(rows) == 0:
			fmt.Fprintln(s.out, "nothing is left behind")
			return err
		}
		err = errors.Join(show.Orphans(output(s.out, format), rows), err)
		if table && !yes {
			fmt.Fprintln(s.err, "`pseudowan gc --yes` removes this")
		}
		return err
	}
	return c
}
