package pods

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"pseudowan/k8s"
)

// Lab is a lab on a cluster, as kubectl finds it.
type Lab struct {
	Context   string // of kubectl's configuration; "": the current one
	Namespace string
}

// Parse reads [CONTEXT/]NAMESPACE. A context may contain slashes.
func Parse(s string) (Lab, error) {
	i := strings.LastIndex(s, "/")
	l := Lab{Context: s[:max(i, 0)], Namespace: s[i+1:]}
	if l.Namespace == "" || strings.HasPrefix(s, "-") || strings.HasPrefix(l.Namespace, "-") || i == 0 {
		return Lab{}, fmt.Errorf("%q is not [CONTEXT/]NAMESPACE", s)
	}
	return l, nil
}

// Pod runs a site.
type Pod struct {
	Name string
	Site string
}

// kubectl returns a command of kubectl for the lab's namespace.
func (l Lab) kubectl(ctx context.Context, args ...string) *exec.Cmd {
	all := []string{"--namespace", l.Namespace}
	if l.Context != "" {
		all = append(all, "--context", l.Context)
	}
	return exec.CommandContext(ctx, "kubectl", append(all, args...)...)
}

// Pods lists the running pods of the lab, by site. If sites that should have one do not,
// the error is an AbsentError.
func (l Lab) Pods(ctx context.Context) ([]Pod, error) {
	out, err := output(l.kubectl(ctx, "get", "statefulsets,pods", "--selector", k8s.Selector, "-o", "json"))
	if err != nil {
		return nil, fmt.Errorf("list the sites of namespace %s: %w", l.Namespace, err)
	}
	var list struct {
		Items []struct {
			Kind     string `json:"kind"`
			Metadata struct {
				Name   string            `json:"name"`
				Labels map[string]string `json:"labels"`
			} `json:"metadata"`
			Status struct {
				Phase string `json:"phase"`
			} `json:"status"`
		} `json:"items"`
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("list the sites of namespace %s: %w", l.Namespace, err)
	}
	var all []Pod
	var wanted []string
	for _, i := range list.Items {
		switch site := i.Metadata.Labels[k8s.SiteLabel]; {
		case i.Kind == "StatefulSet":
			wanted = append(wanted, site)
		case i.Status.Phase == "Running":
			all = append(all, Pod{i.Metadata.Name, site})
		}
	}
	if len(wanted)+len(all) == 0 {
		return nil, fmt.Errorf("there is no lab in namespace %s", l.Namespace)
	}
	slices.SortFunc(all, func(a, b Pod) int { return strings.Compare(a.Site, b.Site) })
	absent := slices.DeleteFunc(wanted, func(site string) bool {
		return slices.ContainsFunc(all, func(p Pod) bool { return p.Site == site })
	})
	if len(absent) > 0 {
		slices.Sort(absent)
		return all, &AbsentError{absent}
	}
	return all, nil
}

// AbsentError names the sites that should have a running pod and do not.
type AbsentError struct{ Sites []string }

func (e *AbsentError) Error() string {
	return "no pod is running for site " + strings.Join(e.Sites, ", ")
}

// output runs a command and returns what it prints; its error has what it complains of.
func output(cmd *exec.Cmd) ([]byte, error) {
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	switch {
	case errors.Is(err, exec.ErrNotFound):
		return nil, errors.New("the program kubectl is missing; install the one of your cluster's release")
	case err != nil && errs.Len() > 0:
		return nil, fmt.Errorf("%s (%w)", strings.TrimSpace(errs.String()), err)
	}
	return out.Bytes(), err
}

// Command returns this program in a pod, with arguments. Its standard input is passed on
// if there is one to pass.
func (l Lab) Command(ctx context.Context, p Pod, args ...string) *exec.Cmd {
	return l.kubectl(ctx, slices.Concat([]string{"exec", "-i", p.Name, "--", "pseudowan"}, args)...)
}

// Terminal is Command with a terminal.
func (l Lab) Terminal(ctx context.Context, p Pod, args ...string) *exec.Cmd {
	return l.kubectl(ctx, slices.Concat([]string{"exec", "-it", p.Name, "--", "pseudowan"}, args)...)
}

// limit is how many pods are asked at once: each is a connection to the API server.
const limit = 16

// Rows runs this program in every pod, and returns the rows of all the lists that it
// prints. A pod that does not answer does not hide the others: the error names it.
func Rows[T any](ctx context.Context, l Lab, args ...string) ([]T, error) {
	_, rows, err := ask[T](ctx, l, args...)
	return slices.Concat(rows...), err
}

// Of returns the pod that has a router or a host.
func (l Lab) Of(ctx context.Context, node string) (Pod, error) {
	type named struct {
		Node string `json:"node"`
	}
	all, rows, err := ask[named](ctx, l, "ps")
	for i, nodes := range rows {
		if slices.Contains(nodes, named{node}) {
			return all[i], nil
		}
	}
	return Pod{}, errors.Join(fmt.Errorf("no site of namespace %s has a node %s", l.Namespace, node), err)
}

// ask runs this program in every pod, and returns the rows that it prints in each. The
// error names the sites without an answer.
func ask[T any](ctx context.Context, l Lab, args ...string) ([]Pod, [][]T, error) {
	all, absent := l.Pods(ctx)
	rows, errs := askEach[T](ctx, l, all, args...)
	return all, rows, errors.Join(append(errs, absent)...)
}

// askEach is ask for these pods; each has an error of its own.
func askEach[T any](ctx context.Context, l Lab, all []Pod, args ...string) ([][]T, []error) {
	args = slices.Concat(args, []string{"-o", "json"})
	rows, errs := make([][]T, len(all)), make([]error, len(all))
	var g errgroup.Group
	g.SetLimit(limit)
	for i, p := range all {
		g.Go(func() error {
			out, err := output(l.Command(ctx, p, args...))
			if err == nil {
				err = json.Unmarshal(out, &rows[i])
			}
			if err != nil {
				errs[i] = fmt.Errorf("site %s: %w", p.Site, err)
			}
			return nil
		})
	}
	_ = g.Wait() // errors are in errs
	return rows, errs
}

// Outcome is how this program has ended in a pod.
type Outcome struct {
	Site      string
	Code      int    // its exit code
	Complaint string // what it has said on standard error
}

// Each runs this program in every pod at once.
func (l Lab) Each(ctx context.Context, args ...string) ([]Outcome, error) {
	all, err := l.Pods(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Outcome, len(all))
	var g errgroup.Group // without a limit: they may wait for each other
	for i, p := range all {
		g.Go(func() error {
			_, err := output(l.Command(ctx, p, args...))
			out[i].Site = p.Site
			if err == nil {
				return nil
			}
			out[i].Code, out[i].Complaint = 1, err.Error()
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				out[i].Code = exit.ExitCode()
			}
			return nil
		})
	}
	_ = g.Wait() // errors are in out
	return out, context.Cause(ctx)
}
