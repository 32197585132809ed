package store

import (
	"os"
	"path/filepath"
)

// agentLog is the log of a router's agent. Open vSwitch's daemons have theirs in
// the directory of OVSDir.
const agentLog = "agent.log"

// Logs are all logs that a lab has now, or that its nodes may soon write. Those
// of a host are named by hostLogs.
func Logs(lab string, hostLogs func(lab, node string) []string) []string {
	logs := []string{KeeperLog(lab)}
	nodes, _ := os.ReadDir(RunDir(lab)) // it may not be there yet
	for _, node := range nodes {
		if !node.IsDir() {
			continue
		}
		dir := filepath.Join(RunDir(lab), node.Name())
		agent := filepath.Join(dir, agentLog)
		logs = append(append(logs, agent), hostLogs(lab, node.Name())...)
		if _, err := os.Lstat(agent); err == nil { // a host's own Open vSwitch is its own affair
			logs = append(logs, daemonLogs(dir)...)
		}
	}
	return logs
}

// RouterLogs are the logs of one router.
func RouterLogs(dir string) []string {
	return append(daemonLogs(dir), filepath.Join(dir, agentLog))
}

// daemonLogs are what Open vSwitch's daemons log, and their standard error.
func daemonLogs(routerDir string) []string {
	var logs []string
	for _, pattern := range []string{"*.log", "*.err"} {
		found, _ := filepath.Glob(filepath.Join(OVSDir(routerDir), pattern))
		logs = append(logs, found...)
	}
	return logs
}

// RouterLog is what a router's agent logs.
func RouterLog(lab, router string) string { return filepath.Join(RouterDir(lab, router), agentLog) }
