package store

import (
	"os"
	"path/filepath"
	"slices"
)

// ours are the files by which a directory is known as a lab's, by their patterns: others
// may keep things of their own beside the labs. Those of nodes have names that anybody's
// files have.
var ours = []string{
	"plan.json", "change.json", "topology.yaml", "keep", "nic-*.json", // of StateDir
	".plan.json", ".down", ".keeper.*", ".api.sock", ".mended", ".faults.json", ".events", ".inject.json", // of RunDir
}

// Present reports whether there is a file of a lab.
func Present(lab string) bool { return hasOurs(RunDir(lab)) || hasOurs(StateDir(lab)) }

func hasOurs(dir string) bool {
	return slices.ContainsFunc(ours, func(pattern string) bool {
		found, _ := filepath.Glob(filepath.Join(dir, pattern)) // the pattern is valid
		return len(found) > 0
	})
}

// Begun reports whether a lab has directories with nothing else in them: a command that
// has just begun makes them before the files.
func Begun(lab string) bool {
	begun := false
	for _, dir := range []string{RunDir(lab), StateDir(lab)} {
		if info, err := os.Lstat(dir); err != nil || !info.IsDir() {
			continue
		}
		if !onlyDirs(dir) {
			return false
		}
		begun = true
	}
	return begun
}

func onlyDirs(dir string) bool {
	entries, err := os.ReadDir(dir)
	return err == nil && !slices.ContainsFunc(entries, func(e os.DirEntry) bool {
		return !e.IsDir() || !onlyDirs(filepath.Join(dir, e.Name()))
	})
}

// Labs lists the labs that have a file.
func Labs() (names []string) {
	for _, root := range []string{RunRoot, StateRoot} {
		entries, _ := os.ReadDir(root) // there may be none
		for _, e := range entries {
			if e.IsDir() && IsName(e.Name()) && Present(e.Name()) {
				names = append(names, e.Name())
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}
