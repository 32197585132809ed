package labs

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/topology"
)

// absolutePaths resolves the server's paths that a topology names, which are
// relative to the directory of its file.
func absolutePaths(t *topology.Topology, dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	resolve := func(path *string) {
		if *path != "" && !filepath.IsAbs(*path) {
			*path = filepath.Join(dir, *path)
		}
	}
	for i := range t.Hosts {
		h := &t.Hosts[i]
		resolve(&h.Build)
		for j := range h.Mounts {
			resolve(&h.Mounts[j].Source)
		}
	}
	return nil
}

// tagBuilds names the images that are built, each after what it is built from.
// The error names the line of the file source.
func tagBuilds(p *plan.Plan, source string) error {
	tags := map[string]string{}
	for i := range p.Hosts {
		h := &p.Hosts[i]
		path := h.Build
		if h.Runtime != dockerName || path == "" {
			continue
		}
		if tags[path] == "" {
			tag, err := hosts.BuildTag(path)
			if err != nil {
				return fmt.Errorf("%s:%d: host %s: %w", source, h.BuildLine, h.Name, err)
			}
			tags[path] = tag
		}
		h.BuildTag = tags[path]
	}
	return nil
}

func mounts(h plan.Host) []hosts.Mount {
	var out []hosts.Mount
	for _, m := range h.Mounts {
		out = append(out, hosts.Mount{Source: m.Source, Target: m.Target, ReadOnly: m.ReadOnly})
	}
	return out
}

// containers are the hosts that are containers, as Docker is told.
func (a *applier) containers() []hosts.Spec {
	var specs []hosts.Spec
	for _, h := range a.plan.Hosts {
		if h.Runtime == dockerName {
			specs = append(specs, a.spec(h))
		}
	}
	return specs
}

// checkContainers refuses, before anything is touched, settings that only a
// container can have where there is none, and containers that cannot be made.
func (a *applier) checkContainers(ctx context.Context) error {
	for _, h := range a.plan.Hosts {
		s := h.ContainerOnly
		if s == nil || h.Runtime == dockerName {
			continue
		}
		err := fmt.Errorf("%s:%d: host %s: %s: is for containers, but the host's runtime is %s; remove it, or use --runtime docker",
			a.topology.Source, s.Line, h.Name, s.Key, h.Runtime)
		if a.before.absent != nil {
			return fmt.Errorf("%w (%w)", err, a.before.absent)
		}
		return err
	}
	specs := a.containers()
	if len(specs) == 0 {
		return nil
	}
	if err := checkMounts(a.plan, a.topology.Source); err != nil {
		return err
	}
	return a.before.docker.CheckNames(ctx, specs)
}

// checkMounts refuses mounts of what the server does not have. The error names
// the line of the file source.
func checkMounts(p *plan.Plan, source string) error {
	for _, h := range p.Hosts {
		if h.Runtime != dockerName {
			continue
		}
		for _, m := range h.Mounts {
			if _, err := os.Stat(m.Source); err != nil {
				return fmt.Errorf("%s:%d: host %s: mount on %s: %w", source, m.Line, h.Name, m.Target, err)
			}
		}
	}
	return nil
}

// unreachable tells which containers may be left because no daemon answers.
func (a *applier) unreachable(now runtimes) error {
	specs := a.containers()
	if now.docker != nil || len(specs) == 0 {
		return nil
	}
	var names []string
	for _, s := range specs {
		names = append(names, s.Name)
	}
	return fmt.Errorf("of the containers %s some may be left; when Docker runs again, remove them with: pseudowan down %s: %w",
		strings.Join(names, ", "), a.plan.Lab, now.absent)
}

// images has the images of all containers at hand, before anything is made.
func (a *applier) images(ctx context.Context) error {
	for _, s := range a.containers() {
		if err := a.before.docker.EnsureImage(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// settleContainers waits for the containers that a command which was cut short
// may have asked for, and that cannot be seen yet.
func settleContainers(ctx context.Context, lab string) error {
	cut, err := store.Cut(lab)
	if err != nil {
		return nil // no command was cut short, or none that had come so far
	}
	r := findRuntimes(ctx, silent{}.Step)
	if r.docker == nil {
		return nil // whoever needs it says so
	}
	for _, p := range cut {
		if err := r.docker.Settle(ctx, (&applier{plan: &p}).containers()); err != nil {
			return err
		}
	}
	return nil
}
