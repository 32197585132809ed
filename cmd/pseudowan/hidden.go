package main

import (
	"io"
	"log/slog"
	"net/http"
	"os"

	"github.com/spf13/cobra"

	"pseudowan/labs"
	"pseudowan/labs/injection"
	"pseudowan/labs/keeper"
	"pseudowan/logfile"
)

// With the hidden commands the program starts itself as one of a lab's
// processes.

func newAgent(s streams) *cobra.Command {
	var lab, router string
	c := &cobra.Command{
		Use:    "agent",
		Hidden: true,
		Short:  "Be a router, inside its namespace",
		Args:   takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			log, flush := logger(s.err)
			defer flush()
			return keeper.RunAgent(c.Context(), lab, router, log)
		},
	}
	c.Flags().StringVar(&lab, "lab", "", "the lab")
	c.Flags().StringVar(&router, "router", "", "the router")
	return c
}

func newBFD(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    keeper.BFDCommand,
		Hidden: true,
		Short:  "Do BFD for a router, inside its namespace",
		Args:   takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			log, flush := logger(s.err)
			defer flush()
			return keeper.RunBFD(c.Context(), os.Stdin, log)
		},
	}
}

func newKeeper(s streams) *cobra.Command {
	var lab string
	c := &cobra.Command{
		Use:    keeper.Command,
		Hidden: true,
		Short:  "Keep a lab's agents running",
		Args:   takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			log, flush := logger(s.err)
			defer flush()
			return keeper.Run(c.Context(), lab, func() http.Handler { return newAPI(lab) }, log)
		},
	}
	c.Flags().StringVar(&lab, "lab", "", "the lab")
	return c
}

func newInjector(s streams) *cobra.Command {
	var lab, name string
	c := &cobra.Command{
		Use:    injection.Command,
		Hidden: true,
		Short:  "Be a speaker of injected routes",
		Args:   takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			return injection.Main(c.Context(), lab, name, s.in, s.out)
		},
	}
	c.Flags().StringVar(&lab, "lab", "", "the lab")
	c.Flags().StringVar(&name, "name", "", "the speaker's name")
	return c
}

// enterCommand is the subcommand's name.
const enterCommand = "enter"

func newEnter() *cobra.Command {
	return &cobra.Command{
		Use:                enterCommand,
		Hidden:             true,
		Short:              "Be a process of a netns host",
		DisableFlagParsing: true, // the arguments are the host's own
		RunE:               func(_ *cobra.Command, args []string) error { return labs.Enter(args) },
	}
}

// logger counts repeated messages; flush logs the pending counts.
func logger(w io.Writer) (log *slog.Logger, flush func()) {
	h := logfile.NewHandler(slog.NewTextHandler(w, nil))
	return slog.New(h), h.Flush
}
