package hosts

import (
	"context"
	"io"

	"pseudowan/logfile"
)

// Log implements Runtime.
func (r *NetNS) Log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error {
	root := r.dir(s.Lab, s.Node)
	return logfile.Copy(ctx, w, r.CommandLog(s.Lab, s.Node), logfile.CopyOptions{
		Last: o.Last, Follow: o.Follow,
		Written: func() bool {
			c, known := settledCommand(root)
			return known && c.running()
		},
	})
}
