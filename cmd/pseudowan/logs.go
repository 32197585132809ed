package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
)

func newLogs(s streams) *cobra.Command {
	var o look.LogOptions
	const all = -1
	c := &cobra.Command{
		Use:     "logs NODE [SERVICE]",
		GroupID: groupLook,
		Short:   "Print the output of a host's own command, a service or a router's agent",
		Long: `Logs prints the output of a host's own command (command: in the topology file),
of a container's first process, of one of its services, or of a router's agent. At
least the last half megabyte is kept, even after the command has ended, until it is
started again. pseudowan ps shows how a command or a service ended.`,
		Example: `  sudo pseudowan logs host_001_101
  sudo pseudowan logs dhcp kea
  sudo pseudowan logs -f -n 20 pe1`,
		Args: takes("NODE", "[SERVICE]"),
		RunE: func(c *cobra.Command, args []string) error {
			if o.Last < 0 && c.Flags().Changed("tail") {
				return usagef("--tail must be a number of lines, e.g. 20")
			}
			o.Node, o.Service = args[0], only(args[1:])
			note, err := look.Log(c.Context(), o, s.out)
			if note != "" && err == nil {
				fmt.Fprintln(s.err, "pseudowan: "+note)
			}
			return err
		},
	}
	c.ValidArgsFunction = known(&o.Lab,
		func(k look.Completions, _ []string) []string { return k.Nodes },
		func(k look.Completions, args []string) []string { return k.Services(args[0]) })
	addLab(c, &o.Lab, "the lab; needed if several run")
	c.Flags().IntVarP(&o.Last, "tail", "n", all, "only this many of the last lines; -1 for all")
	c.Flags().BoolVarP(&o.Follow, "follow", "f", false, "keep printing new output until the command ends, or Ctrl-C")
	addWhileAsked(c, s)
	return atNode(c)
}
