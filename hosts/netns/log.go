package netns

import (
	"context"
	"io"

	"pseudowan/hosts"
	"pseudowan/logfile"
)

// Log implements Runtime.
func (r *namespaces) Log(ctx context.Context, s hosts.Sandbox, o hosts.LogOptions, w io.Writer) error {
	root := r.homes.Dir(s.Lab, s.Node)
	return logfile.Copy(ctx, w, r.LogFile(s.Lab, s.Node), logfile.CopyOptions{
		Last: o.Last, Follow: o.Follow,
		Written: func() bool {
			c, known := settledCommand(root)
			return known && c.running()
		},
	})
}
