package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// markdown returns the reference of all commands as one page. Long texts must be
// preformatted, and usages of flags must name their choices.
func markdown(root *cobra.Command) string {
	var b strings.Builder
	b.WriteString("# Commands\n\n")
	b.WriteString(root.Long + "\n\n")
	for _, g := range root.Groups() {
		fmt.Fprintf(&b, "%s\n\n| command | |\n|---|---|\n", g.Title)
		for _, c := range root.Commands() {
			if c.GroupID == g.ID {
				fmt.Fprintf(&b, "| [`%s`](#%s) | %s |\n", c.Name(), anchor(c), c.Short)
			}
		}
		b.WriteString("\n")
	}
	for _, c := range root.Commands() {
		commandSection(&b, c)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// anchor returns the link target of a command's heading.
func anchor(c *cobra.Command) string { return strings.ReplaceAll(c.CommandPath(), " ", "-") }

// commandSection writes the section of c, then those of its subcommands.
func commandSection(b *strings.Builder, c *cobra.Command) {
	if !c.IsAvailableCommand() {
		return
	}
	fmt.Fprintf(b, "## %s\n\n%s.\n\n```\n%s\n```\n\n", c.CommandPath(), c.Short, c.UseLine())
	if c.Long != "" {
		b.WriteString(strings.TrimSpace(c.Long) + "\n\n")
	}
	flagTable(b, c.NonInheritedFlags())
	if c.HasAvailableInheritedFlags() {
		fmt.Fprintf(b, "It also has the flags of [%s](#%s).\n\n", c.Parent().CommandPath(), anchor(c.Parent()))
	}
	if c.Example != "" {
		fmt.Fprintf(b, "```sh\n%s\n```\n\n", outdent(c.Example))
	}
	if c.Name() == completionCommand {
		return // cobra's own pages about the scripts, the same for every program
	}
	for _, sub := range c.Commands() {
		commandSection(b, sub)
	}
}

// flagTable writes a table of flags, or nothing if there are none. It omits --help,
// which every command has.
func flagTable(b *strings.Builder, flags *pflag.FlagSet) {
	rows := ""
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		preset := ""
		if f.DefValue != "" && f.DefValue != "false" {
			preset = "`" + f.DefValue + "`"
		}
		rows += fmt.Sprintf("| %s | %s | %s |\n", name, f.Usage, preset)
	})
	if rows != "" {
		fmt.Fprintf(b, "| flag | | default |\n|---|---|---|\n%s\n", rows)
	}
}

// outdent removes the indentation of help, which code blocks do not need.
func outdent(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.TrimPrefix(strings.TrimSuffix(line, "\n"), "  "))
	}
	return strings.Join(lines, "\n")
}
