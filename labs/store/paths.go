package store

import (
	"os"
	"path/filepath"

	"pseudowan/labs/plan"
)

// The directories of all labs. Both are indexes for speed and for people:
// what runs is found by the marks in the kernel.
const (
	RunRoot   = "/run/pseudowan"
	StateRoot = "/var/lib/pseudowan"
)

// RunDir holds a lab's sockets, pids and logs; StateDir the topology as
// applied and the allocations. Both are for root alone.
func RunDir(lab string) string   { return filepath.Join(RunRoot, lab) }
func StateDir(lab string) string { return filepath.Join(StateRoot, lab) }

// RouterDir holds what belongs to one router. Its name is kept short, as the
// paths of sockets are limited to 108 octets.
func RouterDir(lab, router string) string { return filepath.Join(RunDir(lab), RouterDirName(router)) }

// RouterDirName is RouterDir within RunDir.
func RouterDirName(router string) string {
	const longest, kept = 16, 7
	if len(router) <= longest {
		return router
	}
	return router[:kept] + "-" + plan.ShortHash(router)
}

// AgentSocket is where a router's agent answers.
func AgentSocket(lab, router string) string {
	return filepath.Join(RouterDir(lab, router), "agent.sock")
}

// BGPSocket is where a router's speaker serves the GoBGP API.
func BGPSocket(lab, router string) string { return filepath.Join(RouterDir(lab, router), "gobgp.sock") }

// ConfigFile is the configuration of a router.
func ConfigFile(lab, router string) string {
	return filepath.Join(RouterDir(lab, router), "config.json")
}

// keeperFile is the keeper's list of routers. Files that are no router's begin
// with a dot, as no node's name does.
func keeperFile(lab string) string { return filepath.Join(RunDir(lab), ".keeper.json") }

// KeeperLog is where the keeper logs.
func KeeperLog(lab string) string { return filepath.Join(RunDir(lab), ".keeper.log") }

// KeeperLock is held by the keeper for as long as it lives.
func KeeperLock(lab string) string { return filepath.Join(RunDir(lab), ".keeper.lock") }

// mendedFile lists what was put right unasked since the last `up`.
func mendedFile(lab string) string { return filepath.Join(RunDir(lab), ".mended") }

// planFile is the plan as applied last.
func planFile(lab string) string { return filepath.Join(StateDir(lab), "plan.json") }

// planFiles is planFile and its copy.
func planFiles(lab string) []string {
	return []string{planFile(lab), filepath.Join(RunDir(lab), ".plan.json")}
}

// downFile says that the lab is being removed. It goes with its directory, at
// the very end: while it is there, nobody starts anything of the lab.
func downFile(lab string) string { return filepath.Join(RunDir(lab), ".down") }

// changeFile is the plans that a running lab is being changed to, or was when
// the changes were cut short.
func changeFile(lab string) string { return filepath.Join(StateDir(lab), "change.json") }

func topologyFile(lab string) string { return filepath.Join(StateDir(lab), "topology.yaml") }

// MakeDir makes a directory that only root may enter, parents included.
func MakeDir(path string) error { return os.MkdirAll(path, 0o700) }

// RemoveDirs removes a lab's directories, and the roots where they are
// empty then.
func RemoveDirs(lab string) error {
	for _, dir := range []string{RunDir(lab), StateDir(lab)} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	os.Remove(RunRoot) // only succeeds for the last lab
	os.Remove(StateRoot)
	return nil
}

// GoingDown reports whether the lab is being removed, or was when the command
// that removed it was cut short.
func GoingDown(lab string) bool {
	_, err := os.Lstat(downFile(lab))
	return err == nil
}

// MemoryFile keeps what a router's next process has to know.
func MemoryFile(lab, router string) string {
	return filepath.Join(RouterDir(lab, router), ".memory.json")
}

// BeatFile is touched by a router's process for as long as it lives.
func BeatFile(lab, router string) string { return filepath.Join(RouterDir(lab, router), ".beat") }

// OVSDir is where Debian's Open vSwitch tools look by default, as seen by a
// command that `exec` runs in the router: there, run is mounted on /run.
func OVSDir(routerDir string) string { return filepath.Join(routerDir, "run", "openvswitch") }

// MarkGoingDown says that the lab is being removed, until RemoveDirs.
func MarkGoingDown(lab string) error {
	if err := MakeDir(RunDir(lab)); err != nil {
		return err
	}
	return os.WriteFile(downFile(lab), nil, 0o600)
}
