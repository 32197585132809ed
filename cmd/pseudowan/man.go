package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// newMan is for those who make packages.
func newMan(s streams) *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Hidden:  true,
		Short:   "Write the manual pages into a directory",
		Long:    "Man writes pseudowan.1 and a page for each command. SOURCE_DATE_EPOCH is their date where it is set.",
		Example: `  pseudowan man /usr/local/share/man/man1`,
		Args:    wants("DIR"),
		RunE: func(_ *cobra.Command, args []string) error {
			root := newRoot(s)
			root.DisableAutoGenTag = true
			preformat(root)
			tellChoices(root)
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			header := &doc.GenManHeader{Section: "1", Source: "pseudowan " + version, Manual: "pseudowan manual"}
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("manual pages: %w", err)
			}
			pages, err := filepath.Glob(filepath.Join(args[0], "pseudowan*.1"))
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(s.out, "%s in %s\n", count(len(pages), "manual page"), args[0])
			return err
		},
	}
}

// tellChoices puts the words that a flag takes into its usage: manual pages do
// not tell a flag's type.
func tellChoices(c *cobra.Command) {
	seen := func(f *pflag.Flag) {
		if told := ": " + strings.ReplaceAll(f.Value.Type(), "|", ", "); strings.Contains(told, ", ") && !strings.HasSuffix(f.Usage, told) {
			f.Usage += told
		}
	}
	c.LocalFlags().VisitAll(seen)
	for _, sub := range c.Commands() {
		tellChoices(sub)
	}
}

// preformat turns the tables in the long texts, which are indented by two, into
// Markdown's preformatted blocks, from which manual pages are made.
func preformat(c *cobra.Command) {
	var b strings.Builder
	before := false
	for line := range strings.Lines(c.Long) {
		inside := strings.HasPrefix(line, "  ")
		if inside != before {
			b.WriteString("\n")
		}
		if inside {
			b.WriteString("  ")
		}
		b.WriteString(line)
		before = inside
	}
	c.Long = b.String()
	for _, sub := range c.Commands() {
		preformat(sub)
	}
}
