package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pseudowan/labs"
)

func newDiff(s streams) *cobra.Command {
	o := labs.DiffOptions{Stdin: s.in}
	c := &cobra.Command{
		Use:     "diff [LAB|FILE]",
		GroupID: groupLook,
		Short:   "Say how a running lab differs from a file",
		Long: `Diff compares a running lab, with what commands and the API have changed in it, with a
topology file or a ready lab; without one, with what the lab was brought up from. It
prints a line for each router, VRF, session, host, attachment and route that differs.
Exit code: 0 nothing differs, 1 something does.`,
		Example: `  sudo pseudowan diff
  sudo pseudowan diff my-lab.yaml`,
		Args: takes("[LAB|FILE]"),
	}
	c.Flags().StringVar(&o.Lab, "lab", "", "the lab; by default that of the file")
	completeFlag(c, "lab", runningLabs)
	kube := addKube(c)
	c.ValidArgsFunction = completing(readyLabs, cobra.ShellCompDirectiveDefault)
	c.RunE = func(c *cobra.Command, args []string) error {
		o.File = only(args)
		lines, file, err := []string(nil), o.File, error(nil)
		if kube.given {
			lines, err = kubeDiff(c.Context(), kube, o.File, s.in)
		} else {
			lines, file, err = labs.Diff(c.Context(), o)
		}
		if err != nil {
			return err
		}
		for _, line := range lines {
			fmt.Fprintln(s.out, line)
		}
		if len(lines) > 0 {
			return statusError(exitFailure)
		}
		_, err = fmt.Fprintf(s.out, "the running lab is as %s says\n", file)
		return err
	}
	return c
}
