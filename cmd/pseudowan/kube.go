package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pseudowan/k8s/pods"
	"pseudowan/status"
)

// kubeFlag is where the lab runs, if that is a cluster and not this server.
type kubeFlag struct {
	lab   pods.Lab
	given bool
}

// Set implements pflag.Value.
func (k *kubeFlag) Set(s string) (err error) {
	k.lab, err = pods.Parse(s)
	k.given = err == nil
	return err
}

// Type implements pflag.Value.
func (k *kubeFlag) Type() string { return "[CONTEXT/]NAMESPACE" }

// String implements pflag.Value.
func (k *kubeFlag) String() string {
	if k.lab.Context != "" {
		return k.lab.Context + "/" + k.lab.Namespace
	}
	return k.lab.Namespace
}

// addKube gives a command the flag --kube.
func addKube(c *cobra.Command) *kubeFlag {
	k := &kubeFlag{}
	c.PersistentFlags().Var(k, "kube", "the lab runs on Kubernetes, in this namespace")
	return k
}

// arguments returns what was given to a command, in the words of a command line, except
// how to print it and where it runs.
func arguments(c *cobra.Command) []string {
	args := []string{}
	for p := c; p.HasParent(); p = p.Parent() {
		args = append([]string{p.Name()}, args...)
	}
	c.Flags().Visit(func(f *pflag.Flag) {
		if f.Name != "output" && f.Name != "kube" && f.Name != "watch" {
			args = append(args, "--"+f.Name+"="+f.Value.String())
		}
	})
	return append(args, c.Flags().Args()...)
}

// kubeExec runs a command in a node, in whichever pod that is.
func kubeExec(ctx context.Context, k *kubeFlag, node string, tty bool, argv []string) error {
	p, err := k.lab.Of(ctx, node)
	if err != nil {
		return err
	}
	run, args := k.lab.Command, []string{execCommand}
	if tty {
		run, args = k.lab.Terminal, append(args, "-t")
	}
	cmd := run(ctx, p, slices.Concat(args, []string{node, "--"}, argv)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	err = cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return statusError(exit.ExitCode())
	}
	return err
}

// kubeVerify verifies all sites at once: their hosts answer each other.
func kubeVerify(ctx context.Context, k *kubeFlag, args []string) ([]status.HostPair, error) {
	words := []pods.Words{{Say: sayKey, Hear: pods.NewSecret()}, {Say: sayReady, Hear: hearReady}, {Say: sayDone, Hear: hearDone}}
	rows, err := pods.Together[status.HostPair](ctx, k.lab, words, append(args, "--together", "--all", "-o", "json")...)
	if err != nil {
		return nil, untestedError{err}
	}
	return rows, nil
}
