package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

// verifyTimeout is how long an address may take to answer by default.
const verifyTimeout = 5 * time.Second

// The exit codes of verify.
const (
	exitDifferent = 1
	exitUntested  = 2
)

const verifyHelp = `Verify derives from a topology's route targets which host reaches which address
of which other host, for IPv4 and IPv6, and by way of which hosts. Then it sends
packets between all of them, where they must arrive and where they must not, and
checks the topology's expect: lines: who reaches whom, which TCP ports accept
connections and which source the server sees, which addresses answer, and which a host
has. Of what passes a host with rewrites: true (NAT, a firewall), only these lines
speak: such pairs are counted, and not tested. Answers carry a token of the host that sent
them, so hosts with the same address are told apart. Sites outside the lab
(outside: in the file) are sent to like hosts, and pinged. Each difference is
reported with its likely cause.

With more than some thousand addresses, not every packet is sent. An answer is also the
test of the way back, between hosts without packet filters. And of the addresses that
must not answer, those that no route of the host names, and no flow of its router's
switch, are tested by samples, chosen anew each time; the result counts the others. A
router whose flows are not exactly those that it wants stands for nothing: all is sent
from its hosts. --every-packet does that in the whole lab, and so does --topology.

Exit codes: 0 all is as intended, 1 something differs, 2 it could not be tested,
4 there is no such lab, host or file.`

func newVerify(s streams) *cobra.Command {
	var kube *kubeFlag
	var o look.VerifyOptions
	all, together, format := false, false, string(show.Table)
	c := &cobra.Command{
		Use:     "verify [LAB]",
		GroupID: groupLook,
		Short:   "Send packets between all hosts, and compare with the topology",
		Long:    verifyHelp,
		Example: `  sudo pseudowan verify
  sudo pseudowan verify hub-spoke --from s2
  sudo pseudowan verify --topology my-lab.yaml -o junit > verify.xml`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(c *cobra.Command, args []string) (err error) {
			if o.Lab, err = theLab(args, o.Lab); err != nil {
				return err
			}
			if together {
				if o.Together, err = meet(s.in, s.out); err != nil {
					return err
				}
			}
			if kube.given && o.Topology != "" {
				return usagef("--topology is a file of this machine, and --kube verifies in the pods; give one")
			}
			verifyIt := verifyLab
			if kube.given {
				verifyIt = func(ctx context.Context, _ streams, _ look.VerifyOptions) ([]status.HostPair, error) {
					rows, err := kubeVerify(ctx, kube, arguments(c))
					if err == nil && len(rows) == 0 {
						err = untestedError{fmt.Errorf("the lab in namespace %s has no such pair of hosts: nothing can be tested", kube.lab.Namespace)}
					}
					return rows, err
				}
			}
			rows, err := verifyIt(c.Context(), s, o)
			if err == nil {
				err = printPairs(s, format, rows, all)
			}
			return cmp.Or(err, verdictOf(rows))
		},
	}
	addLab(c, &o.Lab, "the same as LAB")
	kube = addKube(c)
	c.Flags().VarP(newChoice(&format, "table", "json", "junit", "yaml"), "output", "o", "how to print")
	c.Flags().StringVar(&o.From, "from", "", "only packets from this host")
	c.Flags().StringVar(&o.To, "to", "", "only packets to this host or site outside the lab")
	for _, end := range []string{"from", "to"} {
		completeFlagAfter(c, end, func(ctx context.Context, args []string) []string {
			known := look.Complete(ctx, cmp.Or(only(args), o.Lab))
			if end == "to" {
				return slices.Concat(known.Hosts, known.Outside)
			}
			return known.Hosts
		})
	}
	c.Flags().StringVar(&o.Topology, "topology", "", "compare with this file instead of the lab's own")
	c.Flags().DurationVar(&o.Timeout, "timeout", verifyTimeout, "how long an address may take to answer")
	c.Flags().BoolVar(&together, "together", false, "verify a site while others verify theirs")
	c.Flags().Lookup("together").Hidden = true
	c.Flags().BoolVar(&o.EveryPacket, "every-packet", false, "send all packets, also those for which others stand in a large lab")
	c.Flags().BoolVar(&all, "all", false, "also list the pairs that are as intended")
	return c
}

func verifyLab(ctx context.Context, s streams, o look.VerifyOptions) ([]status.HostPair, error) {
	if err := needTime(o.Timeout); err != nil {
		return nil, err
	}
	rows, err := withProgress(s, func(p progress) ([]status.HostPair, error) {
		o.Step = p.Step
		return look.Verify(ctx, o)
	})
	if err != nil {
		return nil, untestedError{err}
	}
	return rows, nil
}

func printPairs(s streams, format string, rows []status.HostPair, all bool) error {
	if format == "junit" {
		return show.HostPairsJUnit(s.out, rows)
	}
	return show.HostPairs(output(s.out, &formatFlag{show.Format(format)}), rows, all)
}

// verdictOf returns the exit code for the results; the table has the rest.
func verdictOf(rows []status.HostPair) error {
	var err error
	for _, r := range rows {
		switch r.Result {
		case status.Different:
			return statusError(exitDifferent)
		case status.Untested:
			err = statusError(exitUntested)
		}
	}
	return err
}

// untestedError is the reason why a lab could not be verified.
type untestedError struct{ error }

func (e untestedError) Unwrap() error { return e.error }
