package main

import (
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

// views are the words after a peer.
var views = []status.RouteView{status.RoutesReceived, status.RoutesAccepted, status.RoutesAdvertised}

func neighborCommand(s streams, sel *selection) *cobra.Command {
	c := &cobra.Command{
		Use:   "neighbor [PEER [received|accepted|advertised]]",
		Short: "BGP sessions in full, and the routes of one",
		Long: `Neighbor shows all that is known of BGP sessions: of every one, or of those with
PEER, which is an address, or the name of a router or a host. After PEER, received
lists the routes that it has announced, with what the import policy thinks of
them, accepted those that are used, as the policy has changed them, and advertised
the routes that it has been told, after the export policy. -o wide adds route
targets and communities.`,
		Example: `  sudo pseudowan show neighbor
  sudo pseudowan show neighbor 192.168.0.2 received
  sudo pseudowan show neighbor pe2 advertised -o wide --router pe1`,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) > 2:
				return usagef("neighbor takes PEER and a view of its routes; see `pseudowan show neighbor --help`")
			case len(args) == 2 && !slices.Contains(views, status.RouteView(args[1])):
				return usagef("unknown view %q: choose one of received, accepted, advertised", args[1])
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if sel.kube.given && len(args) < 2 {
				return printSites(c, sel, func(rows []status.Peer) error { return show.Sessions(output(s.out, sel.format), rows) })
			}
			if sel.kube.given {
				return printSites(c, sel, func(rows []status.SessionRoute) error { return show.SessionRoutes(output(s.out, sel.format), rows) })
			}
			lab, err := look.Open(c.Context(), sel.lab)
			if err != nil {
				return err
			}
			peer := ""
			if len(args) > 0 {
				peer = args[0]
			}
			if len(args) < 2 {
				rows, err := lab.Sessions(c.Context(), sel.filter, peer)
				if err != nil && len(rows) == 0 {
					return err
				}
				return errors.Join(show.Sessions(output(s.out, sel.format), rows), err)
			}
			rows, err := lab.SessionRoutes(c.Context(), sel.filter, peer, status.RouteView(args[1]))
			if err != nil && len(rows) == 0 {
				return err
			}
			return errors.Join(show.SessionRoutes(output(s.out, sel.format), rows), err)
		},
	}
	c.ValidArgsFunction = known(&sel.lab,
		func(k look.Completions, _ []string) []string { return k.Nodes },
		func(look.Completions, []string) []string {
			words := make([]string, len(views))
			for i, v := range views {
				words[i] = string(v)
			}
			return words
		})
	return c
}
