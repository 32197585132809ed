package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"github.com/spf13/pflag"
)

// newMan is for packaging and the generated pages in docs.
func newMan(s streams) *cobra.Command {
	asMarkdown := false
	c := &cobra.Command{
		Use:    "man DIR",
		Hidden: true,
		Short:  "Write the manual pages into a directory",
		Long: `Man writes pseudowan.1 and a page for each command. Their date is
SOURCE_DATE_EPOCH if that is set. With --markdown, it prints one page for all
commands to standard output.`,
		Example: `  pseudowan man /usr/local/share/man/man1
  pseudowan man --markdown > docs/commands.md`,
		Args: func(c *cobra.Command, args []string) error {
			if asMarkdown {
				return takes()(c, args)
			}
			return takes("DIR")(c, args)
		},
		RunE: func(_ *cobra.Command, args []string) error {
			root := newRoot(s)
			root.DisableAutoGenTag = true
			preformat(root)
			nameChoices(root)
			if asMarkdown {
				_, err := io.WriteString(s.out, markdown(root))
				return err
			}
			return writeMan(s.out, root, args[0])
		},
	}
	c.Flags().BoolVar(&asMarkdown, "markdown", false, "print one page in Markdown")
	return c
}

// writeMan writes the pages of root and its commands into dir.
func writeMan(out io.Writer, root *cobra.Command, dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	header := &doc.GenManHeader{Section: "1", Source: "pseudowan " + version, Manual: "pseudowan manual"}
	if err := doc.GenManTree(root, header, dir); err != nil {
		return fmt.Errorf("manual pages: %w", err)
	}
	pages, err := filepath.Glob(filepath.Join(dir, "pseudowan*.1"))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s in %s\n", count(len(pages), "manual page"), dir)
	return err
}

// nameChoices adds the words that a flag accepts to its usage: the pages do not
// show a flag's type.
func nameChoices(c *cobra.Command) {
	add := func(f *pflag.Flag) {
		if choices := ": " + strings.ReplaceAll(f.Value.Type(), "|", ", "); strings.Contains(choices, ", ") && !strings.HasSuffix(f.Usage, choices) {
			f.Usage += choices
		}
	}
	c.LocalFlags().VisitAll(add)
	for _, sub := range c.Commands() {
		nameChoices(sub)
	}
}

// preformat turns the tables in long texts, which are indented by two, into
// preformatted blocks of Markdown, from which the pages are made.
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
