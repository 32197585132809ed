package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"slices"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"pseudowan/k8s/pods"
	"pseudowan/labs/look"
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

// noKube refuses --kube for the other commands.
const noKube = `%[1]s does not know --kube: what changes a lab on Kubernetes is an edit of its file, as in
pseudowan k8s render FILE | kubectl apply -f -, and what looks at one site runs in its pod: kubectl exec POD -- %[1]s`

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
		if f.Name == "output" || f.Name == "kube" || f.Name == "watch" {
			return
		}
		values := []string{f.Value.String()}
		if list, ok := f.Value.(pflag.SliceValue); ok {
			values = list.GetSlice()
		}
		for _, v := range values {
			args = append(args, "--"+f.Name+"="+v)
		}
	})
	return append(args, c.Flags().Args()...)
}

// kubeExec runs a command in a node, in whichever pod that is.
func kubeExec(ctx context.Context, k *kubeFlag, node string, tty bool, argv []string) error {
	args := []string{execCommand}
	if tty {
		args = append(args, "-t")
	}
	p, err := k.lab.Of(ctx, node)
	if err != nil {
		return err
	}
	run := k.lab.Command
	if tty {
		run = k.lab.Terminal
	}
	cmd := run(ctx, p, slices.Concat(args, []string{node, "--"}, argv)...)
	cmd.Stdin = os.Stdin
	return kubeRun(cmd)
}

// kubeRun runs a command in a pod to its end.
func kubeRun(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() > 0 {
		return statusError(exit.ExitCode())
	}
	return err
}

// addWhileAsked gives a command that may run for ever the hidden flag whileAsked.
func addWhileAsked(c *cobra.Command, s streams) {
	asked, here := false, c.RunE
	c.Flags().BoolVar(&asked, whileAsked, false, "end once standard input ends")
	c.Flags().Lookup(whileAsked).Hidden = true
	c.RunE = func(c *cobra.Command, args []string) error {
		if !asked {
			return here(c, args)
		}
		ctx, cancel := context.WithCancel(c.Context())
		defer cancel()
		go func() {
			_, _ = io.Copy(io.Discard, s.in) // its end is all that it says
			cancel()
		}()
		c.SetContext(ctx)
		err := here(c, args)
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return nil // nobody listens any more
		}
		return err
	}
}

// whileAsked ends a command in a pod with the connection to it, which ends no process
// by itself.
const whileAsked = "while-asked"

// atNode gives a command about a node, its first argument, the flag --kube: then it runs in
// the pod that has the node. It leaves standard input to others.
func atNode(c *cobra.Command) *cobra.Command {
	kube, here := addKube(c), c.RunE
	c.RunE = func(c *cobra.Command, args []string) error {
		if !kube.given {
			return here(c, args)
		}
		p, err := kube.lab.Of(c.Context(), args[0])
		if err != nil {
			return err
		}
		words := arguments(c)
		if c.Flags().Lookup(whileAsked) != nil {
			words = append(words, "--"+whileAsked)
		}
		cmd := kube.lab.Command(c.Context(), p, words...)
		if _, err := cmd.StdinPipe(); err != nil { // nothing comes, until this process ends
			return err
		}
		return kubeRun(cmd)
	}
	return c
}

// kubeVerify verifies all sites at once: their hosts answer each other.
func kubeVerify(ctx context.Context, k *kubeFlag, args []string) ([]status.HostPair, error) {
	words := []pods.Words{{Say: sayKey, Hear: pods.NewSecret()}, {Say: sayReady, Hear: hearReady}, {Say: sayDone, Hear: hearDone}}
	rows, err := pods.Together[status.HostPair](ctx, k.lab, words, append(args, "--together", "--all", "-o", "json")...)
	if err != nil {
		return nil, untestedError{err}
	}
	return look.Merge(rows), nil
}
