package main

import (
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"pseudowan/labs/catalog"
	"pseudowan/labs/look"
	"pseudowan/topology/diagram"
)

func newGraph(s streams) *cobra.Command {
	format := string(diagram.Text)
	var words []string
	for _, f := range diagram.Formats() {
		words = append(words, string(f))
	}
	c := &cobra.Command{
		Use:     "graph LAB|FILE",
		GroupID: groupFile,
		Short:   "Draw a lab: routers, links, VRFs, hosts, labels",
		Long: `Graph draws a running lab, a lab of the catalogue or a topology file ("-":
standard input) as text, SVG, Mermaid or DOT. It changes nothing and needs no
other program.`,
		Example: `  pseudowan graph pseudo-wan
  pseudowan graph my-lab.yaml --format svg > my-lab.svg
  pseudowan graph my-lab.yaml --format mermaid >> README.md`,
		Args:              takes("LAB|FILE"),
		ValidArgsFunction: completing(allLabs, cobra.ShellCompDirectiveDefault),
		RunE: func(_ *cobra.Command, args []string) error {
			lab, err := look.Draw(args[0], s.in)
			if err != nil {
				return err
			}
			picture, err := diagram.Draw(diagram.Format(format), lab.Topology, labelsOf(lab))
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.out, picture)
			return err
		},
	}
	c.Flags().Var(newChoice(&format, words...), "format", "the format")
	completeFlag(c, "format", func(context.Context) []string { return words })
	return c
}

func labelsOf(lab look.Drawing) diagram.Labels {
	labels := diagram.Labels{}
	for _, l := range lab.Labels {
		labels[diagram.Instance{Router: l.Router, VRF: l.VRF}] = l.Labels
	}
	return labels
}

// allLabs returns the running labs and those of the catalogue.
func allLabs(ctx context.Context) []string {
	names := slices.Concat(runningLabs(ctx), catalog.Names())
	slices.Sort(names)
	return slices.Compact(names)
}
