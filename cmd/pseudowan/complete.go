package main

import (
	"context"

	"github.com/spf13/cobra"

	"pseudowan/labs/look"
)

// completeFlag offers words, and no files, for a flag of c.
func completeFlag(c *cobra.Command, flag string, words func(context.Context) []string) {
	completeFlagAfter(c, flag, func(ctx context.Context, _ []string) []string { return words(ctx) })
}

// completeFlagAfter is completeFlag with words that depend on c's arguments.
func completeFlagAfter(c *cobra.Command, flag string, words func(context.Context, []string) []string) {
	complete := func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		return words(c.Context(), args), cobra.ShellCompDirectiveNoFileComp
	}
	if err := c.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err) // the flag is not defined
	}
}

// known offers names from the running labs, or from the one that lab names, for
// each of c's arguments in turn, given the earlier ones.
func known(lab *string, words ...func(k look.Completions, before []string) []string) cobra.CompletionFunc {
	return func(c *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= len(words) {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return words[len(args)](look.Complete(c.Context(), *lab), args), cobra.ShellCompDirectiveNoFileComp
	}
}
