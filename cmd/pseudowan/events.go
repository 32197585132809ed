package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

const eventsHelp = `Events prints what has happened in a running lab, a line each: commands that have
changed it and who gave them, BGP sessions and interfaces of routers that went up or
down, best routes of VRFs, neighbours and next hops that came or went, and what was
replaced because it had died. Of many routes or neighbours at once, a router counts what
is more than 20 in a second. With -o json each line is a document. About the last
megabyte is kept, until the lab is removed.`

func newEvents(s streams) *cobra.Command {
	o := look.EventOptions{}
	const all = -1
	c := &cobra.Command{
		Use:     "events",
		GroupID: groupLook,
		Short:   "Print what has happened in a running lab",
		Long:    eventsHelp,
		Example: `  sudo pseudowan events -n 20
  sudo pseudowan events -f -o json`,
		Args: takes(),
	}
	format := addFormat(c)
	addLab(c, &o.Lab, "the lab; needed if several run")
	kube := addKube(c)
	c.Flags().IntVarP(&o.Last, "tail", "n", all, "only this many of the last events; -1 for all")
	c.Flags().BoolVarP(&o.Follow, "follow", "f", false, "keep printing what happens, until the lab is removed, or Ctrl-C")
	c.RunE = func(c *cobra.Command, _ []string) error {
		if o.Last < 0 && c.Flags().Changed("tail") {
			return usagef("--tail must be a number of events, e.g. 20")
		}
		print := func(e status.Event) error { return show.Event(output(s.out, format), e) }
		err := error(nil)
		if kube.given {
			o.Lost = func(err error) { fmt.Fprintf(s.err, "pseudowan: %v; its events are no longer told\n", err) }
			_, err = withSites(c.Context(), kube, func(all *look.Sites) (struct{}, error) { return struct{}{}, all.Events(c.Context(), o, print) })
		} else {
			err = look.Events(c.Context(), o, print)
		}
		if o.Follow && errors.Is(err, context.Canceled) {
			return nil
		}
		return err
	}
	return c
}
