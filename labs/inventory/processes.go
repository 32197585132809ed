package inventory

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"pseudowan/hosts"
)

// Processes finds a lab's own processes: its keeper and the routers' agents,
// by how they were started.
type Processes map[string]int // pid by command line

// KeeperCommand is the subcommand that runs Keeper.
const KeeperCommand = "keeper"

// KeeperArgs are the arguments with which this program starts a lab's keeper.
func KeeperArgs(lab string) []string { return []string{KeeperCommand, "--lab", lab} }

// AgentArgs are those with which it starts a router's agent.
func AgentArgs(lab, router string) []string {
	return []string{"agent", "--lab", lab, "--router", router}
}

// SelfPath is the program that runs.
const SelfPath = "/proc/self/exe"

func commandLine(args []string) string {
	var b bytes.Buffer
	for _, a := range append([]string{SelfPath}, args...) {
		b.WriteString(a)
		b.WriteByte(0)
	}
	return b.String()
}

// FindProcesses looks at all processes once. Only root's count, and only those
// of our process namespace: a lab of the same name may run inside a container,
// whose processes are seen from here.
func FindProcesses() Processes {
	found := Processes{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is right
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			if line := ownCommandLine(pid); line != "" {
				found[line] = pid
			}
		}
	}
	return found
}

// ownCommandLine is how this program has started a process of a lab; "" for any
// other process.
func ownCommandLine(pid int) string {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || !bytes.HasPrefix(line, []byte(SelfPath+"\x00")) || !rootsHere(dir) {
		return "" // it has ended, or is somebody else's
	}
	return string(line)
}

// ProcessIs reports whether a process was started by this program with these
// arguments.
func ProcessIs(pid int, args []string) bool { return ownCommandLine(pid) == commandLine(args) }

// OwnProcess names the lab whose keeper or agent a process is; "" for any other.
func OwnProcess(pid int) string {
	words := strings.Split(strings.TrimPrefix(ownCommandLine(pid), SelfPath+"\x00"), "\x00")
	if len(words) < 3 || words[1] != "--lab" {
		return ""
	}
	lab := words[2]
	if slices.Equal(words[:3], KeeperArgs(lab)) || slices.Equal(words[:3], AgentArgs(lab, "")[:3]) {
		return lab
	}
	return ""
}

// rootsHere reports whether the process of a directory of /proc is root's and
// lives among ours.
func rootsHere(dir string) bool {
	owner, err := os.Stat(dir)
	if err != nil {
		return false
	}
	st, ok := owner.Sys().(*syscall.Stat_t)
	theirs, err1 := os.Readlink(filepath.Join(dir, "ns/pid"))
	ours, err2 := os.Readlink("/proc/self/ns/pid")
	return ok && st.Uid == 0 && err1 == nil && err2 == nil && theirs == ours
}

// Keeper is the pid of the lab's keeper; 0 where none runs.
func (p Processes) Keeper(lab string) int { return p[commandLine(KeeperArgs(lab))] }

// Agent is the pid of a router's agent; 0 where none runs.
func (p Processes) Agent(lab, router string) int { return p[commandLine(AgentArgs(lab, router))] }

// InNamespace reports whether a process has a namespace's network, and not
// that of an earlier one of the name.
func InNamespace(pid int, ns hosts.Namespace) bool {
	has, err1 := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	named, err2 := os.Stat(ns.Path())
	return err1 == nil && err2 == nil && os.SameFile(has, named)
}

// Zombie reports whether a process has ended and only waits to be buried.
func Zombie(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	_, after, _ := bytes.Cut(stat, []byte(") ")) // behind the name, which is in parentheses
	return bytes.HasPrefix(after, []byte("Z"))
}

// Stopped reports whether a process was stopped by a signal, as by SIGSTOP.
func Stopped(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" T"))
}

// ForgetKeeper removes the lab's keeper, which has ended since.
func (p Processes) ForgetKeeper(lab string) { delete(p, commandLine(KeeperArgs(lab))) }
