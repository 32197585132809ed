package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"pseudowan/k8s/pods"
	"pseudowan/labs/catalog"
	"pseudowan/labs/look"
	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/compare"
)

// answerCommand is the subcommand of k8s that answers questions about a site.
const answerCommand = "answer"

func newK8sAnswer(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    answerCommand,
		Hidden: true,
		Short:  "Answer questions about a site",
		Args:   takes(),
		RunE: func(c *cobra.Command, _ []string) error {
			a, err := look.NewAnswers(c.Context())
			if err != nil {
				return err
			}
			defer a.Close()
			if _, err := fmt.Fprintln(s.out, sayReady); err != nil {
				return err
			}
			return a.Serve(stdio{s})
		},
	}
}

// stdio is the standard input and output as a connection.
type stdio struct{ streams }

func (s stdio) Read(b []byte) (int, error)  { return s.in.Read(b) }
func (s stdio) Write(b []byte) (int, error) { return s.out.Write(b) }

// Close implements io.Closer; the process ends next.
func (s stdio) Close() error { return nil }

// withSites opens the sites of a lab on a cluster for a question.
func withSites[T any](ctx context.Context, k *kubeFlag, ask func(*look.Sites) (T, error)) (T, error) {
	var none T
	conns, err := k.lab.Dial(ctx, sayReady, "k8s", answerCommand)
	if err != nil {
		return none, err
	}
	sites := make([]look.Site, len(conns))
	for i, c := range conns {
		sites[i] = look.Site{Name: c.Site, Conn: c}
	}
	all, err := look.OpenSites(ctx, sites)
	if err != nil {
		return none, err
	}
	defer all.Close()
	return ask(all)
}

// kubeDiff compares what the sites run with a file of this machine.
func kubeDiff(ctx context.Context, k *kubeFlag, file string, in io.Reader) (lines []string, _ error) {
	if file == "" {
		return nil, usagef("diff: with --kube, name the file to compare with")
	}
	t, err := asWritten(file, in)
	if err != nil {
		return nil, err
	}
	return withSites(ctx, k, func(sites *look.Sites) ([]string, error) {
		return compare.Lines(sites.Applied(), t, compare.Names{Only: "the running lab", Other: "the file"}), nil
	})
}

// asWritten reads a file with its paths as they are written, which mean the same in pods.
func asWritten(file string, in io.Reader) (*topology.Topology, error) {
	t, text, err := catalog.Load(file, in)
	if err != nil {
		return nil, err
	}
	return topology.Parse(t.Source, text)
}

// kubeAudit audits each site by itself, and the packets between all of them.
func kubeAudit(c *cobra.Command, k *kubeFlag, packets bool) ([]status.Deviation, error) {
	args := arguments(c)
	if packets {
		args = append(args, "--tables")
	}
	rows, err := pods.Together[status.Deviation](c.Context(), k.lab, nil, append(args, "-o", "json")...)
	if err != nil || !packets {
		return rows, err
	}
	timeout := c.Flags().Lookup("timeout").Value.String()
	pairs, err := kubeVerify(c.Context(), k, []string{"verify", "--timeout", timeout})
	return append(rows, look.Strayed(pairs)...), err
}
