package main

import (
	"fmt"
	"math"
	"strconv"
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

show interface and ps show what is done to links. up restores all of them.

Kernels without the network emulator (netem) lose packets by nftables and limit
rates by tbf; they cannot delay.`

func newLink(s streams) *cobra.Command {
	var o labs.LinkOptions
	var loss, rate string
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
	c.Flags().DurationVar(&o.Impair.Delay, "delay", 0, "delay of each packet, such as 20ms")
	c.Flags().StringVar(&rate, "rate", "", "bits per second, such as 512K, 10M or 1G")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		o.Link, o.Action = args[0], labs.LinkAction(args[1])
		if o.Impair.Loss, err = parseLoss(loss); err != nil {
			return err
		}
		if o.Impair.Rate, err = parseRate(rate); err != nil {
			return err
		}
		if err := checkLink(o); err != nil {
			return err
		}
		done, err := labs.Link(c.Context(), o)
		if err != nil {
			return err
		}
		by := ""
		if o.Action == labs.LinkImpair {
			by = " by " + strings.Join(done.Means, " and ")
		}
		for _, l := range done.Links {
			fmt.Fprintf(s.out, "link %s of lab %s: %s%s\n", l, done.Lab, o.Action, by)
		}
		return nil
	}
	return c
}

// checkLink refuses actions and flags that do not go together.
func checkLink(o labs.LinkOptions) error {
	given := o.Impair != impair.Impairment{}
	switch o.Action {
	case labs.LinkDown, labs.LinkUp:
		if given {
			return usagef("link: --loss, --delay and --rate belong to impair, not to %s", o.Action)
		}
	case labs.LinkImpair:
		if !given {
			return usagef("link: impair needs --loss, --delay or --rate")
		}
		if d := o.Impair.Delay; d < 0 || d > time.Minute {
			return usagef("link: --delay %s is not between 0 and 1m", d)
		}
	default:
		return usagef("link: %q is not down, up or impair", string(o.Action))
	}
	return nil
}

// parseLoss reads a percentage.
func parseLoss(text string) (float64, error) {
	if text == "" {
		return 0, nil
	}
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || math.IsNaN(v) || v <= 0 || v > 100 {
		return 0, usagef("link: --loss %q is not a percentage above 0, such as 5%%", text)
	}
	return v / 100, nil
}

// parseRate reads bits per second.
func parseRate(text string) (uint64, error) {
	if text == "" {
		return 0, nil
	}
	factor := uint64(1)
	number := text
	for suffix, f := range map[string]uint64{"K": 1e3, "M": 1e6, "G": 1e9} {
		if n, ok := strings.CutSuffix(strings.ToUpper(text), suffix); ok {
			number, factor = n, f
		}
	}
	v, err := strconv.ParseUint(number, 10, 32)
	const least, most = 8000, 100e9
	if err != nil || v*factor < least || v*factor > most {
		return 0, usagef("link: --rate %q is not between 8K and 100G bits per second", text)
	}
	return v * factor, nil
}
