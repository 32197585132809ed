package labs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"pseudowan/hosts"
	"pseudowan/labs/build"
	"pseudowan/labs/inventory"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
	"pseudowan/topology"
)

// tagBuilds sets the tags of the images to build, which depend on what they are
// built from. The error names the line of the file source.
func tagBuilds(r inventory.Runtimes, p *plan.Plan, source string) error {
	tags := map[string]string{}
	for i := range p.Hosts {
		h := &p.Hosts[i]
		path := h.Build
		builder := r.Containers(h.Runtime)
		if builder == nil || path == "" {
			continue
		}
		if tags[path] == "" {
			tag, err := builder.BuildTag(path)
			if err != nil {
				return fmt.Errorf("%s:%d: host %s: %w", source, h.BuildLine, h.Name, err)
			}
			tags[path] = tag
		}
		h.BuildTag = tags[path]
	}
	return nil
}

// eachRuntime calls do in order for every runtime that a plan's hosts use, with
// those hosts.
func eachRuntime(b *build.Builder, r inventory.Runtimes, do func(inventory.Opened, []hosts.Spec) error) error {
	specs := b.Specs()
	for _, o := range r {
		if mine := specs[o.Driver.Name]; len(mine) > 0 {
			if err := do(o, mine); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkHosts refuses settings that need a container on hosts without one, and
// hosts that cannot be made, before anything is changed.
func (a *applier) checkHosts(ctx context.Context) error {
	for _, h := range a.plan.Hosts {
		if s := h.ContainerOnly; s != nil && !a.before.HoldsContainers(h.Runtime) {
			return a.needsContainer(h, *s)
		}
	}
	if err := checkMounts(a.plan, a.topology.Source); err != nil {
		return err
	}
	return eachRuntime(a.build, a.before.Runtimes, func(o inventory.Opened, specs []hosts.Spec) error { return o.Check(ctx, specs) })
}

// needsContainer returns the error for a setting that the host's runtime does not
// support, with the runtimes that do.
func (a *applier) needsContainer(h plan.Host, s topology.Setting) error {
	able := a.before.Select(func(o inventory.Opened) bool { return o.Driver.Containers })
	err := fmt.Errorf("%s:%d: host %s: %s: needs a container, but the host's runtime is %s; remove it, or use --runtime %s",
		a.topology.Source, s.Line, h.Name, s.Key, h.Runtime, strings.Join(able, " or "))
	for _, name := range able {
		if absent := a.before.Find(name).Absent; absent != nil {
			err = fmt.Errorf("%w (%w)", err, absent)
		}
	}
	return err
}

// checkMounts refuses mounts whose source does not exist. The error names the
// line of the file source.
func checkMounts(p *plan.Plan, source string) error {
	for _, h := range p.Hosts {
		for _, m := range h.Mounts {
			if _, err := os.Stat(m.Source); err != nil {
				return fmt.Errorf("%s:%d: host %s: mount on %s: %w", source, m.Line, h.Name, m.Target, err)
			}
		}
	}
	return nil
}

// unreachable returns an error if hosts may remain because their runtime can no
// longer be used.
func (a *applier) unreachable(now inventory.Runtimes) error {
	var errs []error
	_ = eachRuntime(a.build, now, func(o inventory.Opened, specs []hosts.Spec) error {
		if o.Usable() {
			return nil
		}
		var names []string
		for _, s := range specs {
			names = append(names, s.Name)
		}
		errs = append(errs, fmt.Errorf("some of the containers %s may remain; once runtime %s can be used again, remove them with: pseudowan down %s: %w",
			strings.Join(names, ", "), o.Driver.Name, a.plan.Lab, o.Absent))
		return nil
	})
	return errors.Join(errs...)
}

// prepare makes images available, before anything is made.
func (a *applier) prepare(ctx context.Context) error {
	return eachRuntime(a.build, a.before.Runtimes, func(o inventory.Opened, specs []hosts.Spec) error { return o.Prepare(ctx, specs) })
}

// settleContainers waits for containers that an interrupted command may have
// requested and that do not exist yet.
func settleContainers(ctx context.Context, lab string) error {
	cut, err := store.Cut(lab)
	if err != nil {
		return nil // no command was interrupted
	}
	r := inventory.FindRuntimes(ctx, nil)
	for _, p := range cut {
		err := eachRuntime(build.New(&p, nil), r, func(o inventory.Opened, specs []hosts.Spec) error {
			if c, ok := o.Runtime.(hosts.Containers); ok && o.Usable() { // if not, the command that needs it reports why
				return c.Settle(ctx, specs)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}
