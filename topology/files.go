package topology

import (
	"fmt"
	"path"
	"strings"
)

// Bounds on the files in a lab file.
const (
	maxFile     = 1 << 20 // octets
	maxFilePath = 1024    // octets of the path; the kernel allows 4096, including a host's own directory
	maxFileName = 255     // octets between two slashes
)

// systemDirs are directories that every system has and that no file can replace.
var systemDirs = []string{"/bin", "/dev", "/etc", "/home", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/tmp", "/usr", "/var"}

// files checks the files of a host.
func (b *hostBuilder) files(raw entries[value[string]], mounts []value[Mount], element string) map[string]string {
	var out map[string]string
	for _, e := range raw {
		if why, remedy := badFile(e.key.v, e.value.v); why != "" {
			b.refuse(e.key.at, element, why, remedy)
			continue
		}
		if out == nil {
			out = make(map[string]string)
		}
		out[e.key.v] = e.value.v
	}
	for _, e := range raw {
		for dir := path.Dir(e.key.v); len(dir) > 1; dir = path.Dir(dir) {
			if _, both := out[dir]; both {
				b.refuse(e.key.at, element, fmt.Sprintf("file %s is in %s, which is also a file", e.key.v, dir), "rename one")
			}
		}
		for _, m := range mounts {
			if m.has && inDir(e.key.v, m.v.Target) {
				b.refuse(e.key.at, element, fmt.Sprintf("file %s is in the mount on %s: it would be written to the server's %s", e.key.v, m.v.Target, m.v.Source), "put it elsewhere")
			}
		}
	}
	return out
}

// badFile returns why a host cannot have a file, and the remedy; both are "" if it
// can.
func badFile(name, text string) (why, remedy string) {
	const example = "write an absolute path such as /run/bird.conf"
	clean := path.IsAbs(name) && path.Clean(name) == name && name != "/" && !strings.ContainsRune(name, 0)
	switch {
	case !clean:
		return fmt.Sprintf("%q is not the path of a file", name), example
	case len(name) > maxFilePath:
		return fmt.Sprintf("a file's path has %d octets, more than %d", len(name), maxFilePath), "shorten it"
	case len(text) > maxFile:
		return fmt.Sprintf("file %s is larger than %d KiB", name, maxFile>>10), "make it smaller"
	}
	for part := range strings.SplitSeq(name, "/") {
		if len(part) > maxFileName {
			return fmt.Sprintf("a part of a file's path has %d octets, more than %d", len(part), maxFileName), "shorten it"
		}
	}
	for _, dir := range systemDirs {
		if name == dir {
			return fmt.Sprintf("%s is a directory", name), example
		}
	}
	for _, dir := range []string{"/proc", "/sys", "/dev"} {
		if inDir(name, dir) {
			return fmt.Sprintf("file %s: %s belongs to the kernel", name, dir), example
		}
	}
	return "", ""
}

// inDir reports whether a clean path is a directory or in it.
func inDir(name, dir string) bool { return name == dir || strings.HasPrefix(name, dir+"/") }
