package main

import (
	"net/netip"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

const traceHelp = `Trace follows a packet from a host to an address by three sources: the routers'
BGP and VRF tables, their Open vSwitch (ofproto/trace), and real packets with
growing TTL. If the three disagree, it says where, and exits with 1. If a host on
the way may translate addresses or drop packets, or sends through an interface
that is not in the topology, it says that it cannot tell.`

func newTrace(s streams) *cobra.Command {
	var lab string
	c := &cobra.Command{
		Use:     "trace HOST ADDRESS",
		GroupID: groupLook,
		Short:   "Follow a packet: VRF, route, labels, router by router",
		Long:    traceHelp,
		Example: `  sudo pseudowan trace host_001_101 30.1.0.2
  sudo pseudowan trace s2 10.3.0.2 --lab hub-spoke -o json`,
		Args: takes("HOST", "ADDRESS"),
		ValidArgsFunction: known(&lab,
			func(k look.Completions, _ []string) []string { return k.Hosts },
			func(k look.Completions, _ []string) []string { return k.Addresses }),
	}
	format := addFormat(c)
	addLab(c, &lab, "the lab; needed if several run")
	kube := addKube(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		to, err := parseDestination(args[1])
		if err != nil {
			return err
		}
		t, err := withProgress(s, func(p progress) (status.Trace, error) {
			p.Step("tracing")
			if kube.given {
				return withSites(c.Context(), kube, func(all *look.Sites) (status.Trace, error) { return all.Trace(c.Context(), args[0], to) })
			}
			return look.Trace(c.Context(), lab, args[0], to)
		})
		if err != nil {
			return err
		}
		if err := show.Trace(output(s.out, format), t); err != nil {
			return err
		}
		if len(t.Disagreements) > 0 {
			return statusError(exitFailure)
		}
		return nil
	}
	return c
}

func parseDestination(s string) (netip.Addr, error) {
	a, err := netip.ParseAddr(s)
	if err != nil {
		return a, usagef("trace: %q is not an IP address", s)
	}
	if a.Zone() != "" {
		return a, usagef("trace: %s names an interface; routers do not forward to link-local addresses", a)
	}
	return a.Unmap(), nil
}
