package hosts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"
)

// Log implements Runtime.
func (d *Docker) Log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error {
	if err := d.log(ctx, s, o, w); err != nil {
		return fmt.Errorf("log of host %s: %w", s.Node, d.explain(err))
	}
	return nil
}

func (d *Docker) log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error {
	c, err := d.cli.ContainerInspect(ctx, s.Name)
	if err != nil {
		return err
	}
	last := "all"
	if o.Last >= 0 {
		last = strconv.Itoa(o.Last)
	}
	said, err := d.cli.ContainerLogs(ctx, c.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: o.Follow, Tail: last})
	if err != nil {
		return err
	}
	defer said.Close()
	if c.Config.Tty {
		_, err = io.Copy(w, said)
	} else {
		_, err = stdcopy.StdCopy(w, w, said)
	}
	return errors.Join(ctx.Err(), err)
}
