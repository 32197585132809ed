package main

import (
	"context"
	"errors"
	"net/netip"
	"runtime/debug"

	"github.com/spf13/cobra"

	"pseudowan/k8s/pods"
	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

func newPS(s streams) *cobra.Command {
	var lab string
	c := &cobra.Command{
		Use:     "ps",
		GroupID: groupLook,
		Short:   "List the routers and hosts of running labs",
		Example: `  sudo pseudowan ps
  sudo pseudowan ps --lab pseudo-wan -o json`,
		Args: takes(),
	}
	format := addFormat(c)
	addLab(c, &lab, "only this lab")
	kube := addKube(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		rows, err := nodes(c, kube, lab)
		if err != nil && len(rows) == 0 {
			return err
		}
		// A runtime that does not answer must not hide the rest.
		err = errors.Join(show.Nodes(output(s.out, format), rows), err)
		if format.Format == show.Table || format.Format == show.Wide {
			err = errors.Join(show.Endings(s.err, rows), err)
		}
		return err
	}
	return c
}

// nodes lists the nodes of labs on this server, or on a cluster.
func nodes(c *cobra.Command, kube *kubeFlag, lab string) ([]status.Node, error) {
	if kube.given {
		return pods.Rows[status.Node](c.Context(), kube.lab, arguments(c)...)
	}
	return look.Nodes(c.Context(), lab)
}

// selection is what a show command is asked for.
type selection struct {
	kube   *kubeFlag
	lab    string
	filter look.Filter
	format *formatFlag
}

func newShow(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:     "show",
		GroupID: groupLook,
		Short:   "Show a table of a running lab's routers",
		Example: `  sudo pseudowan show vrf --router pe1
  sudo pseudowan show flow --vrf 65001:101 -o json
  sudo pseudowan show peer --watch
  sudo pseudowan show mpls --format original`,
	}
	onlySubcommands(c)
	sel := &selection{kube: addKube(c), format: formatAmong(c, c.PersistentFlags())}
	addLab(c, &sel.lab, "the lab; needed if several run")
	c.PersistentFlags().StringVar(&sel.filter.Router, "router", "", "only this router")
	c.PersistentFlags().StringVar(&sel.filter.VRF, "vrf", "", "only this VRF, by name or route distinguisher")
	completeFlag(c, "router", func(ctx context.Context) []string { return look.Complete(ctx, sel.lab).Routers })
	completeFlag(c, "vrf", func(ctx context.Context) []string { return look.Complete(ctx, sel.lab).VRFs(sel.filter.Router) })
	c.AddCommand(
		tableCommand(s, sel, "peer", "BGP sessions", (*look.Lab).Peers, show.Peers),
		neighborCommand(s, sel),
		tableCommand(s, sel, "interface", "Ports with their addresses", (*look.Lab).Interfaces, show.Interfaces),
		tableCommand(s, sel, "arp", "Neighbours, IPv4 (ARP) and IPv6 (ND)", (*look.Lab).Neighbors, show.Neighbors),
		streamCommand(s, sel, "vrf", "VRFs with their routes", (*look.Lab).EachVRF, show.EachVRF),
		streamCommand(s, sel, "route", "Routes by which routers forward, in VRFs and in a core", (*look.Lab).EachRoute, show.EachActiveRoute),
		streamCommand(s, sel, "mpls", "Labels that routers advertise, and labels to push", (*look.Lab).EachMPLS, show.EachMPLS),
		tableCommand(s, sel, "lsp", "Label-switched paths to the routers' loopbacks, in a lab with core", (*look.Lab).LSPs, show.LSPs),
		tableCommand(s, sel, "core", "Links that label-switched paths use", (*look.Lab).CoreLinks, show.CoreLinks),
		tableCommand(s, sel, "bfd", "Sessions of BFD, which watch the paths to BGP peers", (*look.Lab).BFD, show.BFD),
		flowCommand(s, sel),
		tableCommand(s, sel, "port", "Packet and byte counters of the ports", (*look.Lab).Ports, show.Ports),
		tableCommand(s, sel, "guard", "Port guards of hosts on segments, and what they dropped", (*look.Lab).Guards, show.Guards),
		tableCommand(s, sel, "bmp", "BMP stations that routers tell of their sessions and tables", (*look.Lab).Stations, show.Stations),
		tableCommand(s, sel, "mrt", "MRT files in which routers record what their peers send", (*look.Lab).MRT, show.MRT),
		streamCommand(s, sel, "rib", "VPN routes of the BGP speakers, before import", (*look.Lab).EachRIB, show.EachRIB),
	)
	withForms(s, c, sel)
	return c
}

// tableCommand returns one `show` command: it asks the lab for rows and prints
// them.
func tableCommand[T any](
	s streams, sel *selection, name, short string,
	ask func(*look.Lab, context.Context, look.Filter) ([]T, error),
	print func(show.Output, []T) error,
) *cobra.Command {
	return onKube(sel, showCommand(sel, name, short, func(c *cobra.Command, lab *look.Lab) error {
		rows, err := ask(lab, c.Context(), sel.filter)
		if err != nil && len(rows) == 0 {
			return err
		}
		// A router that does not answer must not hide the others.
		return errors.Join(print(output(s.out, sel.format), rows), err)
	}), func(rows []T) error { return print(output(s.out, sel.format), rows) })
}

// onKube gives a command that prints rows another source: all sites of a lab.
func onKube[T any](sel *selection, c *cobra.Command, print func([]T) error) *cobra.Command {
	here := c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !sel.kube.given {
			return here(c, args)
		}
		return printSites(c, sel, print)
	}
	return c
}

// printSites prints the rows of all sites of a lab.
func printSites[T any](c *cobra.Command, sel *selection, print func([]T) error) error {
	rows, err := pods.Rows[T](c.Context(), sel.kube.lab, arguments(c)...)
	if err != nil && len(rows) == 0 {
		return err
	}
	return errors.Join(print(rows), err)
}

// streamCommand is tableCommand for a table of routes, which is printed as it comes.
func streamCommand[T any](
	s streams, sel *selection, name, short string,
	ask func(*look.Lab, context.Context, look.Filter) status.Rows[T],
	print func(show.Output, status.Rows[T]) error,
) *cobra.Command {
	c := showCommand(sel, name, short, func(c *cobra.Command, lab *look.Lab) error {
		debug.SetGCPercent(streamGC)
		return print(output(s.out, sel.format), ask(lab, c.Context(), sel.filter))
	})
	return selecting(sel, onKube(sel, c, func(rows []T) error {
		return print(output(s.out, sel.format), func(yield func([]T) error) error { return yield(rows) })
	}))
}

// streamGC keeps the command small: of the rows that pass, few live long.
const streamGC = 25

func showCommand(sel *selection, name, short string, do func(*cobra.Command, *look.Lab) error) *cobra.Command {
	return &cobra.Command{
		Use:   name,
		Short: short,
		Example: "  sudo pseudowan show " + name + "\n" +
			"  sudo pseudowan show " + name + " --router pe1 -o json",
		Args: takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			lab, err := look.Open(c.Context(), sel.lab)
			if err != nil {
				return err
			}
			return do(c, lab)
		},
	}
}

// selecting gives a command for a table of routes the flags that select prefixes.
func selecting(sel *selection, c *cobra.Command) *cobra.Command {
	prefix := ""
	c.Flags().StringVar(&prefix, "prefix", "", "only this prefix, as 10.1.0.0/24")
	c.Flags().BoolVar(&sel.filter.Longer, "longer", false, "with --prefix: also the prefixes inside it")
	c.Example += "\n  sudo pseudowan " + "show " + c.Name() + " --prefix 10.0.0.0/8 --longer"
	c.PreRunE = func(*cobra.Command, []string) error {
		if prefix == "" && sel.filter.Longer {
			return usagef("--longer needs --prefix")
		}
		if prefix == "" {
			return nil
		}
		p, err := netip.ParsePrefix(prefix)
		if err != nil {
			return usagef("--prefix %s: give a prefix with its length, as 10.1.0.0/24", prefix)
		}
		if p != p.Masked() {
			return usagef("--prefix %s has bits beyond its length: did you mean %s?", prefix, p.Masked())
		}
		sel.filter.Prefix = p
		return nil
	}
	return c
}

func flowCommand(s streams, sel *selection) *cobra.Command {
	fast := false
	c := streamCommand(s, sel, "flow", "Packet and byte counters of routes and incoming labels",
		func(l *look.Lab, ctx context.Context, f look.Filter) status.Rows[status.Flow] {
			return l.EachFlow(ctx, f, fast)
		},
		show.EachFlow)
	c.Flags().BoolVar(&fast, "fast", false, "do not wait for exact counters (they may lag by ten seconds)")
	return c
}

// addLab gives c and its subcommands the flag --lab.
func addLab(c *cobra.Command, lab *string, usage string) {
	c.PersistentFlags().StringVar(lab, "lab", "", usage)
	completeFlag(c, "lab", runningLabs)
}
