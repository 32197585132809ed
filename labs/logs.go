package labs

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"

	"pseudowan/logfile"
)

// hostLog is where a netns host's own command is heard; agentLog a router's
// agent. Open vSwitch's daemons have theirs in the directory of ovsDir.
const (
	hostLog  = "command.log"
	agentLog = "agent.log"
)

// labLogs are all logs that a lab has now, or that its nodes may soon write.
func labLogs(lab string) []string {
	logs := []string{keeperLog(lab)}
	nodes, _ := os.ReadDir(runDir(lab)) // it may not be there yet
	for _, node := range nodes {
		if !node.IsDir() {
			continue
		}
		dir := filepath.Join(runDir(lab), node.Name())
		agent := filepath.Join(dir, agentLog)
		logs = append(logs, agent, filepath.Join(dir, hostLog))
		if _, err := os.Lstat(agent); err == nil { // a host's own Open vSwitch is its own affair
			logs = append(logs, daemonLogs(dir)...)
		}
	}
	return logs
}

// routerLogs are the logs of one router.
func routerLogs(dir string) []string {
	return append(daemonLogs(dir), filepath.Join(dir, agentLog))
}

// daemonLogs are what Open vSwitch's daemons log, and their standard error.
func daemonLogs(routerDir string) []string {
	var logs []string
	for _, pattern := range []string{"*.log", "*.err"} {
		found, _ := filepath.Glob(filepath.Join(ovsDir(routerDir), pattern))
		logs = append(logs, found...)
	}
	return logs
}

// keepLogs bounds a lab's logs until stop is called, for a process that starts
// what writes them before the lab has its keeper.
func keepLogs(ctx context.Context, lab string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		logfile.Keep(ctx, func() []string { return labLogs(lab) }, slog.New(slog.DiscardHandler))
	}()
	return func() {
		cancel()
		<-ended
	}
}
