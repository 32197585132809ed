package pods

import (
	"context"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"
)

// Conn is a process of this program in a pod, by its standard input and output.
type Conn struct {
	Site string
	*party
}

// Read implements io.Reader.
func (c Conn) Read(b []byte) (int, error) { return c.out.Read(b) }

// Write implements io.Writer.
func (c Conn) Write(b []byte) (int, error) { return c.in.Write(b) }

// Close ends the process.
func (c Conn) Close() error {
	if c.cmd.ProcessState != nil {
		return nil
	}
	return c.close()
}

var _ io.ReadWriteCloser = Conn{}

// Dial runs this program in every pod, and returns its standard streams once it has said
// a word: kubectl may lose what is sent before. All sites have to be there.
func (l Lab) Dial(ctx context.Context, word string, args ...string) ([]Conn, error) {
	all, err := l.Pods(ctx)
	if err != nil {
		return nil, err
	}
	conns, errs := make([]Conn, len(all)), make([]error, len(all))
	var g errgroup.Group
	g.SetLimit(limit)
	for i, p := range all {
		g.Go(func() error {
			one, err := newParty(l.Command(ctx, p, args...), p)
			if err != nil {
				errs[i] = err
				return nil
			}
			conns[i], errs[i] = Conn{p.Site, one}, one.await(word)
			return nil
		})
	}
	_ = g.Wait() // errors are in errs
	if err := errors.Join(errs...); err != nil {
		for _, c := range conns {
			if c.party != nil {
				err = errors.Join(err, c.Close())
			}
		}
		return nil, err
	}
	return conns, nil
}
