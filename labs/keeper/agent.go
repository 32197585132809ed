package keeper

import (
	"context"
	"log/slog"

	"pseudowan/hosts"
	"pseudowan/labs/store"
	"pseudowan/logfile"
	"pseudowan/router"
	"pseudowan/status"
)

// RunAgent runs a router of a lab until ctx ends or a part of the router dies.
// The process must be in the router's network namespace.
func RunAgent(ctx context.Context, lab, name string, log *slog.Logger) error {
	dir := store.RouterDir(lab, name)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go logfile.KeepSlowly(ctx, func() []string { return store.RouterLogs(dir) }, log) // in case the keeper is dead
	go guardKeeper(ctx, lab, log)
	return router.Run(ctx, router.Options{
		ConfigFile: store.ConfigFile(lab, name),
		Socket:     store.AgentSocket(lab, name),
		BGPSocket:  store.BGPSocket(lab, name),
		OVSDir:     store.OVSDir(dir),
		MemoryFile: store.MemoryFile(lab, name),
		BeatFile:   store.BeatFile(lab, name),
		Final:      func() bool { return !store.Wanted(lab, name) },
		Mended:     func(what string) { store.NoteMended(lab, "router "+name+": "+what) },
		Event: func(kind status.EventKind, text string) {
			store.NoteEvent(lab, status.Event{Kind: kind, Node: name, Text: text})
		},
		Log:    log,
		Inside: func(namespace string, f func() error) error { return hosts.Namespace{Name: namespace}.Do(f) },
	})
}
