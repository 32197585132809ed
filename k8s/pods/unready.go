package pods

import (
	"context"
	"encoding/json"
	"errors"
)

// Unready says which sites cannot be asked yet, a line each: no pod of theirs runs, or no
// lab runs in it. The error is why that is not known.
func (l Lab) Unready(ctx context.Context) (lines []string, _ error) {
	all, err := l.Pods(ctx)
	var absent *AbsentError
	if errors.As(err, &absent) {
		for _, site := range absent.Sites {
			lines = append(lines, "site "+site+": no pod of it is running")
		}
	} else if err != nil {
		return nil, err
	}
	nodes, errs := askEach[json.RawMessage](ctx, l, all, "ps")
	for i, p := range all {
		switch {
		case errs[i] != nil: // its container may be starting
			lines = append(lines, errs[i].Error())
		case len(nodes[i]) == 0:
			lines = append(lines, "site "+p.Site+": its lab is not running")
		}
	}
	return lines, nil
}
