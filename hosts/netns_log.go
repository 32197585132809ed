package hosts

import (
	"context"
	"io"

	"pseudowan/logfile"
)

// Log implements Runtime.
func (r *NetNSRuntime) Log(ctx context.Context, s Sandbox, o LogOptions, w io.Writer) error {
	root := r.homes.Dir(s.Lab, s.Node)
	return logfile.Copy(ctx, w, r.LogFile(s.Lab, s.Node), logfile.CopyOptions{
		Last: o.Last, Follow: o.Follow,
		Written: func() bool {
			c, known := settledCommand(root)
			return known && c.running()
		},
	})
}
