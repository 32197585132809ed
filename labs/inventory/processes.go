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

// Processes are the keepers and agents of all labs.
type Processes map[string]int // pid by command line

// KeeperCommand is the subcommand of a lab's keeper.
const KeeperCommand = "keeper"

// KeeperArgs returns the arguments of a lab's keeper.
func KeeperArgs(lab string) []string { return []string{KeeperCommand, "--lab", lab} }

// AgentArgs returns the arguments of a router's agent.
func AgentArgs(lab, router string) []string {
	return []string{"agent", "--lab", lab, "--router", router}
}

// BFDCommand is the subcommand of the process in which a router does BFD.
const BFDCommand = "bfd"

// InjectorCommand is the subcommand of the process of a speaker that is added to a lab.
const InjectorCommand = "injector"

// InjectorArgs returns the arguments of such a process.
func InjectorArgs(lab, name string) []string {
	return []string{InjectorCommand, "--lab", lab, "--name", name}
}

// IsInjector reports whether a process is that of a speaker added to a lab; of any, if
// name is empty.
func IsInjector(pid int, lab, name string) bool {
	if name != "" {
		return ProcessIs(pid, InjectorArgs(lab, name))
	}
	return strings.HasPrefix(ownCommandLine(pid), strings.TrimSuffix(commandLine(InjectorArgs(lab, "")), "\x00"))
}

// SelfPath is the path of this program for executing it again.
const SelfPath = "/proc/self/exe"

func commandLine(args []string) string {
	var b bytes.Buffer
	for _, a := range append([]string{SelfPath}, args...) {
		b.WriteString(a)
		b.WriteByte(0)
	}
	return b.String()
}

// FindProcesses finds root's processes in our PID namespace. The processes of a
// container, which are visible from here, may belong to a lab of the same name.
func FindProcesses() Processes {
	found := Processes{}
	dirs, _ := filepath.Glob("/proc/[0-9]*") // fails only for a bad pattern
	for _, dir := range dirs {
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil {
			if line := ownCommandLine(pid); line != "" {
				found[line] = pid
			}
		}
	}
	return found
}

// ownCommandLine returns the command line of a process that this program has
// started; "" for any other process.
func ownCommandLine(pid int) string {
	dir := filepath.Join("/proc", strconv.Itoa(pid))
	line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
	if err != nil || !bytes.HasPrefix(line, []byte(SelfPath+"\x00")) || !rootsHere(dir) {
		return "" // it has ended, or is not ours
	}
	return string(line)
}

// ProcessIs reports whether this program has started a process with these
// arguments.
func ProcessIs(pid int, args []string) bool { return ownCommandLine(pid) == commandLine(args) }

// ownProcess names the lab of a keeper, agent or speaker; "" for any other process.
func ownProcess(pid int) string {
	words := strings.Split(strings.TrimPrefix(ownCommandLine(pid), SelfPath+"\x00"), "\x00")
	if len(words) < 3 || words[1] != "--lab" {
		return ""
	}
	lab := words[2]
	if slices.Equal(words[:3], KeeperArgs(lab)) || slices.Equal(words[:3], AgentArgs(lab, "")[:3]) || slices.Equal(words[:3], InjectorArgs(lab, "")[:3]) {
		return lab
	}
	return ""
}

// rootsHere reports whether the process of a directory of /proc runs as root in our
// PID namespace.
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

// Keeper returns the PID of the lab's keeper; 0 if none runs.
func (p Processes) Keeper(lab string) int { return p[commandLine(KeeperArgs(lab))] }

// Agent returns the PID of a router's agent; 0 if none runs.
func (p Processes) Agent(lab, router string) int { return p[commandLine(AgentArgs(lab, router))] }

// InNamespace reports whether a process is in a network namespace, as opposed to an
// earlier one of the same name.
func InNamespace(pid int, ns hosts.Namespace) bool {
	has, err1 := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	named, err2 := os.Stat(ns.Path())
	return err1 == nil && err2 == nil && os.SameFile(has, named)
}

// Zombie reports whether a process has ended and was not waited for.
func Zombie(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	_, after, _ := bytes.Cut(stat, []byte(") ")) // after the name, which is in parentheses
	return bytes.HasPrefix(after, []byte("Z"))
}

// Stopped reports whether a process was stopped by a signal such as SIGSTOP.
func Stopped(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" T"))
}

// ForgetKeeper removes the lab's keeper from p.
func (p Processes) ForgetKeeper(lab string) { delete(p, commandLine(KeeperArgs(lab))) }
