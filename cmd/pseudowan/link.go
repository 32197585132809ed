package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/hosts/impair"
	"pseudowan/labs"
	"pseudowan/labs/look"
)

const linkHelp = `Link cuts a link of a running lab, as if somebody had pulled the cable; impairs it,
so that packets are lost, late, or limited in their rate, in both directions, while
both ends keep their carrier; or restores it.

A link is named by one of its ends, as pe1:eth1 or host1:eth0. The name of a segment
stands for all of it: for a wire between two hosts, or for every port of a LAN. A
router loses the carrier of a link that is down, and so does a host.

show interface and ps show what is done to links. up restores all of them. A port that
its router keeps down because it is cut off from the core (uplink-tracking) stays down
until the core is back.

Kernels without the network emulator (netem) lose packets by nftables and limit
rates by tbf; they cannot delay.`

func newLink(s streams) *cobra.Command {
	var o labs.LinkOptions
	var loss, rate string
	var delay time.Duration
	c := &cobra.Command{
		Use:     "link LINK down|up|impair",
		GroupID: groupRun,
		Short:   "Cut a link, impair it, or restore it",
		Long:    linkHelp,
		Example: `  sudo pseudowan link pe1:eth1 down
  sudo pseudowan link r12 impair --loss 100%
  sudo pseudowan link r12 impair --delay 20ms --rate 10M
  sudo pseudowan link r12 up`,
		Args: takes("LINK", "down|up|impair"),
		ValidArgsFunction: known(&o.Lab,
			func(k look.Completions, _ []string) []string { return k.Links },
			func(look.Completions, []string) []string {
				return []string{string(labs.LinkDown), string(labs.LinkUp), string(labs.LinkImpair)}
			}),
	}
	addLab(c, &o.Lab, "the lab; needed if several run")
	c.Flags().StringVar(&loss, "loss", "", "share of the packets that are lost, such as 5%")
	c.Flags().DurationVar(&delay, "delay", 0, "delay of each packet, such as 20ms")
	c.Flags().StringVar(&rate, "rate", "", "bits per second, such as 512K, 10M or 1G")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		o.Link, o.Action = args[0], labs.LinkAction(args[1])
		late := ""
		if c.Flags().Changed("delay") {
			late = delay.String()
		}
		if err := checkLink(o.Action, loss+late+rate != ""); err != nil {
			return err
		}
		if o.Impair, err = impair.Parse(loss, late, rate); err != nil {
			return usagef("link: --%v", err)
		}
		done, err := labs.Link(c.Context(), o)
		s.tellBefore(done.Before)
		if err != nil {
			return err
		}
		by := ""
		if len(done.Means) > 0 {
			by = " by " + strings.Join(done.Means, " and ")
		}
		for _, l := range done.Links {
			fmt.Fprintf(s.out, "link %s of lab %s: %s%s\n", l, done.Lab, o.Action, by)
		}
		for _, end := range done.Held {
			fmt.Fprintf(s.out, "%s is down as long as its router is cut off from the core (uplink-tracking)\n", end)
		}
		return nil
	}
	return c
}

// checkLink refuses actions and flags that do not go together.
func checkLink(action labs.LinkAction, impairs bool) error {
	switch action {
	case labs.LinkDown, labs.LinkUp:
		if impairs {
			return usagef("link: --loss, --delay and --rate belong to impair, not to %s", action)
		}
	case labs.LinkImpair:
		if !impairs {
			return usagef("link: impair needs --loss, --delay or --rate")
		}
	default:
		return usagef("link: %q is not down, up or impair", string(action))
	}
	return nil
}
