package main

import (
	"cmp"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

const auditHelp = `Audit compares a running lab with itself: what its topology demands, the routes of
the BGP speakers, the VRFs, the flows of the switches, the interfaces, the neighbours,
and what packets do. For each thing that is not as it should be it names the node, the
thing, and how it differs:

  process   a router, a host, a service or an agent does not run
  intent    a session, a route or a host's answer is missing
  label     a router would push a label that the next hop has not assigned (stale)
  vrf       a route of a VRF is not the speaker's, or has no flow
  flow      a flow is missing in the switch, was changed, or is not the router's (orphan)
  port      a port of the switch is missing, dead or foreign
  wire      an interface of a wire is missing, down or connected elsewhere
  mtu, offload, mac   an interface has another MTU, MAC address, or leaves checksums out
  neighbor  a router knows a neighbour by a MAC address that it does not have
  packet    a packet does not arrive, or arrives where it must not (as verify tells)

What is only changing is not told: a deviation counts if it is there for the time of
--settle. Audit changes nothing; up with the lab's file puts most of it right.

Exit codes: 0 nothing deviates, 1 something does, 4 there is no such lab.`

// auditSettle is how long something must deviate by default.
const auditSettle = 3 * time.Second

func newAudit(s streams) *cobra.Command {
	o := look.AuditOptions{}
	tables := false
	timeout := verifyTimeout
	c := &cobra.Command{
		Use:     "audit [LAB]",
		GroupID: groupLook,
		Short:   "Compare intent, BGP, VRFs, flows, interfaces and packets",
		Long:    auditHelp,
		Example: `  sudo pseudowan audit
  sudo pseudowan audit pseudo-wan --tables -o json`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, cobra.ShellCompDirectiveNoFileComp),
	}
	format := addFormat(c)
	addLab(c, &o.Lab, "the same as LAB")
	kube := addKube(c)
	c.Flags().BoolVar(&tables, "tables", false, "send no packets")
	c.Flags().DurationVar(&o.Settle, "settle", auditSettle, "how long something must deviate to count")
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long an address may take to answer")
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if o.Lab, err = theLab(args, o.Lab); err != nil {
			return err
		}
		if err := needTime(timeout); err != nil {
			return err
		}
		if !tables {
			o.Packets = timeout
		}
		rows, err := withProgress(s, func(p progress) ([]status.Deviation, error) {
			if kube.given {
				return kubeAudit(c, kube, !tables)
			}
			o.Step = p.Step
			return look.Audit(c.Context(), o)
		})
		if err != nil && len(rows) == 0 {
			return err
		}
		return cmp.Or(printDeviations(s, format, rows), err, deviates(rows))
	}
	return c
}

func printDeviations(s streams, format *formatFlag, rows []status.Deviation) error {
	table := format.Format == show.Table || format.Format == show.Wide
	if table && len(rows) == 0 {
		_, err := fmt.Fprintln(s.out, "nothing deviates")
		return err
	}
	return show.Deviations(output(s.out, format), rows)
}

// deviates returns the exit code for what was found; the table has the rest.
func deviates(rows []status.Deviation) error {
	if len(rows) > 0 {
		return statusError(exitDifferent)
	}
	return nil
}
