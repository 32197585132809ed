package main

import (
	"context"

	"github.com/spf13/cobra"
)

// completeFlag offers words, and no files, for the value of a flag of c.
func completeFlag(c *cobra.Command, flag string, words func(context.Context) []string) {
	complete := func(c *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return words(c.Context()), cobra.ShellCompDirectiveNoFileComp
	}
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag is defined before
	}
}
