package keeper

import (
	"context"
	"log/slog"
	"os"
	"runtime"

	"pseudowan/hosts"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/logfile"
	"pseudowan/router"
	"pseudowan/router/bfd"
	"pseudowan/status"
)

// BFDCommand is the subcommand of RunBFD.
const BFDCommand = inventory.BFDCommand

// RunBFD does BFD for the agent at the other end of the socket, until that one ends.
func RunBFD(ctx context.Context, socket *os.File, log *slog.Logger) error {
	return bfd.Serve(ctx, socket, log)
}

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
		Cut: func(port string) bool {
			list, err := store.Faults(lab)
			return err == nil && store.CutAt(list, name, port)
		},
		Processors: processors(lab),
		BFD:        []string{inventory.SelfPath, inventory.BFDCommand},
		Log:        log,
		Inside:     func(namespace string, f func() error) error { return hosts.Namespace{Name: namespace}.Do(f) },
	})
}

// agentsPerProcessor is how many agents may be busy on a processor before each of them
// gets fewer processors: Go's scheduler looks for work on all of them.
const agentsPerProcessor = 4

// processors returns a function that shares the processors among the routers of a lab.
// What the user has set for Go programs holds.
func processors(lab string) func() int {
	if os.Getenv("GOMAXPROCS") != "" {
		return nil
	}
	all := runtime.GOMAXPROCS(0)
	return func() int {
		state, err := store.ReadKeeperState(lab)
		if err != nil {
			return all
		}
		return shareOf(all, len(state.Routers))
	}
}

// shareOf returns how many of the processors one of the routers gets.
func shareOf(all, routers int) int {
	return min(all, max(1, agentsPerProcessor*all/max(1, routers)))
}
