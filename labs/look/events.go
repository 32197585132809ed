package look

import (
	"bytes"
	"context"
	"encoding/json"
	"os"

	"golang.org/x/sys/unix"

	"pseudowan/labs/store"
	"pseudowan/logfile"
	"pseudowan/status"
)

// EventOptions select events.
type EventOptions struct {
	Lab    string      // "": the only one
	Last   int         // only so many; negative: all that are kept
	Follow bool        // until the lab is removed or ctx ends
	Lost   func(error) // hears of sites whose events are told no more; may be nil
	Opened func()      // hears that nothing that happens from then on is missed; may be nil
	Past   func()      // hears that what had happened before has been told; may be nil
}

// Events calls hear for what has happened in a lab, in the order in which it happened. It
// is no error that a lab is removed, even if that ends ctx, too, as in the lab's keeper.
func Events(ctx context.Context, o EventOptions, hear func(status.Event) error) error {
	lab, err := pick(ctx, o.Lab)
	if err != nil {
		return err
	}
	path := store.EventsFile(lab)
	if f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY|unix.O_NOFOLLOW, 0o600); err == nil {
		f.Close() // a file that does not exist cannot be followed
	}
	err = logfile.Copy(ctx, &eventLines{hear: hear, past: o.Past}, path, logfile.CopyOptions{Last: o.Last, Follow: o.Follow, Written: func() bool { return true }, Opened: o.Opened})
	if ctx.Err() != nil && store.GoingDown(lab) {
		return nil
	}
	return err
}

// eventLines takes the lines of a log of events apart.
type eventLines struct {
	rest []byte
	hear func(status.Event) error
	past func() // of EventOptions; nil once it has heard
}

// Write takes all that is there already first, and then what is added.
func (l *eventLines) Write(text []byte) (int, error) {
	l.rest = append(l.rest, text...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			if l.past != nil {
				l.past()
				l.past = nil
			}
			return len(text), nil
		}
		l.rest = rest
		var e status.Event
		if json.Unmarshal(line, &e) != nil {
			continue // cut off by a rotation
		}
		if err := l.hear(e); err != nil {
			return 0, err
		}
	}
}
