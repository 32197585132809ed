package main

import (
	"github.com/spf13/cobra"

	"pseudowan/labs"
)

func newExport(s streams) *cobra.Command {
	lab := ""
	c := &cobra.Command{
		Use:     "export [LAB]",
		GroupID: groupFile,
		Short:   "Print the topology file of a running lab, with its run-time changes",
		Long: `Export prints the topology of a running lab as a file: the one that it was brought up
from, with what commands and the API have changed since. ` + "`pseudowan up`" + ` finds nothing
to change in it. Comments stay. Relative paths in it start where they did before.`,
		Example:           `  sudo pseudowan export > my-lab.yaml`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, 0),
	}
	addLab(c, &lab, "the same as LAB")
	c.RunE = func(c *cobra.Command, args []string) error {
		name, err := theLab(args, lab)
		if err != nil {
			return err
		}
		text, _, err := labs.Export(c.Context(), name)
		if err != nil {
			return err
		}
		_, err = s.out.Write(text)
		return err
	}
	return c
}
