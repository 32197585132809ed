package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
)

const waitHelp = `Wait returns once everything that is given with --for holds at the same time:

  converged               no router lacks a link, a host, a session or a route
  peer=ADDRESS[:STATE]    the sessions with this peer are in this state (established)
  route=VRF:PREFIX        every VRF of this name or RD has a usable best route
  no-route=VRF:PREFIX     no VRF of this name or RD has one
  neighbor=ADDRESS        a router knows the MAC address of a neighbour
  node=NAME[:STATE]       a router or a host is in this state of ps (running)

With --router, only that router is asked. What is missing is printed when the time
of --timeout is over.

Exit codes: 0 everything holds, 2 a condition is not one, 3 the time is over, 4 there
is no such lab, router, VRF or node.`

// waitTimeout is how long a lab is waited for by default.
const waitTimeout = 30 * time.Second

func newWait(s streams) *cobra.Command {
	var o look.WaitOptions
	var conditions []string
	timeout := waitTimeout
	c := &cobra.Command{
		Use:     "wait [LAB] --for CONDITION",
		GroupID: groupLook,
		Short:   "Wait until a lab has converged, or has a session or a route",
		Long:    waitHelp,
		Example: `  sudo pseudowan wait --for converged
  sudo pseudowan wait --for peer=192.168.0.2:established --timeout 1m
  sudo pseudowan wait --for route=red:10.2.0.0/24 --router pe1`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, cobra.ShellCompDirectiveNoFileComp),
	}
	addLab(c, &o.Lab, "the same as LAB")
	kube := addKube(c)
	c.Flags().StringArrayVar(&conditions, "for", nil, "what to wait for; may be repeated")
	c.Flags().StringVar(&o.Router, "router", "", "ask only this router")
	c.Flags().DurationVar(&timeout, "timeout", timeout, "how long to wait")
	completeFlag(c, "for", func(context.Context) []string { return look.Conditions() })
	completeFlag(c, "router", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).Routers })
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if o.Lab, err = theLab(args, o.Lab); err != nil {
			return err
		}
		if err := needTime(timeout); err != nil {
			return err
		}
		if len(conditions) == 0 {
			return usagef("wait: say what to wait for with --for, such as --for converged")
		}
		for _, text := range conditions {
			condition, err := look.ParseCondition(text)
			if err != nil {
				return usagef("wait: --for %v", err)
			}
			o.For = append(o.For, condition)
		}
		if kube.given {
			return kubeWait(c, kube, s.out, o, timeout)
		}
		ctx, cancel := context.WithTimeoutCause(c.Context(), timeout, look.ErrLate)
		defer cancel()
		begin := time.Now()
		lab, err := withProgress(s, func(p progress) (string, error) {
			o.Step = p.Step
			return look.Wait(ctx, o)
		})
		if err != nil {
			return err
		}
		for _, condition := range o.For {
			fmt.Fprintf(s.out, "lab %s: %s (%.1f s)\n", lab, condition, time.Since(begin).Seconds())
		}
		return nil
	}
	return c
}
