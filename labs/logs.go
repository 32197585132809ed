package labs

import (
	"context"
	"log/slog"

	"pseudowan/labs/store"
	"pseudowan/logfile"
)

// keepLogs bounds a lab's logs until stop is called, for a process that starts
// what writes them before the lab has its keeper.
func keepLogs(ctx context.Context, lab string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		logfile.Keep(ctx, func() []string { return store.Logs(lab) }, slog.New(slog.DiscardHandler))
	}()
	return func() {
		cancel()
		<-ended
	}
}
