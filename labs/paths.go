package labs

import (
	"os"
	"path/filepath"

	"pseudowan/labs/plan"
)

// The directories of all labs. Both are indexes for speed and for people:
// what runs is found by the marks in the kernel.
const (
	runRoot   = "/run/pseudowan"
	stateRoot = "/var/lib/pseudowan"
)

// runDir holds a lab's sockets, pids and logs; stateDir the topology as
// applied and the allocations. Both are for root alone.
func runDir(lab string) string   { return filepath.Join(runRoot, lab) }
func stateDir(lab string) string { return filepath.Join(stateRoot, lab) }

// routerDir holds what belongs to one router. Its name is kept short, as the
// paths of sockets are limited to 108 octets.
func routerDir(lab, router string) string { return filepath.Join(runDir(lab), routerDirName(router)) }

func routerDirName(router string) string {
	const longest, kept = 16, 7
	if len(router) <= longest {
		return router
	}
	return router[:kept] + "-" + plan.ShortHash(router)
}

// agentSocket is where a router's agent answers.
func agentSocket(lab, router string) string {
	return filepath.Join(routerDir(lab, router), "agent.sock")
}

// bgpSocket is where a router's speaker serves the GoBGP API.
func bgpSocket(lab, router string) string { return filepath.Join(routerDir(lab, router), "gobgp.sock") }

func agentConfigFile(lab, router string) string {
	return filepath.Join(routerDir(lab, router), "config.json")
}

// Files that are no router's begin with a dot, as no node's name does.
func keeperFile(lab string) string { return filepath.Join(runDir(lab), ".keeper.json") }
func keeperLog(lab string) string  { return filepath.Join(runDir(lab), ".keeper.log") }

// keeperLock is held by the keeper for as long as it lives. mendedFile lists what
// was put right without being asked since the last `up`.
func keeperLock(lab string) string { return filepath.Join(runDir(lab), ".keeper.lock") }
func mendedFile(lab string) string { return filepath.Join(runDir(lab), ".mended") }

// planFile is the plan as applied last.
func planFile(lab string) string { return filepath.Join(stateDir(lab), "plan.json") }

// planFiles is planFile and its copy.
func planFiles(lab string) []string {
	return []string{planFile(lab), filepath.Join(runDir(lab), ".plan.json")}
}

// downFile says that the lab is being removed. It goes with its directory, at
// the very end: while it is there, nobody starts anything of the lab.
func downFile(lab string) string { return filepath.Join(runDir(lab), ".down") }

// changeFile is the plans that a running lab is being changed to, or was when
// the changes were cut short.
func changeFile(lab string) string { return filepath.Join(stateDir(lab), "change.json") }

func topologyFile(lab string) string { return filepath.Join(stateDir(lab), "topology.yaml") }

// makeDir makes a directory that only root may enter, parents included.
func makeDir(path string) error { return os.MkdirAll(path, 0o700) }

// writeFile replaces a file at once, so that no reader sees half of it.
func writeFile(path string, data []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if _, err := tmp.Write(data); err != nil {
		tmp.Close()
		return err
	}
	if err := tmp.Close(); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// removeLabDirs removes a lab's directories, and the roots where they are
// empty then.
func removeLabDirs(lab string) error {
	for _, dir := range []string{runDir(lab), stateDir(lab)} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	os.Remove(runRoot) // only succeeds for the last lab
	os.Remove(stateRoot)
	return nil
}
