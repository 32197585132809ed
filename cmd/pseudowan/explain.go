package main

import (
	"net/netip"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

func newExplain(s streams) *cobra.Command {
	var lab string
	c := &cobra.Command{
		Use:     "explain ROUTER VRF PREFIX",
		GroupID: groupLook,
		Short:   "Explain why a prefix is in a VRF, or why not",
		Long: `Explain shows who announces a prefix, with which route targets, whether the VRF
imports one of them, whether the route was received, and which step of best path
selection decided about each path. VRF is a name or an RD; an address stands for
its /32 or /128.`,
		Example: `  sudo pseudowan explain pe1 101 30.1.0.2/32
  sudo pseudowan explain pe2 10.0.0.2:3 ::/0 --lab hub-spoke -o json`,
		Args: takes("ROUTER", "VRF", "PREFIX"),
		ValidArgsFunction: known(&lab,
			func(k look.Completions, _ []string) []string { return k.Routers },
			func(k look.Completions, before []string) []string { return k.VRFs(before[0]) },
			func(k look.Completions, _ []string) []string { return k.Prefixes }),
	}
	format := addFormat(c)
	addLab(c, &lab, "the lab; needed if several run")
	kube := addKube(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		prefix, err := parsePrefix(args[2])
		if err != nil {
			return err
		}
		explain := func() (status.Explanation, error) { return look.Explain(c.Context(), lab, args[0], args[1], prefix) }
		if kube.given {
			explain = func() (status.Explanation, error) {
				return withSites(c.Context(), kube, func(all *look.Sites) (status.Explanation, error) {
					return all.Explain(c.Context(), args[0], args[1], prefix)
				})
			}
		}
		e, err := explain()
		if err != nil {
			return err
		}
		return show.Explanation(output(s.out, format), e)
	}
	return c
}

// parsePrefix reads a prefix, or an address as a /32 or /128.
func parsePrefix(s string) (netip.Prefix, error) {
	if a, err := netip.ParseAddr(s); err == nil {
		return netip.PrefixFrom(a, a.BitLen()), nil
	}
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return netip.Prefix{}, usagef("explain: %q is not a prefix such as 10.1.0.0/24", s)
	}
	return p.Masked(), nil
}
