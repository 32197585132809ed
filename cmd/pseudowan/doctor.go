package main

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

func newDoctor(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "doctor [LAB|FILE]",
		GroupID: groupLook,
		Short:   "Check this server for what labs need, with remedies",
		Long: `Doctor examines the kernel, Open vSwitch, Docker, disks, limits and labs of this
server, and judges them by the needs of a lab: from the catalogue, of a topology
file, or running. It changes nothing. If a lab cannot run, it exits with 1.

For a lab that does not run yet, the row cost says what it takes, about: memory,
processes, open files, entries of the kernel's neighbour tables, and the time until
it has converged. It is counted from the topology: routes that hosts or routers
outside announce on top are not in it (10 kB and 0.2 ms of a core each).`,
		Example: `  sudo pseudowan doctor
  sudo pseudowan doctor my-lab.yaml
  sudo pseudowan doctor -o json | jq '.[] | select(.status != "ok")'`,
		Args:              takes("[LAB|FILE]"),
		ValidArgsFunction: completing(allLabs, cobra.ShellCompDirectiveDefault),
	}
	format := addFormat(c)
	nics := addNICs(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		found, err := look.Doctor(c.Context(), look.DoctorOptions{Lab: only(args), Stdin: s.in, NICs: nics.names})
		if err != nil {
			return err
		}
		if err := show.Findings(output(s.out, format), found); err != nil {
			return err
		}
		if slices.ContainsFunc(found, func(f status.Finding) bool { return f.Status == status.Fail }) {
			return statusError(exitFailure) // the table says why
		}
		return nil
	}
	return c
}

// theLab returns the lab that a command's argument or its --lab names, if any.
func theLab(args []string, flag string) (string, error) {
	arg := only(args)
	if arg != "" && flag != "" && arg != flag {
		return "", usagef("LAB is %s and --lab is %s; give one of them", arg, flag)
	}
	return cmp.Or(arg, flag), nil
}

// only returns a command's optional argument.
func only(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
