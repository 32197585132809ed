package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/labs/look"
)

const powerHelp = `

A stopped router or host has no processes, and its ports are down, as if somebody had
switched it off: its neighbours lose the carrier. Nothing starts it but start, restart
and up. A paused one is frozen: its ports are up, packets are sent to it, and BGP
sessions end when their hold time is over; start lets it run on. The kernel of a paused
host still answers ARP and ping.

ps and show interface show what is stopped or paused. What is killed half-way is completed
by the next command that changes the lab, which says so.`

// powerTexts are what the commands do, in words.
var powerTexts = map[labs.PowerAction]struct{ short, long, done string }{
	labs.PowerStop:    {"Switch a router or a host off", "Stop ends what runs in a router or a host, and sets its ports down.", "stopped"},
	labs.PowerStart:   {"Start a stopped node, or let a paused one run again", "Start starts a stopped router or host, or lets a paused one run again. It does not\nwait for sessions and routes: see wait --for converged.", "started"},
	labs.PowerRestart: {"Switch a router or a host off and on", "Restart stops a router or a host and starts it again. It does not wait for sessions\nand routes: see wait --for converged.", "restarted"},
	labs.PowerPause:   {"Freeze a router or a host", "Pause freezes what runs in a router or a host.", "paused"},
}

func newPower(s streams, action labs.PowerAction) *cobra.Command {
	o := labs.PowerOptions{Action: action}
	text := powerTexts[action]
	c := &cobra.Command{
		Use:     string(action) + " NODE",
		GroupID: groupRun,
		Short:   text.short,
		Long:    text.long + powerHelp,
		Example: "  sudo pseudowan " + string(action) + " pe1\n" +
			"  sudo pseudowan " + string(action) + " host_001_101 --lab pseudo-wan",
		Args: takes("NODE"),
		RunE: func(c *cobra.Command, args []string) error {
			o.Node = args[0]
			done, err := labs.Power(c.Context(), o)
			s.tellBefore(done.Before)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.out, "%s of lab %s: %s\n", done.Node, done.Lab, text.done)
			return err
		},
	}
	c.ValidArgsFunction = known(&o.Lab, func(k look.Completions, _ []string) []string { return k.Nodes })
	addLab(c, &o.Lab, "the lab; needed if several run")
	return atNode(c)
}
