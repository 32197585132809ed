package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pseudowan/labs/catalog"
	"pseudowan/labs/look"
	"pseudowan/topology/diagram"
)

func newGraph(s streams) *cobra.Command {
	format, path := string(diagram.Text), ""
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
other program.

With --lsp, the links of the label-switched path from one router to another of a running
lab stand out, all of equal ones, with the labels with which packets leave each router.`,
		Example: `  pseudowan graph pseudo-wan
  pseudowan graph core --lsp pe1,pe4 --format svg > path.svg
  pseudowan graph my-lab.yaml --format svg > my-lab.svg
  pseudowan graph my-lab.yaml --format mermaid >> README.md`,
		Args:              takes("LAB|FILE"),
		ValidArgsFunction: completing(allLabs, cobra.ShellCompDirectiveDefault),
		RunE: func(c *cobra.Command, args []string) error {
			lab, err := look.Draw(args[0], s.in)
			if err != nil {
				return err
			}
			hops, err := pathToDraw(c.Context(), lab, path)
			if err != nil {
				return err
			}
			picture, err := diagram.Draw(diagram.Format(format), lab.Topology, labelsOf(lab), hops...)
			if err != nil {
				return err
			}
			_, err = io.WriteString(s.out, picture)
			return err
		},
	}
	c.Flags().Var(newChoice(&format, words...), "format", "the format")
	c.Flags().StringVar(&path, "lsp", "", "draw the label-switched path between two routers of a running lab: `FROM,TO`")
	completeFlag(c, "format", func(context.Context) []string { return words })
	return c
}

// pathToDraw returns the hops of a label-switched path of a running lab, "FROM,TO".
func pathToDraw(ctx context.Context, drawn look.Drawing, path string) (hops []diagram.Hop, err error) {
	if path == "" {
		return nil, nil
	}
	from, to, ok := strings.Cut(path, ",")
	if !ok || from == "" || to == "" || from == to {
		return nil, usagef("--lsp %s: want two routers, FROM,TO", path)
	}
	found, err := drawn.LSP(ctx, from, to)
	for _, h := range found {
		hops = append(hops, diagram.Hop{Router: h.Router, Interface: h.Interface, Words: h.String()})
	}
	return hops, err
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
