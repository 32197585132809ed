package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/labs/catalog"
	"pseudowan/labs/look"
	"pseudowan/show"
	"pseudowan/topology"
)

// convergeTimeout is how long up waits by default.
const convergeTimeout = 60 * time.Second

const upHelp = `Up starts a lab of the catalogue (see ` + "`pseudowan labs`" + `) or of a topology file;
"-" reads the file from standard input. It returns when the lab has converged:
every host answers at its gateway, every session between the lab's routers is
established, every route is programmed, every service is ready. If that fails, if a
host's own command ends first, or on Ctrl-C, a new lab is removed again.

On a running lab, up changes only what differs in the file, and repairs what has
ended, vanished or been changed by hand since, including the routers' flows. It says
first what it takes back of changes made while the lab ran (pseudowan export prints
the lab's file with them, pseudowan diff compares). An
interrupted change is not undone; the next up continues from there.

A link or a segment with nic: in the file takes a NIC of the server. --nic says which
where that has another name here; up remembers it until down. A link's NIC that the
server's default route or your own SSH session uses is refused without --force; that
of a segment stays usable.

Like validate, up warns of policies that can match nothing, are never reached, are
not used, or set a weight that is never sent.`

func newUp(s streams) *cobra.Command {
	o := labs.UpOptions{Stdin: s.in}
	var nics *nicFlag
	timing, dry, trace := false, false, ""
	c := &cobra.Command{
		Use:     "up LAB|FILE",
		GroupID: groupRun,
		Short:   "Start a lab, or bring a running one in line with its file",
		Long:    upHelp,
		Example: `  sudo pseudowan up pseudo-wan
  sudo pseudowan up my-lab.yaml --timeout 2m
  sudo pseudowan up my-lab.yaml --dry-run
  sudo pseudowan up pseudo-wan --runtime netns --no-wait
  sudo pseudowan up pseudo-wan-eth1 --nic eth1=enp7s0`,
		Args:              takes("LAB|FILE"),
		ValidArgsFunction: completing(readyLabs, cobra.ShellCompDirectiveDefault),
		RunE: func(c *cobra.Command, args []string) error {
			o.Lab, o.NICs = args[0], nics.names
			if err := needTime(o.Timeout); err != nil {
				return err
			}
			if dry {
				return dryRun(c.Context(), s, o, &formatFlag{show.Table}, false)
			}
			var cautions topology.Problems
			o.Cautions = func(list topology.Problems) { cautions = list }
			r, err := withProgress(s, func(p progress) (labs.Report, error) {
				o.Progress = p
				o.Undoes = func(lines []string) { printUndone(s.err, lines) }
				return labs.Up(c.Context(), o)
			})
			printCautions(s.err, cautions)
			if err != nil {
				return err
			}
			for _, w := range r.Warnings {
				fmt.Fprintf(s.err, "pseudowan: warning: %s: %s: %s; %s\n", w.Check, w.Detail, w.Cost, w.Remedy)
			}
			if err := printReport(s.out, r); err != nil {
				return err
			}
			return printTimes(s.out, r, timing, trace)
		},
	}
	var runtimes []string
	for _, r := range labs.Runtimes() {
		runtimes = append(runtimes, r.Name)
	}
	c.Flags().Var(newChoice(&o.Runtime, runtimes...), "runtime", "what hosts run in if the file does not say")
	completeFlag(c, "runtime", func(context.Context) []string { return runtimes })
	c.Flags().DurationVar(&o.Timeout, "timeout", convergeTimeout, "how long to wait for the lab to converge")
	c.Flags().BoolVar(&o.NoWait, "no-wait", false, "return when everything is started")
	c.Flags().BoolVar(&timing, "timing", false, "print where the time went")
	c.Flags().StringVar(&trace, "timing-trace", "", "write where the time went to this file, for a browser's trace viewer (about:tracing, Perfetto)")
	nics = addNICs(c)
	c.Flags().BoolVar(&dry, "dry-run", false, "only say what it would do, as plan does, which has more to say with -v")
	c.Flags().BoolVar(&o.Force, "force", false, "lend NICs even if the server's default route or your SSH session uses them")
	return c
}

func newDown(s streams) *cobra.Command {
	var lab string
	c := &cobra.Command{
		Use:     "down [LAB]",
		GroupID: groupRun,
		Short:   "Remove a running lab",
		Long: `Down ends the lab's processes and removes its namespaces, wires, containers and
files, and nothing else. LAB is optional while only one lab runs.`,
		Example: `  sudo pseudowan down
  sudo pseudowan down pseudo-wan`,
		Args:              takes("[LAB]"),
		ValidArgsFunction: completing(runningLabs, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(c *cobra.Command, args []string) error {
			lab, err := theLab(args, lab)
			if err != nil {
				return err
			}
			name, err := withProgress(s, func(p progress) (string, error) { return labs.Down(c.Context(), lab, p) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.out, "lab %s is down\n", name)
			return err
		},
	}
	addLab(c, &lab, "the same as LAB")
	return c
}

// needTime refuses a --timeout that is not positive.
func needTime(timeout time.Duration) error {
	if timeout <= 0 {
		return usagef("--timeout must be positive, e.g. 30s")
	}
	return nil
}

// withProgress runs f with a progress line, and removes the line at the end.
func withProgress[T any](s streams, f func(progress) (T, error)) (T, error) {
	p := newProgress(s.err)
	defer p.Close()
	return f(p)
}

func readyLabs(context.Context) []string { return catalog.Names() }

// runningLabs returns the running labs, for completion.
func runningLabs(ctx context.Context) []string { return look.Complete(ctx, "").Labs }

// printTimes prints and writes where the time went, as far as asked.
func printTimes(w io.Writer, r labs.Report, table bool, file string) error {
	if table {
		if _, err := fmt.Fprintln(w); err != nil {
			return err
		}
		if err := show.Phases(w, r.Phases); err != nil {
			return err
		}
	}
	if file == "" {
		return nil
	}
	var b bytes.Buffer
	if err := show.PhaseTrace(&b, r.Phases); err != nil {
		return err
	}
	return os.WriteFile(file, b.Bytes(), 0o644)
}

// printReport prints what up has done.
func printReport(w io.Writer, r labs.Report) error {
	for _, line := range r.Changed {
		if !r.Created {
			fmt.Fprintln(w, line)
		}
	}
	what := "is up"
	switch {
	case !r.Created && len(r.Changed) == 0:
		what = "is up already, nothing to change"
	case !r.Created:
		what = "is changed"
	}
	for _, peer := range r.Waiting {
		fmt.Fprintf(w, "waiting for %s\n", peer)
	}
	_, err := fmt.Fprintf(w, "lab %s %s: %s, %s (%s), %.1f s\n", r.Lab, what,
		count(r.Routers, "router"), count(r.Hosts, "host"), r.Runtime, r.Elapsed.Seconds())
	if err == nil && !r.Created && len(r.Changed) == 0 {
		_, err = fmt.Fprintf(w, "to change it, edit its file and run `pseudowan up FILE`; to remove it, run `pseudowan down %s`\n", r.Lab)
	}
	return err
}

// printUndone says what the file takes back.
func printUndone(w io.Writer, lines []string) {
	for _, line := range lines {
		fmt.Fprintf(w, "pseudowan: undoing a change made while the lab ran: %s\n", line)
	}
}

func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
