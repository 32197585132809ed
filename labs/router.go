package labs

import (
	"context"
	"log/slog"
	"path/filepath"

	"pseudowan/hosts"
	"pseudowan/logfile"
	"pseudowan/router"
)

// Agent is a router of a lab: it runs until ctx ends or a part of the router
// dies. The process must be inside the router's network namespace.
func Agent(ctx context.Context, lab, name string, log *slog.Logger) error {
	dir := routerDir(lab, name)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go logfile.KeepSlowly(ctx, func() []string { return routerLogs(dir) }, log) // the keeper does, too, while it lives
	go guardKeeper(ctx, lab, log)
	return router.Run(ctx, router.Options{
		ConfigFile: agentConfigFile(lab, name),
		Socket:     agentSocket(lab, name),
		BGPSocket:  bgpSocket(lab, name),
		OVSDir:     ovsDir(dir),
		MemoryFile: filepath.Join(dir, memoryName),
		BeatFile:   filepath.Join(dir, beatName),
		Final:      func() bool { return !wanted(lab, name) },
		Mended:     func(what string) { noteMended(lab, "router "+name+": "+what) },
		Log:        log,
		Inside:     func(namespace string, f func() error) error { return hosts.Namespace{Name: namespace}.Do(f) },
	})
}

// Files of an agent in the directory of its router.
const (
	memoryName = ".memory.json"
	beatName   = ".beat"
)

// ovsDir is where Debian's Open vSwitch tools look by default, as seen by a
// command that `exec` runs in the router: there, run is mounted on /run.
func ovsDir(routerDir string) string { return filepath.Join(routerDir, "run", "openvswitch") }
