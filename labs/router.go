package labs

import (
	"context"
	"log/slog"
	"path/filepath"

	"pseudowan/hosts"
	"pseudowan/labs/agent"
	"pseudowan/logfile"
)

// Agent is a router of a lab: it runs until ctx ends or a part of the router
// dies. The process must be inside the router's network namespace.
func Agent(ctx context.Context, lab, router string, log *slog.Logger) error {
	dir := routerDir(lab, router)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go logfile.KeepSlowly(ctx, func() []string { return routerLogs(dir) }, log) // the keeper does, too, while it lives
	go guardKeeper(ctx, lab, log)
	return agent.Run(ctx, agent.Options{
		ConfigFile: agentConfigFile(lab, router),
		Socket:     agentSocket(lab, router),
		BGPSocket:  bgpSocket(lab, router),
		OVSDir:     ovsDir(dir),
		MemoryFile: filepath.Join(dir, memoryName),
		BeatFile:   filepath.Join(dir, beatName),
		Final:      func() bool { return !wanted(lab, router) },
		Mended:     func(what string) { noteMended(lab, "router "+router+": "+what) },
		Log:        log,
		Inside:     func(name string, f func() error) error { return hosts.Namespace{Name: name}.Do(f) },
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
