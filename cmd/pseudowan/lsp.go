package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

const lspHelp = `

TO is a router or its loopback: the path is that to the loopback. The name of a router with a
loopback of each family means the IPv4 one. With --vrf TO is an address or a prefix, and the
path is that of the VRF's route to it, with two labels; in a core of IPv6 alone that has to be
an IPv6 route.

Requests are MPLS echo (RFC 8029) and take the way of packets that come from other routers;
answers say whether the router's labels are those that it has told the others.

Exit codes: 0 the end of the path answers, 1 it does not, 4 there is no such lab, router or
VRF.`

func newLSP(s streams) *cobra.Command {
	c := &cobra.Command{
		Use: "lsp", GroupID: groupLook, Short: "Test a label-switched path with MPLS echo",
		Long:    "Lsp tests label-switched paths of a lab with core." + lspHelp,
		Example: "  sudo pseudowan lsp ping pe1 pe4\n  sudo pseudowan lsp traceroute pe1 10.4.0.0/24 --vrf blue",
	}
	onlySubcommands(c)
	c.AddCommand(newLSPPing(s), newLSPTraceroute(s))
	return c
}

func newLSPPing(s streams) *cobra.Command {
	count, every := pingCount, pingEvery
	c := echoing(s, "ping", "Ping the end of a label-switched path",
		"Ping sends requests of MPLS echo from a router to the end of a label-switched path.",
		"  sudo pseudowan lsp ping pe1 pe4\n  sudo pseudowan lsp ping pe1 10.4.0.0/24 --vrf blue --count 1 -o json",
		func(ctx context.Context, o look.LSPOptions) (status.LSPTest, error) {
			if count < 1 || every < 0 {
				return status.LSPTest{}, usagef("lsp ping: --count must be positive, and --every not negative")
			}
			o.Count, o.Every = count, every
			return look.LSPPing(ctx, o)
		})
	c.Flags().IntVarP(&count, "count", "c", count, "how many requests")
	c.Flags().DurationVar(&every, "every", every, "time between two requests")
	return c
}

func newLSPTraceroute(s streams) *cobra.Command {
	return echoing(s, "traceroute", "Test a label-switched path router by router",
		"Traceroute sends requests of MPLS echo with ever greater TTLs along a label-switched path, and shows\nthe labels at each router. It gives up after three routers without an answer.",
		"  sudo pseudowan lsp traceroute pe1 pe4\n  sudo pseudowan lsp traceroute pe1 10.4.0.2 --vrf blue",
		func(ctx context.Context, o look.LSPOptions) (status.LSPTest, error) {
			return look.LSPTraceroute(ctx, o, maxHops)
		})
}

// echoing returns a command that tests a path.
func echoing(s streams, use, short, long, example string, run func(context.Context, look.LSPOptions) (status.LSPTest, error)) *cobra.Command {
	o := look.LSPOptions{}
	c := &cobra.Command{
		Use: use + " ROUTER TO", Short: short, Long: long + lspHelp, Example: example,
		Args: takes("ROUTER", "TO"),
		ValidArgsFunction: known(&o.Lab,
			func(k look.Completions, _ []string) []string { return k.Routers },
			func(k look.Completions, _ []string) []string { return append(k.Routers, k.Addresses...) }),
	}
	format := addFormat(c)
	addLab(c, &o.Lab, "the lab; needed if several run")
	c.Flags().StringVar(&o.VRF, "vrf", "", "test the route of this VRF, by name or route distinguisher")
	c.Flags().DurationVar(&o.Wait, "wait", 2*time.Second, "how long to wait for each answer")
	completeFlag(c, "vrf", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).VRFs("") })
	c.RunE = func(c *cobra.Command, args []string) error {
		o.Router, o.To = args[0], args[1]
		if o.Wait <= 0 {
			return usagef("lsp %s: --wait must be positive, e.g. 2s", use)
		}
		t, err := run(c.Context(), o)
		if err != nil {
			return err
		}
		if err := show.LSPTest(output(s.out, format), t); err != nil {
			return err
		}
		if !t.Arrived {
			return statusError(exitFailure)
		}
		return nil
	}
	return c
}
