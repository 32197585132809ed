package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"pseudowan/show"
)

// formatFlag is the flag -o.
type formatFlag struct{ show.Format }

func (f *formatFlag) String() string { return string(f.Format) }
func (f *formatFlag) Type() string   { return "table|wide|json|yaml" }

func (f *formatFlag) Set(s string) (err error) {
	f.Format, err = show.ParseFormat(s)
	return err
}

// addFormat gives c the flag -o.
func addFormat(c *cobra.Command) *formatFlag { return formatAmong(c, c.Flags()) }

// formatAmong gives c the flag -o, in one of its sets of flags.
func formatAmong(c *cobra.Command, flags *pflag.FlagSet) *formatFlag {
	f := &formatFlag{show.Table}
	flags.VarP(f, "output", "o", "how to print")
	var names []string
	for _, n := range show.Formats() {
		names = append(names, string(n))
	}
	completeFlag(c, "output", func(context.Context) []string { return names })
	return f
}

// output returns where and how to print a table. Colours are for terminals, unless
// the user opts out (no-color.org).
func output(w io.Writer, f *formatFlag) show.Output {
	return show.Output{
		W:      w,
		Format: f.Format,
		Colour: isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb",
		Zone:   time.Local,
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}
