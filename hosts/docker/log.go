package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/pkg/stdcopy"

	"pseudowan/hosts"
	"pseudowan/logfile"
)

// Log implements Runtime.
func (d *containers) Log(ctx context.Context, s hosts.Sandbox, o hosts.LogOptions, w io.Writer) error {
	if err := d.log(ctx, s, o, w); err != nil {
		return fmt.Errorf("log of host %s: %w", s.Node, d.explain(err))
	}
	return nil
}

func (d *containers) log(ctx context.Context, s hosts.Sandbox, o hosts.LogOptions, w io.Writer) error {
	c, err := d.cli.ContainerInspect(ctx, s.Name)
	if err != nil {
		return err
	}
	if !o.Follow {
		last := "all"
		if o.Last >= 0 {
			last = strconv.Itoa(o.Last)
		}
		return d.copyLog(ctx, c, container.LogsOptions{Tail: last}, w)
	}
	var before bytes.Buffer
	if err := d.copyLog(ctx, c, container.LogsOptions{}, &before); err != nil {
		return err
	}
	if _, err := w.Write(logfile.LastLines(before.Bytes(), o.Last)); err != nil {
		return err
	}
	after := &rest{w: w, skip: before.Len()}
	if err := d.copyLog(ctx, c, container.LogsOptions{Follow: true}, after); err != nil {
		return err
	}
	// Older daemons may stop before the end of the log.
	return d.copyLog(ctx, c, container.LogsOptions{}, &rest{w: w, skip: max(after.seen, before.Len())})
}

// copyLog writes the output of a container's first process, of both streams.
func (d *containers) copyLog(ctx context.Context, c container.InspectResponse, o container.LogsOptions, w io.Writer) error {
	o.ShowStdout, o.ShowStderr = true, true
	said, err := d.cli.ContainerLogs(ctx, c.ID, o)
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

// rest writes what follows the first skip octets.
type rest struct {
	w    io.Writer
	skip int
	seen int
}

func (r *rest) Write(b []byte) (int, error) {
	from := min(len(b), max(0, r.skip-r.seen))
	r.seen += len(b)
	if _, err := r.w.Write(b[from:]); err != nil {
		return 0, err
	}
	return len(b), nil
}
