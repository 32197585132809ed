package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

const measureHelp = `Measure sends echo requests from a host, one every few milliseconds, and reports how
many were lost and for how long answers stayed away.

With --while it waits until the target answers, runs a command of pseudowan, and goes
on until answers have come without a gap for the time of --settle. What it reports
then counts from the start of the command. It exits with 1 if answers have not come
again in the time of --within.

TO is a host, a site outside the lab, or any address.`

func newMeasure(s streams) *cobra.Command {
	o := look.MeasureOptions{}
	c := &cobra.Command{
		Use:     "measure FROM TO",
		GroupID: groupLook,
		Short:   "Measure how long answers stay away, and how many packets are lost",
		Long:    measureHelp,
		Example: `  sudo pseudowan measure laptop dns --for 10s
  sudo pseudowan measure laptop dns --while 'link r12 down' --within 60s
  sudo pseudowan measure laptop 2001:db8:ebbd:4118::1 --every 5ms --for 3s -o json`,
		Args: takes("FROM", "TO"),
		ValidArgsFunction: known(&o.Lab,
			func(k look.Completions, _ []string) []string { return k.Hosts },
			func(k look.Completions, _ []string) []string {
				return append(append(k.Hosts, k.Outside...), k.Addresses...)
			}),
	}
	format := addFormat(c)
	addLab(c, &o.Lab, "the lab; needed if several run")
	c.Flags().DurationVar(&o.Every, "every", 10*time.Millisecond, "time between two requests")
	c.Flags().DurationVar(&o.For, "for", 10*time.Second, "how long to measure, without --while")
	c.Flags().StringVar(&o.Command, "while", "", "command of pseudowan to run meanwhile, such as 'link r12 down'")
	c.Flags().DurationVar(&o.Within, "within", 30*time.Second, "how long answers may stay away after the command")
	c.Flags().DurationVar(&o.Settle, "settle", 3*time.Second, "how long answers must have come again")
	c.RunE = func(c *cobra.Command, args []string) error {
		o.From, o.To = args[0], args[1]
		if err := checkMeasure(c, o); err != nil {
			return err
		}
		if o.Command != "" {
			o.While = meanwhile(s, o)
		}
		m, err := withProgress(s, func(p progress) (status.Measurement, error) {
			o.Step = p.Step
			return look.Measure(c.Context(), o)
		})
		if err != nil {
			return err
		}
		if err := show.Measurement(output(s.out, format), m); err != nil {
			return err
		}
		if !m.Back || o.While != nil && m.Outage > float64(o.Within.Milliseconds()) {
			return statusError(exitFailure)
		}
		return nil
	}
	return c
}

// checkMeasure refuses times that cannot be measured with, and commands that do not
// exist.
func checkMeasure(c *cobra.Command, o look.MeasureOptions) error {
	for _, d := range []struct {
		flag         string
		v, least, to time.Duration
	}{
		{"every", o.Every, time.Millisecond, time.Second}, {"for", o.For, 100 * time.Millisecond, time.Hour},
		{"within", o.Within, time.Second, time.Hour}, {"settle", o.Settle, 200 * time.Millisecond, time.Hour},
	} {
		if d.v < d.least || d.v > d.to {
			return usagef("measure: --%s %s is not between %s and %s", d.flag, d.v, d.least, d.to)
		}
	}
	switch {
	case o.Command != "" && c.Flags().Changed("for"):
		return usagef("measure: --for is for measuring without --while; write --within and --settle")
	case o.Command == "" && (c.Flags().Changed("within") || c.Flags().Changed("settle")):
		return usagef("measure: --within and --settle belong to --while")
	case o.Command == "":
		return nil
	}
	words := strings.Fields(o.Command)
	found, _, err := newRoot(streams{}).Find(words)
	if err != nil || len(words) == 0 || found.Name() == "pseudowan" || found.Name() == "measure" {
		return usagef("measure: --while %q is not a command of pseudowan; write it without pseudowan, as in 'link r12 down'", o.Command)
	}
	return nil
}

// meanwhile returns what runs the command of --while, in the same lab.
func meanwhile(s streams, o look.MeasureOptions) func(context.Context) error {
	words := strings.Fields(o.Command)
	if o.Lab != "" && words[0] == "link" {
		words = append(words, "--lab", o.Lab)
	}
	return func(ctx context.Context) error {
		var errs bytes.Buffer
		if code := run(ctx, words, s.in, &errs, &errs); code != exitOK {
			first, _, _ := strings.Cut(strings.TrimSpace(errs.String()), "\n")
			return errors.Join(fmt.Errorf("`pseudowan %s` exits with %d: %s", o.Command, code, strings.TrimPrefix(first, "pseudowan: ")), ctx.Err())
		}
		return nil
	}
}
