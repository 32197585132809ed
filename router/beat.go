package router

import (
	"os"
	"time"
)

// beatEvery is the interval of the beat.
const beatEvery = time.Second

// beat touches a file as long as the loop turns, for the keeper to watch.
type beat struct {
	path string
	last time.Time
}

// tick touches the file when it is time.
func (b *beat) tick(now time.Time) {
	if b.path == "" || now.Sub(b.last) < beatEvery {
		return
	}
	b.last = now
	if os.Chtimes(b.path, now, now) != nil {
		// If even this fails, nobody can watch, and nobody ends the agent for it.
		_ = os.WriteFile(b.path, nil, 0o600)
	}
}

// stop removes the file.
func (b *beat) stop() {
	if b.path != "" {
		_ = os.Remove(b.path) // it need not be there
	}
}
