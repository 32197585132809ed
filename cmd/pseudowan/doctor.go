package main

import (
	"cmp"
	"slices"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/show"
	"pseudowan/status"
)

func newDoctor(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "doctor [LAB|FILE]",
		GroupID: groupLook,
		Short:   "Tell what this server has, lacks and what mends it",
		Long: `Doctor looks at the kernel, Open vSwitch, Docker, disks, limits and the labs of
this server. With a lab of the catalogue, a topology file or a lab that runs it
judges them by what that lab needs. It changes nothing. Where a lab cannot run
it exits with 1.`,
		Example: `  sudo pseudowan doctor
  sudo pseudowan doctor my-lab.yaml
  sudo pseudowan doctor -o json | jq '.[] | select(.status != "ok")'`,
		Args:              wants("[LAB|FILE]"),
		ValidArgsFunction: completing(allLabs, cobra.ShellCompDirectiveDefault),
	}
	format := addFormat(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		found, err := labs.Doctor(c.Context(), labs.DoctorOptions{Lab: only(args), Stdin: s.in})
		if err != nil {
			return err
		}
		if err := show.Findings(output(s.out, format), found); err != nil {
			return err
		}
		if slices.ContainsFunc(found, func(f status.Finding) bool { return f.Status == status.Fail }) {
			return statusError(exitFailure) // the table has said why
		}
		return nil
	}
	return c
}

// theLab is the lab that a command's argument or its --lab names, if any does.
func theLab(args []string, flag string) (string, error) {
	arg := only(args)
	if arg != "" && flag != "" && arg != flag {
		return "", usagef("LAB says %s and --lab says %s: which of them?", arg, flag)
	}
	return cmp.Or(arg, flag), nil
}

// only is a command's argument that may be left out.
func only(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}
