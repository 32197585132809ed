package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/labs/catalog"
	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/topology"
)

func newLabs(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "labs",
		GroupID: groupFile,
		Short:   "List the catalogue of ready labs",
		Long: `Labs lists the ready labs by groups, and the packages of the distribution that
each of them needs and this server lacks: hosts in namespaces run the server's
programs. -o json has all packages of a lab.`,
		Example: `  pseudowan labs
  pseudowan labs -o json`,
		Args: takes(),
	}
	format := addFormat(c)
	c.RunE = func(*cobra.Command, []string) error {
		rows, err := look.Catalogue()
		if err != nil {
			return err
		}
		return show.ReadyLabs(output(s.out, format), rows)
	}
	c.AddCommand(newLabsShow(s))
	return c
}

func newLabsShow(s streams) *cobra.Command {
	var otherEnd string
	c := &cobra.Command{
		Use:   "show NAME",
		Short: "Print the topology file of a ready lab",
		Long: `Show prints the topology file of a ready lab. With --other-end it prints the
configuration of a real router, by its make, that the lab expects behind a NIC.`,
		Example: `  pseudowan labs show pseudo-wan > my-lab.yaml
  pseudowan labs show pseudo-wan-eth1 --other-end frr > frr.conf`,
		Args:              takes("NAME"),
		ValidArgsFunction: completing(readyLabs, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(_ *cobra.Command, args []string) error {
			file, err := catalog.Find(args[0])
			if err == nil && otherEnd != "" {
				file, err = catalog.OtherEnd(args[0], otherEnd)
			}
			if err != nil {
				return err
			}
			_, err = s.out.Write(file)
			return err
		},
	}
	c.Flags().StringVar(&otherEnd, "other-end", "", "print the configuration of the router outside the lab: frr, ios-xr, junos or linux")
	completeFlagAfter(c, "other-end", func(_ context.Context, args []string) []string { return catalog.OtherEnds(only(args)) })
	return c
}

func newValidate(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "validate LAB|FILE",
		GroupID: groupFile,
		Short:   "Check a topology file without touching anything",
		Long: `Validate reads a topology file ("-": standard input) or a lab of the catalogue,
and reports every problem with its line and remedy. It warns of policies that
can match nothing, are never reached, are not used, or set a weight that is
never sent, and of passwords that stand elsewhere and cannot be read here. It
does not look at the rest of the server: up checks the sources of mounts and of
image builds before it touches anything, and doctor finds what else is missing.`,
		Example:           `  pseudowan validate my-lab.yaml`,
		Args:              takes("LAB|FILE"),
		ValidArgsFunction: completing(readyLabs, cobra.ShellCompDirectiveDefault),
		RunE: func(_ *cobra.Command, args []string) error {
			t, _, err := catalog.Load(args[0], s.in, labs.Runtimes()...)
			if err != nil {
				return err
			}
			printCautions(s.err, t.Warnings)
			if err := labs.CheckSecrets(t); err != nil {
				fmt.Fprintf(s.err, "pseudowan: warning: up would refuse this here: %v\n", err)
			}
			_, err = fmt.Fprintf(s.out, "%s is valid: lab %s, %s, %s\n", t.Source, t.Name,
				count(len(t.Routers), "router"), count(len(t.Hosts), "host"))
			return err
		},
	}
}

// printCautions prints what a file may have but its author cannot have meant.
func printCautions(w io.Writer, cautions topology.Problems) {
	for _, one := range cautions {
		fmt.Fprintf(w, "pseudowan: warning: %s\n", one)
	}
}

func newSchema(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "schema",
		GroupID: groupFile,
		Short:   "Print the JSON Schema of topology files",
		Example: `  pseudowan schema > pseudowan.schema.json
  # and on the first line of a topology file:
  # yaml-language-server: $schema=pseudowan.schema.json`,
		Args: takes(),
		RunE: func(*cobra.Command, []string) error {
			schema, err := topology.Schema(labs.Runtimes()...)
			if err != nil {
				return err
			}
			_, err = s.out.Write(schema)
			return err
		},
	}
}
