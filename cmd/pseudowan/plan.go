package main

import (
	"context"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/show"
	"pseudowan/topology"
)

// exitSomething is the exit code of plan if up would do something.
const exitSomething = 2

const planHelp = `Plan says what ` + "`pseudowan up`" + ` would do with a lab of the catalogue or a topology file,
and does nothing: which hosts will reach which, and no longer, by the route targets and
policies; which routers announce and withdraw which prefixes; which VRFs stay as they
are; and what it takes back of changes made while the lab ran. -v also lists nodes and
differences, a line each. What up refuses before it touches anything, plan refuses.
Exit code: 0 nothing to do, 2 something to do, or wrong usage.`

func newPlan(s streams) *cobra.Command {
	o := labs.UpOptions{Stdin: s.in}
	verbose := false
	c := &cobra.Command{
		Use: "plan LAB|FILE", GroupID: groupLook, Short: "Say what up would do with a file", Long: planHelp,
		Example: `  sudo pseudowan plan my-lab.yaml
  sudo pseudowan plan my-lab.yaml -v
  sudo pseudowan plan my-lab.yaml -o json | jq '.reach[] | select(.gained | not)'`,
		Args:              takes("LAB|FILE"),
		ValidArgsFunction: completing(readyLabs, cobra.ShellCompDirectiveDefault),
	}
	format := addFormat(c)
	nics := addNICs(c)
	c.Flags().BoolVarP(&verbose, "verbose", "v", false, "also list nodes and differences")
	c.RunE = func(c *cobra.Command, args []string) error {
		o.Lab, o.NICs = args[0], nics.names
		return dryRun(c.Context(), s, o, format, verbose)
	}
	return c
}

// dryRun prints what up would do.
func dryRun(ctx context.Context, s streams, o labs.UpOptions, format *formatFlag, verbose bool) error {
	o.Cautions = func(list topology.Problems) { printCautions(s.err, list) }
	p, err := labs.DryRun(ctx, o)
	if err != nil {
		return err
	}
	if err := show.Preview(output(s.out, format), p, verbose); err != nil {
		return err
	}
	if p.Nothing() {
		return nil
	}
	return statusError(exitSomething)
}
