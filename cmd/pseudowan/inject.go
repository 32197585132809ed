package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs/injection"
	"pseudowan/labs/look"
	"pseudowan/status"
)

const injectHelp = `Inject announces many routes to a running lab by BGP, from a speaker of its own that
it adds to one router: in a VRF as a customer's router (CE), or with --vpn as a router
of the core, with labelled VPN routes of the VRF's route targets.

With --count it generates routes. They resemble the Internet's table in the lengths
of prefixes, in AS paths, and in how many routes share attributes; the same seed gives
the same routes, and none overlaps with what the lab has. With --mrt it takes them
from a table dump (TABLE_DUMP_V2, RFC 6396), plain or compressed with gzip or bzip2,
such as those of RIPE RIS and RouteViews.

It runs until Ctrl-C, which withdraws all routes and removes the speaker, or for the
time of --for. --withdraw withdraws the routes one by one instead, as soon as all are
announced or after --for. --flap withdraws and announces them, or a --share of them,
in turns. With --keep it returns when all are announced, and the speaker stays:
inject --withdraw without routes removes it, and so do up and down.

A speaker is called inject1, inject2, … in show neighbor. Its addresses are from
198.18.0.0/15 and 2001:2::/48, its AS is 4200000001, 4200000002, … in a VRF, and in
the core that of the router. Its session has no limit of prefixes.

More routes than the server's memory has room for are refused without --force.`

func newInject(s streams) *cobra.Command {
	o := injection.Options{Label: 100_000}
	f := injectFlags{family: "ipv4", labels: "one", o: &o}
	c := &cobra.Command{
		Use:     "inject [LAB]",
		GroupID: groupRun,
		Short:   "Announce many routes to a router of a lab",
		Long:    injectHelp,
		Example: `  sudo pseudowan inject --router pe1 --vrf 101 --count 100000
  sudo pseudowan inject pseudo-wan --router pe1 --vrf 101 --mrt rib.20260101.0000.bz2 --rate 5000
  sudo pseudowan inject --router pe1 --vrf 101 --vpn --count 100000 --family both --labels per-route
  sudo pseudowan inject --router pe1 --vrf 101 --count 10000 --flap 10s --share 5%
  sudo pseudowan inject --router pe1 --vrf 101 --count 10000 --keep
  sudo pseudowan inject --withdraw`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, cobra.ShellCompDirectiveNoFileComp),
	}
	f.define(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if o.Lab, err = theLab(args, o.Lab); err != nil {
			return err
		}
		if f.onlyWithdraw(c) {
			return endInjections(c.Context(), s, o.Lab)
		}
		if err := f.check(c); err != nil {
			return err
		}
		return injectRoutes(c.Context(), s, o)
	}
	return c
}

// injectFlags are the flags of inject as they are written.
type injectFlags struct {
	o                           *injection.Options
	family, labels, peer, share string
}

func (f *injectFlags) define(c *cobra.Command) {
	o, flags := f.o, c.Flags()
	addLab(c, &o.Lab, "the same as LAB")
	flags.StringVar(&o.Router, "router", "", "the router; needed if several have the VRF")
	flags.StringVar(&o.VRF, "vrf", "", "the VRF")
	flags.BoolVar(&o.VPN, "vpn", false, "labelled VPN routes from a router of the core, not routes of a CE")
	flags.IntVar(&o.Routes.Count, "count", 0, "number of routes; with --mrt, the first of the dump")
	flags.Uint64Var(&o.Routes.Seed, "seed", 1, "what generated routes follow from")
	flags.StringVar(&o.Routes.MRT, "mrt", "", "file with a table dump (MRT, TABLE_DUMP_V2)")
	flags.StringVar(&f.peer, "mrt-peer", "", "address of the peer in the dump whose routes are taken (default: the first route of each prefix)")
	flags.Var(newChoice(&f.family, "ipv4", "ipv6", "both"), "family", "of the routes; both: half of generated ones each")
	flags.Uint32Var(&o.AS, "as", 0, "AS number of the speaker")
	flags.Var(newChoice(&f.labels, "one", "per-route"), "labels", "with --vpn: one label for all routes, or for each one of its own")
	flags.IntVar(&o.Rate, "rate", 0, "routes a second (default: as fast as the router takes them)")
	flags.DurationVar(&o.For, "for", 0, "how long the routes stay (default: until Ctrl-C)")
	flags.BoolVar(&o.Withdraw, "withdraw", false, "withdraw the routes one by one at the end; without routes: remove what --keep has left")
	flags.DurationVar(&o.Flap, "flap", 0, "withdraw routes and announce them again, each after this time")
	flags.StringVar(&f.share, "share", "100%", "share of the routes that flap")
	flags.BoolVar(&o.Keep, "keep", false, "return when all routes are announced, and leave them")
	flags.BoolVar(&o.Force, "force", false, "even if the server's memory has no room for so many routes")
	completeFlag(c, "router", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).Routers })
	completeFlag(c, "vrf", func(ctx context.Context) []string { return look.Complete(ctx, o.Lab).VRFs(o.Router) })
	completeFlag(c, "family", func(context.Context) []string { return []string{"ipv4", "ipv6", "both"} })
	completeFlag(c, "labels", func(context.Context) []string { return []string{"one", "per-route"} })
}

// onlyWithdraw reports whether what is kept is to be removed.
func (f *injectFlags) onlyWithdraw(c *cobra.Command) bool {
	given := func(name string) bool { return c.Flags().Changed(name) }
	return given("withdraw") && f.o.Withdraw && !slices.ContainsFunc([]string{"count", "mrt", "vrf", "router"}, given)
}

// check reads the flags, and refuses those that do not go together.
func (f *injectFlags) check(c *cobra.Command) (err error) {
	o := f.o
	given := func(name string) bool { return c.Flags().Changed(name) }
	o.Routes.IPv4, o.Routes.IPv6, o.PerRoute = f.family != "ipv6", f.family != "ipv4", f.labels == "per-route"
	if o.Share, err = parseShare(f.share); err != nil {
		return err
	}
	for _, r := range []struct {
		wrong bool
		say   string
	}{
		{o.VRF == "", "inject: --vrf is needed, and --router if several routers have the VRF"},
		{o.Routes.MRT == "" && !given("count"), "inject: write --count N for generated routes, or --mrt FILE for those of a table dump"},
		{given("count") && (o.Routes.Count < 1 || o.Routes.Count > 10_000_000), "inject: --count is not between 1 and 10000000"},
		{o.Routes.MRT != "" && given("seed"), "inject: --seed belongs to generated routes, not to --mrt"},
		{given("mrt-peer") && o.Routes.MRT == "", "inject: --mrt-peer belongs to --mrt"},
		{given("labels") && !o.VPN, "inject: --labels belongs to --vpn; in a VRF the router gives labels (label-mode in the file)"},
		{given("rate") && (o.Rate < 1 || o.Rate > 10_000_000), "inject: --rate is not between 1 and 10000000 routes a second"},
		{given("for") && o.For <= 0, "inject: --for must be positive, e.g. 30s"},
		{given("flap") && o.Flap < 10*time.Millisecond, "inject: --flap is less than 10ms"},
		{given("share") && o.Flap == 0, "inject: --share belongs to --flap"},
		{given("as") && (o.AS == 0 || o.AS == 23456 || o.AS == 65535 || o.AS == math.MaxUint32), "inject: --as is not an AS number that a router may have"},
		{o.Keep && (o.Withdraw || o.For > 0), "inject: --keep leaves the routes; --withdraw and --for do not"},
		{o.Withdraw && o.Flap > 0 && o.For == 0, "inject: --withdraw with --flap needs --for"},
	} {
		if r.wrong {
			return usageError{r.say}
		}
	}
	return f.checkDump()
}

// checkDump refuses a dump that cannot be read.
func (f *injectFlags) checkDump() (err error) {
	r := &f.o.Routes
	if f.peer != "" {
		if r.MRTPeer, err = netip.ParseAddr(f.peer); err != nil {
			return usagef("inject: --mrt-peer %q is not an address", f.peer)
		}
	}
	if r.MRT == "" {
		return nil
	}
	if r.MRT, err = filepath.Abs(r.MRT); err != nil {
		return err
	}
	info, err := os.Stat(r.MRT)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return status.NotFound("there is no file " + r.MRT)
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return usagef("inject: %s is not a file", r.MRT)
	}
	return nil
}

func parseShare(text string) (float64, error) {
	number, percent := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if err != nil || !percent || math.IsNaN(v) || v <= 0 || v > 100 {
		return 0, usagef("inject: --share %q is not a percentage above 0, such as 5%%", text)
	}
	return v / 100, nil
}

// injectRoutes injects and prints what it does.
func injectRoutes(ctx context.Context, s streams, o injection.Options) error {
	said := &injectionLines{out: s.out, o: o}
	report, err := withProgress(s, func(p progress) (injection.Report, error) {
		o.Step = p.Step
		o.Said = func(e injection.Event) { said.hear(e, p) }
		return injection.Run(ctx, o)
	})
	if err != nil {
		return err
	}
	return said.end(report)
}

func endInjections(ctx context.Context, s streams, name string) error {
	lab, removed, err := injection.End(ctx, name)
	if err != nil {
		return err
	}
	for _, i := range removed {
		fmt.Fprintf(s.out, "removed %s: %s at router %s\n", i.Name, i.What, i.Router)
	}
	if len(removed) == 0 {
		_, err = fmt.Fprintf(s.out, "lab %s has no injected routes\n", lab)
	}
	return err
}

// injectionLines prints a line for what is done, and shows the rest as progress.
type injectionLines struct {
	out io.Writer
	o   injection.Options
}

func (l *injectionLines) hear(e injection.Event, p progress) {
	switch {
	case e.Prepared != nil:
		p.Step(fmt.Sprintf("prepared %s with %s of attributes", count(e.Prepared.Routes, "route"), count(e.Prepared.Attributes, "set")))
	case e.Heard > 0:
		p.Step("the router has them")
	case e.Progress == nil:
	case e.Progress.Error != "":
		p.Step("no session: " + e.Progress.Error)
	default:
		p.Step(doing(*e.Progress))
	}
}

// doing describes how far a speaker is. On a log there is a line for each tenth.
func doing(p injection.Progress) string {
	switch p.State {
	case injection.Announced, injection.Withdrawn:
		text := fmt.Sprintf("%s %s", p.State, count(p.Done, "route"))
		if p.Flaps > 0 {
			text += fmt.Sprintf(", flapped %s", count(p.Flaps, "time"))
		}
		return text
	}
	if p.Of == 0 {
		return string(p.State)
	}
	return fmt.Sprintf("%s %s, %d %%", p.State, count(p.Of, "route"), 100*int64(p.Done)/int64(p.Of)/10*10)
}

func (l *injectionLines) end(r injection.Report) error {
	if r.LeftOut != "" {
		fmt.Fprintf(l.out, "left out: %s\n", r.LeftOut)
	}
	if r.Announced > 0 {
		took := ""
		if r.Heard > 0 {
			took = fmt.Sprintf(", which had received the last after %.2f s (%.0f a second)", r.Heard.Seconds(), float64(r.Routes)/r.Heard.Seconds())
		}
		fmt.Fprintf(l.out, "%s announced %s of VRF %s to router %s%s\n", r.Name, count(r.Routes, "route"), r.VRF, r.Router, took)
	}
	if r.Flaps > 0 {
		fmt.Fprintf(l.out, "flapped %s\n", count(r.Flaps, "time"))
	}
	if r.Withdrawn > 0 {
		fmt.Fprintf(l.out, "withdrew them in %.2f s (%.0f a second)\n", r.Withdrawn.Seconds(), float64(r.Routes)/r.Withdrawn.Seconds())
	}
	if r.Kept {
		_, err := fmt.Fprintf(l.out, "they stay; `pseudowan inject %s --withdraw` removes them\n", r.Lab)
		return err
	}
	_, err := fmt.Fprintf(l.out, "nothing of it is left in lab %s\n", r.Lab)
	return err
}
