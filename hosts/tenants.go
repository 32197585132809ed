package hosts

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Tenants identifies the host that a process belongs to. A command of a netns
// host has the host's directory as its /run from its first moment. That
// identifies it in any network: in a host that has lost its name, in a
// namespace that root inside has made, in the server's.
type Tenants struct {
	stateDir string
	server   nsID            // the server's /run
	runs     map[nsID]tenant // the hosts' own
	spaces   [2]nsID         // our process and user namespaces
}

type tenant struct{ lab, node string }

// Tenants reads the directories of the nodes.
func (h Homes) Tenants() Tenants {
	t := Tenants{stateDir: h.dir, server: namespaceID("/run"), runs: map[nsID]tenant{}, spaces: spacesOf("self")}
	dirs, _ := filepath.Glob(filepath.Join(h.dir, "*", "*", "run")) // the pattern is valid
	for _, dir := range dirs {
		node := filepath.Dir(dir)
		t.runs[namespaceID(dir)] = tenant{filepath.Base(filepath.Dir(node)), filepath.Base(node)}
	}
	delete(t.runs, nsID{})
	return t
}

// Has reports whether a process belongs to a host of a lab or, with node, to
// that host. Commands started inside a router count as well.
func (t Tenants) Has(pid int, lab, node string) bool {
	found, ok := t.of(pid)
	return ok && found.lab == lab && (node == "" || found.node == node)
}

// Of returns the lab and the node that a process belongs to.
func (t Tenants) Of(pid int) (lab, node string, ok bool) {
	found, ok := t.of(pid)
	return found.lab, found.node, ok
}

// of returns the tenant that a process belongs to.
func (t Tenants) of(pid int) (tenant, bool) {
	if !t.local(pid) {
		return tenant{}, false
	}
	path := "/proc/" + strconv.Itoa(pid)
	var st unix.Stat_t
	if unix.Stat(path+"/root/run", &st) != nil {
		return tenant{}, false
	}
	id := nsID{uint64(st.Dev), st.Ino}
	if id == t.server {
		return tenant{}, false
	}
	if found, ok := t.runs[id]; ok {
		return found, true
	}
	if st.Nlink != 0 {
		return tenant{}, false
	}
	return t.ofDeleted(path + "/mountinfo")
}

// ofDeleted identifies the owner of a /run that has been deleted since
// (proc(5), mountinfo: the fourth field is the mount's root in its file system,
// the fifth the mount point).
func (t Tenants) ofDeleted(mountinfo string) (found tenant, ok bool) {
	data, err := os.ReadFile(mountinfo)
	if err != nil {
		return tenant{}, false
	}
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[4] != "/run" {
			continue
		}
		root, deleted := strings.CutSuffix(fields[3], "//deleted")
		rest, isRun := strings.CutSuffix(root, "/run")
		node := filepath.Base(rest)
		lab := filepath.Dir(rest)
		state := filepath.Dir(lab)
		// The state directory may be on a file system below /.
		found, ok = tenant{filepath.Base(lab), node}, deleted && isRun && len(state) > 1 && strings.HasSuffix(t.stateDir, state)
	}
	return found, ok // the last mount covers the earlier ones
}

// onServer reports whether a process sees the server's own /run.
func (t Tenants) onServer(pid int) bool {
	return t.local(pid) && namespaceID("/proc/"+strconv.Itoa(pid)+"/root/run") == t.server
}

// local reports whether a process is in our process and user namespaces. A lab
// of the same name may run inside a container, whose processes are visible
// here.
func (t Tenants) local(pid int) bool { return spacesOf(strconv.Itoa(pid)) == t.spaces }

func spacesOf(pid string) [2]nsID {
	return [2]nsID{namespaceID("/proc/" + pid + "/ns/pid"), namespaceID("/proc/" + pid + "/ns/user")}
}
