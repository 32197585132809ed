package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"pseudowan/hosts"
)

// Check implements Runtime.
func (d *containers) Check(ctx context.Context, specs []hosts.Spec) error {
	if len(specs) == 0 {
		return nil
	}
	list, err := d.cli.ContainerList(ctx, container.ListOptions{All: true})
	if err != nil {
		return fmt.Errorf("list containers: %w", d.explain(err))
	}
	labels := map[string]map[string]string{}
	for _, c := range list {
		for _, name := range c.Names {
			labels[name] = c.Labels
		}
	}
	var errs []error
	for _, s := range specs {
		if len(s.Name) < minName {
			errs = append(errs, fmt.Errorf("container %s: Docker needs names of at least two characters; give the lab a node-prefix", s.Name))
		}
		if err := hosts.CheckDevices(s.Devices); err != nil {
			errs = append(errs, fmt.Errorf("host %s: %w", s.Node, err))
		}
		if have, taken := labels["/"+s.Name]; taken {
			errs = append(errs, foreignContainer(s.Name, have, s.Mark()))
		}
	}
	return errors.Join(append(errs, d.checkKept(ctx, specs))...)
}

// foreignContainer returns an error that names the owner of a container without
// the mark ours.
func foreignContainer(name string, labels map[string]string, ours hosts.Mark) error {
	lab, node := labels[labelLab], labels[labelNode]
	switch {
	case lab == ours.Lab && node == ours.Node && !copied(name, labels):
		return nil
	case lab != "" && !copied(name, labels):
		return fmt.Errorf("container %s: %w (it is node %s of lab %s); take that lab down first", name, hosts.ErrForeign, node, lab)
	default:
		return fmt.Errorf("container %s: %w; if nobody needs it, remove it with: docker rm -f %s; else give the lab a node-prefix", name, hosts.ErrForeign, name)
	}
}
