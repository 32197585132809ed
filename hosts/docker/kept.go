package docker

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/volume"

	"pseudowan/hosts"
)

// volumeName returns the name of the volume that keeps a directory of a container. It
// is not the container's own, and so outlives it.
func volumeName(container, target string) string {
	sum := sha256.Sum256([]byte(target))
	return container + "-" + hex.EncodeToString(sum[:4])
}

// checkKept refuses directories whose volumes are somebody else's: Docker would use
// them as they are.
func (d *containers) checkKept(ctx context.Context, specs []hosts.Spec) error {
	owner := map[string]hosts.Spec{}
	for _, s := range specs {
		for _, target := range s.Keep {
			owner[volumeName(s.Name, target)] = s
		}
	}
	if len(owner) == 0 {
		return nil
	}
	list, err := d.cli.VolumeList(ctx, volume.ListOptions{})
	if err != nil {
		return fmt.Errorf("list volumes: %w", d.explain(err))
	}
	var errs []error
	for _, v := range list.Volumes {
		s, wanted := owner[v.Name]
		if !wanted || v.Labels[labelLab] == s.Lab && v.Labels[labelNode] == s.Node {
			continue
		}
		errs = append(errs, fmt.Errorf("host %s: volume %s, for what it keeps: %w; if nobody needs it, remove it with: docker volume rm %[2]s; else give the lab a node-prefix", s.Node, v.Name, hosts.ErrForeign))
	}
	return errors.Join(errs...)
}

// RemoveKept implements Containers.
func (d *containers) RemoveKept(ctx context.Context, lab, node string) error {
	marks := filters.NewArgs(filters.Arg("label", labelLab+"="+lab))
	if node != "" {
		marks.Add("label", labelNode+"="+node)
	}
	list, err := d.cli.VolumeList(ctx, volume.ListOptions{Filters: marks})
	if err != nil {
		return fmt.Errorf("list volumes: %w", d.explain(err))
	}
	var errs []error
	for _, v := range list.Volumes {
		if err := d.cli.VolumeRemove(ctx, v.Name, false); err != nil && !errdefs.IsNotFound(err) {
			errs = append(errs, fmt.Errorf("remove volume %s: %w", v.Name, d.explain(err)))
		}
	}
	return errors.Join(errs...)
}
