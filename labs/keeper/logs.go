package keeper

import (
	"context"
	"log/slog"

	"pseudowan/hosts"
	"pseudowan/hosts/drivers"
	"pseudowan/hosts/service"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/logfile"
)

// hostLogFiles returns a function that lists the log files that a host may write in
// any runtime.
func hostLogFiles() func(lab, node string) []string {
	var all []hosts.Logger
	for _, d := range drivers.All() {
		r, err := d.Open(hosts.Options{StateDir: store.RunRoot, Enter: inventory.SelfCommand})
		if l, ok := r.(hosts.Logger); ok && err == nil {
			all = append(all, l)
		}
	}
	return func(lab, node string) []string {
		var files []string
		for _, l := range all {
			files = append(files, l.LogFile(lab, node))
		}
		return append(files, service.Logs(inventory.ServicesDir(lab, node))...)
	}
}

// KeepLogs limits the size of a lab's logs until stop is called, while the lab has
// no keeper yet.
func KeepLogs(ctx context.Context, lab string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	hostLogs := hostLogFiles()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		logfile.Keep(ctx, func() []string { return store.Logs(lab, hostLogs) }, slog.New(slog.DiscardHandler))
	}()
	return func() {
		cancel()
		<-ended
	}
}
