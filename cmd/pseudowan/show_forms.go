package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/api/original"
	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/status"
)

// forms are how the tables of show may be printed besides once, and as ours.
type forms struct {
	watch  time.Duration // 0: once
	format string
}

// originalForm is the only other form of tables.
const originalForm = "original"

// watchEvery is how often --watch without a time looks.
const watchEvery = 2 * time.Second

// originalTables are the original's tables by our names.
var originalTables = map[string]string{
	"interface": "interface", "arp": "arp", "mpls": "mpls", "vrf": "vrf", "peer": "status/peer", "port": "stats/port", "flow": "stats/flow",
	"rib": "rib", "lsp": "route", "route": "route", "neighbor": "neighbor",
}

// withForms gives all commands of show the flags --watch and --format.
func withForms(s streams, c *cobra.Command, sel *selection) {
	f := &forms{}
	flags := c.PersistentFlags()
	flags.DurationVar(&f.watch, "watch", 0, "print again at this interval, until Ctrl-C")
	flags.Lookup("watch").NoOptDefVal = watchEvery.String()
	flags.Var(newChoice(&f.format, originalForm), "format", "print tables as docker-pseudo-wan's scripts do")
	completeFlag(c, "format", func(context.Context) []string { return []string{originalForm} })
	completeFlag(c, "watch", func(context.Context) []string { return []string{"1s", "2s", "10s"} })
	for _, table := range c.Commands() {
		once := table.RunE
		table.RunE = func(c *cobra.Command, args []string) error {
			run := func() error { return once(c, args) }
			if f.format == originalForm {
				if err := checkOriginal(c, sel, args); err != nil {
					return err
				}
				run = func() error { return printOriginal(c.Context(), s, sel, originalTables[c.Name()], args) }
			}
			if !c.Flags().Changed("watch") {
				return run()
			}
			if f.watch <= 0 {
				return usagef("--watch must be positive, e.g. --watch=2s")
			}
			return watch(c.Context(), s, f.watch, run)
		}
	}
}

// watch runs run again and again, until ctx ends. Only the first run may fail: a router
// may be restarting later.
func watch(ctx context.Context, s streams, every time.Duration, run func() error) error {
	turn := time.NewTicker(every)
	defer turn.Stop()
	for first := true; ; first = false {
		if isTerminal(s.out) {
			fmt.Fprint(s.out, "\x1b[H\x1b[2J") // the beginning of an empty screen
		} else if !first {
			fmt.Fprintln(s.out)
		}
		err := run()
		var usage usageError
		switch {
		case ctx.Err() != nil:
			return nil
		case first && (errors.As(err, &usage) || errors.Is(err, status.ErrNotFound) || errors.Is(err, status.ErrSeveralLabs)):
			return err
		case err != nil:
			fmt.Fprintf(s.err, "pseudowan: %v\n", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-turn.C:
		}
	}
}

// checkOriginal refuses what the original's tables do not have.
func checkOriginal(c *cobra.Command, sel *selection, args []string) error {
	switch {
	case originalTables[c.Name()] == "":
		var have []string
		for name := range originalTables {
			have = append(have, name)
		}
		slices.Sort(have)
		return usagef("show %s has no original form; %s have", c.Name(), strings.Join(have, ", "))
	case sel.format.Format != show.Table:
		return usagef("--format original and -o %s are two forms; give one", sel.format.Format)
	case sel.filter.VRF != "" || sel.filter.Prefix.IsValid():
		return usagef("--format original prints whole tables; leave --vrf and --prefix out")
	case c.Name() == "neighbor" && len(args) < 2:
		return usagef("--format original needs a peer and which of its routes, as in `show neighbor 192.168.0.2 received`")
	}
	return nil
}

// printOriginal prints a table of each selected router. With several, their names are
// between the tables.
func printOriginal(ctx context.Context, s streams, sel *selection, path string, args []string) error {
	var q original.Query
	if path == "neighbor" {
		q.Peer, q.View = args[0], status.RouteView(args[1])
	}

	lab, err := look.Open(ctx, sel.lab)
	if err != nil {
		return err
	}
	routers := lab.Routers()
	if sel.filter.Router != "" {
		routers = []string{sel.filter.Router}
	}
	var errs []error
	printed := 0
	for _, r := range routers {
		q.Router = r
		var table bytes.Buffer
		err := original.Print(ctx, &table, served{Lab: lab}, q, path, time.Now())
		if errs = append(errs, err); err != nil {
			continue
		}
		printed++
		if len(routers) > 1 {
			fmt.Fprintf(s.out, "%s:\n", r)
		}
		if _, err := table.WriteTo(s.out); err != nil {
			return err
		}
	}
	if printed > 0 { // a peer is one of some routers alone
		errs = slices.DeleteFunc(errs, func(err error) bool { return errors.Is(err, status.ErrNotFound) })
	}
	return errors.Join(errs...)
}
