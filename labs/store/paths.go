package store

import (
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"pseudowan/labs/plan"
)

// The directories of all labs.
const (
	RunRoot   = "/run/pseudowan"
	StateRoot = "/var/lib/pseudowan"
)

// RunDir holds a lab's sockets, pids and logs; StateDir the topology and the plan
// as applied. Only root can enter them.
func RunDir(lab string) string   { return filepath.Join(RunRoot, element(lab)) }
func StateDir(lab string) string { return filepath.Join(StateRoot, element(lab)) }

// IsName reports whether a lab, or a node, can have a name: it is one element of a path.
// Names come from marks that others may have made, too.
func IsName(name string) bool {
	strange := func(r rune) bool { return r == '/' || unicode.IsSpace(r) || unicode.IsControl(r) }
	return name != "" && name[0] != '.' && !strings.ContainsFunc(name, strange)
}

// nowhere is an element of a path at which the kernel has nothing, and never will: no path
// contains a zero octet. To make, read or remove something there fails.
const nowhere = "\x00"

// element is a name as an element of a path: what is no name leads nowhere, rather than
// out of our directories.
func element(name string) string {
	if !IsName(name) {
		return nowhere
	}
	return name
}

// RouterDir holds the files of a router. Its name is short because the paths of
// sockets are limited to 108 octets.
func RouterDir(lab, router string) string {
	return filepath.Join(RunDir(lab), element(RouterDirName(router)))
}

// RouterDirName returns the last element of RouterDir.
func RouterDirName(router string) string {
	const longest, kept = 16, 7
	if len(router) <= longest {
		return router
	}
	return router[:kept] + "-" + plan.ShortHash(router)
}

// AgentSocket returns the path of the socket of a router's agent.
func AgentSocket(lab, router string) string {
	return filepath.Join(RouterDir(lab, router), "agent.sock")
}

// BGPSocket returns the path of the socket of a speaker's GoBGP API.
func BGPSocket(lab, router string) string { return filepath.Join(RouterDir(lab, router), "gobgp.sock") }

// ConfigFile returns the path of a router's configuration.
func ConfigFile(lab, router string) string {
	return filepath.Join(RouterDir(lab, router), "config.json")
}

// APISocket returns the path of the socket where a lab's keeper serves the API.
func APISocket(lab string) string { return filepath.Join(RunDir(lab), ".api.sock") }

// keeperFile returns the path of the keeper's list of routers. Files that do not
// belong to a node begin with a dot, which no node's name does.
func keeperFile(lab string) string { return filepath.Join(RunDir(lab), ".keeper.json") }

// KeeperLog returns the path of the keeper's log.
func KeeperLog(lab string) string { return filepath.Join(RunDir(lab), ".keeper.log") }

// KeeperLock is locked by the keeper as long as it runs.
func KeeperLock(lab string) string { return filepath.Join(RunDir(lab), ".keeper.lock") }

// mendedFile lists the repairs since the last up.
func mendedFile(lab string) string { return filepath.Join(RunDir(lab), ".mended") }

// faultsFile lists the links that somebody has cut or impaired.
func faultsFile(lab string) string { return filepath.Join(RunDir(lab), ".faults.json") }

// planFile returns the path of the plan applied last.
func planFile(lab string) string { return filepath.Join(StateDir(lab), "plan.json") }

// planFiles is planFile and its copy.
func planFiles(lab string) []string {
	return []string{planFile(lab), filepath.Join(RunDir(lab), ".plan.json")}
}

// downFile marks a lab that is being removed. While it exists, no process of the
// lab is started; it is removed last, with its directory.
func downFile(lab string) string { return filepath.Join(RunDir(lab), ".down") }

// changeFile holds the plans of unfinished changes.
func changeFile(lab string) string { return filepath.Join(StateDir(lab), "change.json") }

func topologyFile(lab string) string { return filepath.Join(StateDir(lab), "topology.yaml") }

// MakeDir makes a directory that only root may enter, and its parents.
func MakeDir(path string) error { return os.MkdirAll(path, 0o700) }

// RemoveDirs removes a lab's directories, and their parents if they are empty.
func RemoveDirs(lab string) error {
	for _, dir := range []string{RunDir(lab), StateDir(lab)} {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	os.Remove(RunRoot) // succeeds only for the last lab
	os.Remove(StateRoot)
	return nil
}

// keptAside is where what a lab's hosts keep is while the lab is undone.
func keptAside(lab string) string { return filepath.Join(StateRoot, ".kept."+element(lab)) }

func keptDir(lab string) string { return filepath.Join(StateDir(lab), "keep") }

// HasKept reports whether a lab's hosts have kept something.
func HasKept(lab string) bool {
	entries, err := os.ReadDir(keptDir(lab))
	return err == nil && len(entries) > 0
}

// SetKeptAside saves what a lab's hosts keep from its removal, until RestoreKept.
func SetKeptAside(lab string) error { return os.Rename(keptDir(lab), keptAside(lab)) }

// IsKeptAside reports whether RestoreKept has something to do.
func IsKeptAside(lab string) bool {
	_, err := os.Lstat(keptAside(lab))
	return err == nil
}

// RestoreKept gives a lab back what SetKeptAside has saved, if anything.
func RestoreKept(lab string) error {
	if !IsKeptAside(lab) {
		return nil
	}
	if err := MakeDir(StateDir(lab)); err != nil {
		return err
	}
	if err := os.RemoveAll(keptDir(lab)); err != nil { // of a removal that was killed
		return err
	}
	return os.Rename(keptAside(lab), keptDir(lab))
}

// GoingDown reports whether the lab is being removed, or its removal was
// interrupted.
func GoingDown(lab string) bool {
	_, err := os.Lstat(downFile(lab))
	return err == nil
}

// MemoryFile keeps state of a router for its next process.
func MemoryFile(lab, router string) string {
	return filepath.Join(RouterDir(lab, router), ".memory.json")
}

// BeatFile is touched by a router's process as long as its loop runs.
func BeatFile(lab, router string) string { return filepath.Join(RouterDir(lab, router), ".beat") }

// OVSDir returns the run directory of a router's Open vSwitch. A command that exec
// runs in the router sees it as /run/openvswitch, the default of Debian's tools.
func OVSDir(routerDir string) string { return filepath.Join(routerDir, "run", "openvswitch") }

// MarkGoingDown marks the lab as being removed, until RemoveDirs.
func MarkGoingDown(lab string) error {
	if err := MakeDir(RunDir(lab)); err != nil {
		return err
	}
	return os.WriteFile(downFile(lab), nil, 0o600)
}
