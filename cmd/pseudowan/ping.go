package main

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
)

const pingHelp = `

The router sends from an address of its own in the VRF, and through its flows: an answer
comes over the same labels as to a customer's packet.

Exit codes: 0 the destination answers, 1 it does not, 4 there is no such lab, router or
VRF.`

// pingDefaults are those of ping(8), except for the number of requests.
const (
	pingCount = 4
	pingEvery = time.Second
	pingWait  = 2 * time.Second
	pingSize  = 56
	maxHops   = 30
)

// pinging returns a command that sends echo requests from a router.
func pinging(use, short, long, example string, run func(ctx context.Context, o look.PingOptions, to string) error) (*cobra.Command, *look.PingOptions) {
	o := &look.PingOptions{}
	source := ""
	c := &cobra.Command{
		Use: use + " ROUTER ADDRESS", GroupID: groupLook, Short: short, Long: long + pingHelp, Example: example,
		Args: takes("ROUTER", "ADDRESS"),
		ValidArgsFunction: known(&o.Lab,
			func(k look.Completions, _ []string) []string { return k.Routers },
			func(k look.Completions, _ []string) []string { return k.Addresses }),
	}
	addLab(c, &o.Lab, "the lab; needed if several run")
	c.Flags().StringVar(&o.VRF, "vrf", "", "the VRF, by name or route distinguisher; needed if the router has several")
	c.Flags().StringVar(&source, "source", "", "the router's address to send from")
	c.Flags().DurationVar(&o.Wait, "wait", pingWait, "how long to wait for each answer")
	completeFlag(c, "vrf", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).VRFs("") })
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		o.Router = args[0]
		if o.To, err = netip.ParseAddr(args[1]); err != nil {
			return usagef("%s: %q is not an IP address", use, args[1])
		}
		if source != "" {
			if o.Source, err = netip.ParseAddr(source); err != nil {
				return usagef("%s: --source %q is not an IP address", use, source)
			}
		}
		if o.Wait <= 0 {
			return usagef("%s: --wait must be positive, e.g. 2s", use)
		}
		return run(c.Context(), *o, args[1])
	}
	return atNode(c), o
}

func newPing(s streams) *cobra.Command {
	count, size, every := pingCount, pingSize, pingEvery
	c, _ := pinging("ping", "Ping from a router inside a VRF", "Ping sends echo requests from a router inside a VRF.",
		"  sudo pseudowan ping pe1 10.2.0.2 --vrf red\n  sudo pseudowan ping pe1 2001:db8:2::2 --vrf red --count 1",
		func(ctx context.Context, o look.PingOptions, to string) error {
			const most = 1400
			if count < 1 || size < 0 || size > most || every < 0 {
				return usagef("ping: --count must be positive, and --size between 0 and %d", most)
			}
			o.Count, o.Size, o.Every = count, size, every
			answered := 0
			err := look.Ping(ctx, o, func(n int, p look.Pong) {
				switch {
				case !p.From.IsValid():
					fmt.Fprintf(s.out, "%d: no answer\n", n)
				case p.What != "":
					fmt.Fprintf(s.out, "%d: %s says %s\n", n, p.From, p.What)
				default:
					answered++
					fmt.Fprintf(s.out, "%d: answer from %s to %s in %.2f ms\n", n, p.From, p.Source, p.Millis)
				}
			})
			if err != nil {
				return err
			}
			fmt.Fprintf(s.out, "%d sent, %d answered\n", count, answered)
			if answered == 0 {
				return statusError(exitFailure)
			}
			return nil
		})
	c.Flags().IntVarP(&count, "count", "c", count, "how many requests")
	c.Flags().IntVar(&size, "size", size, "octets of data")
	c.Flags().DurationVar(&every, "every", every, "time between two requests")
	return c
}

func newTraceroute(s streams) *cobra.Command {
	c, _ := pinging("traceroute", "Trace the route from a router inside a VRF", "Traceroute sends echo requests with ever greater TTLs from a router inside a VRF.",
		"  sudo pseudowan traceroute pe1 10.2.0.2 --vrf red",
		func(ctx context.Context, o look.PingOptions, to string) error {
			arrived := false
			err := look.Traceroute(ctx, o, maxHops, func(ttl int, p look.Pong) {
				switch {
				case !p.From.IsValid():
					fmt.Fprintf(s.out, "%2d  *\n", ttl)
				case p.What != "":
					fmt.Fprintf(s.out, "%2d  %s  %.2f ms  %s\n", ttl, p.From, p.Millis, p.What)
				default:
					arrived = true
					fmt.Fprintf(s.out, "%2d  %s  %.2f ms\n", ttl, p.From, p.Millis)
				}
			})
			if err == nil && !arrived {
				err = statusError(exitFailure)
			}
			return err
		})
	return c
}
