package store

import (
	"os"
	"path/filepath"
)

// agentLog is the log of a router's agent. Open vSwitch's daemons have theirs in
// the directory of OVSDir.
const agentLog = "agent.log"

// Logs returns all logs that a lab has or that its nodes may soon write.
// hostLogs names those of a host.
func Logs(lab string, hostLogs func(lab, node string) []string) []string {
	logs := []string{KeeperLog(lab), EventsFile(lab)}
	nodes, _ := os.ReadDir(RunDir(lab)) // it may not exist yet
	for _, node := range nodes {
		if !node.IsDir() {
			continue
		}
		dir := filepath.Join(RunDir(lab), node.Name())
		agent := filepath.Join(dir, agentLog)
		logs = append(append(logs, agent), hostLogs(lab, node.Name())...)
		if _, err := os.Lstat(agent); err == nil { // not those of an Open vSwitch inside a host
			logs = append(logs, daemonLogs(dir)...)
		}
	}
	return logs
}

// RouterLogs returns the logs of one router.
func RouterLogs(dir string) []string {
	return append(daemonLogs(dir), filepath.Join(dir, agentLog))
}

// daemonLogs returns the logs and the standard error of Open vSwitch's daemons.
func daemonLogs(routerDir string) []string {
	var logs []string
	for _, pattern := range []string{"*.log", "*.err"} {
		found, _ := filepath.Glob(filepath.Join(OVSDir(routerDir), pattern))
		logs = append(logs, found...)
	}
	return logs
}

// RouterLog returns the path of the log of a router's agent.
func RouterLog(lab, router string) string { return filepath.Join(RouterDir(lab, router), agentLog) }
