package labs

import (
	"path/filepath"
	"slices"
)

// hostLog is where a netns host's own command is heard; agentLog a router's
// agent. Open vSwitch's daemons have theirs in the directory of ovsDir.
const (
	hostLog  = "command.log"
	agentLog = "agent.log"
)

// labLogs are all logs of a lab that there are now.
func labLogs(lab string) []string {
	logs := []string{keeperLog(lab)}
	for _, pattern := range []string{agentLog, hostLog} {
		found, _ := filepath.Glob(filepath.Join(runDir(lab), "*", pattern)) // a lab's name has nothing of a pattern
		logs = append(logs, found...)
	}
	for _, log := range slices.Clone(logs) {
		if filepath.Base(log) == agentLog {
			logs = append(logs, daemonLogs(filepath.Dir(log))...)
		}
	}
	return logs
}

// routerLogs are the logs of one router.
func routerLogs(dir string) []string {
	return append(daemonLogs(dir), filepath.Join(dir, agentLog))
}

func daemonLogs(routerDir string) []string {
	found, _ := filepath.Glob(filepath.Join(ovsDir(routerDir), "*.log"))
	return found
}
