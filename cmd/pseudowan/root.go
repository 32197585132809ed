package main

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"pseudowan/labs"
)

// streams are the program's standard streams, or a test's.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

// The groups in which `pseudowan --help` lists the commands.
const (
	groupRun  = "run"
	groupLook = "look"
	groupFile = "file"
)

// newRoot builds the whole command tree.
func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "pseudowan",
		Short: "MPLS L3VPN labs on one Linux server",
		Long: `pseudowan turns one topology file into a working MPLS L3VPN provider on one
Linux server: customer hosts, PE routers and the core between them.

` + exitHelp,
		Example: `  sudo pseudowan up pseudo-wan
  sudo pseudowan show vrf --router pe1
  sudo pseudowan exec host_001_101 -- ping -c 3 30.1.0.2
  sudo pseudowan down`,
		SilenceErrors: true, // run prints them
		SilenceUsage:  true,
	}
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		if strings.HasSuffix(err.Error(), "unknown flag: --kube") {
			return usagef(noKube, c.CommandPath())
		}
		return usagef("%v; see `%s --help`", err, c.CommandPath())
	})
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Run a lab:"},
		&cobra.Group{ID: groupLook, Title: "Look at it:"},
		&cobra.Group{ID: groupFile, Title: "Topology files:"},
	)
	root.AddCommand(
		newUp(s), newDown(s), newExec(), newLink(s), newGC(s),
		newPower(s, labs.PowerStop), newPower(s, labs.PowerStart), newPower(s, labs.PowerRestart), newPower(s, labs.PowerPause),
		newVRF(s), newRoute(s), newHost(s), newLAN(s), newNeighbor(s), newPolicy(s), newPrefixList(s), newRedistribute(s), newBMP(s), newMaintenance(s), newChange(s), newInject(s),
		newPS(s), newLogs(s), newEvents(s), newDiff(s), newPlan(s), newShow(s), newCollector(s), newServe(s), newDoctor(s), newSupport(s),
		newVerify(s), newAudit(s), newWait(s), newCapture(s), newTrace(s), newPing(s), newTraceroute(s), newLSP(s), newExplain(s), newMeasure(s),
		newLabs(s), newK8s(s), newValidate(s), newExport(s), newImport(s), newGraph(s), newSchema(s),
		newVersion(s),
		newAgent(s), newBFD(s), newKeeper(s), newInjector(s), newEnter(), newMan(s),
	)
	onlySubcommands(root)
	addCompletion(root)
	addHelp(root)
	return root
}

// addHelp adds cobra's help command, which alone would ignore unknown commands.
func addHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	subcommand(root, "help").Args = func(_ *cobra.Command, args []string) error {
		found, rest, err := root.Find(args)
		if err != nil || len(rest) == 0 {
			return err
		}
		return noCommand(found, rest[0])
	}
}

// subcommand returns the subcommand of that name, which must exist.
func subcommand(root *cobra.Command, name string) *cobra.Command {
	all := root.Commands()
	return all[slices.IndexFunc(all, func(c *cobra.Command) bool { return c.Name() == name })]
}

// completionCommand is the name of cobra's completion command.
const completionCommand = "completion"

// addCompletion adds cobra's completion command, with examples.
func addCompletion(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	c := subcommand(root, completionCommand)
	onlySubcommands(c)
	c.Example = "  pseudowan completion bash > /etc/bash_completion.d/pseudowan"
	for _, shell := range c.Commands() {
		shell.Hidden = shell.Name() == "powershell" // labs run on Linux
		shell.Example = "  pseudowan completion " + shell.Name() + " --help\n  pseudowan completion " + shell.Name() + " > pseudowan." + shell.Name()
	}
}

// onlySubcommands makes c print its help, and refuse unknown subcommands.
func onlySubcommands(c *cobra.Command) {
	c.Args = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return noCommand(c, args[0])
	}
	c.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	c.SuggestionsMinimumDistance = 2
}

// noCommand returns the error for a word that is not a subcommand of c.
func noCommand(c *cobra.Command, word string) error {
	hint := "see `" + c.CommandPath() + " --help`"
	if near := c.SuggestionsFor(word); len(near) > 0 {
		hint = "did you mean " + strings.Join(near, " or ") + "?"
	}
	return usagef("%s has no command %q; %s", c.CommandPath(), word, hint)
}

// takes checks the number of arguments. The names are those of the usage line; one
// in brackets is optional.
func takes(names ...string) cobra.PositionalArgs {
	least := 0
	for _, n := range names {
		if !strings.HasPrefix(n, "[") {
			least++
		}
	}
	return func(c *cobra.Command, args []string) error {
		if len(args) >= least && len(args) <= len(names) {
			return nil
		}
		want := "no argument"
		if len(names) > 0 {
			want = strings.Join(names, " ")
		}
		return usagef("%s takes %s; see `%s --help`", c.CommandPath(), want, c.CommandPath())
	}
}

// completing offers words for a command's only argument, and files if the
// directive beside allows them.
func completing(words func(context.Context) []string, beside cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words(c.Context()), beside
	}
}
