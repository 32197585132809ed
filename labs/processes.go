package labs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs/plan"
	"pseudowan/labs/store"
)

// processes finds a lab's own processes: its keeper and the routers' agents,
// by how they were started.
type processes map[string]int // pid by command line

// KeeperCommand is the subcommand that runs Keeper.
const KeeperCommand = "keeper"

// keeperArgs and agentArgs are how this program starts itself.
func keeperArgs(lab string) []string { return []string{KeeperCommand, "--lab", lab} }

func agentArgs(lab, router string) []string {
	return []string{"agent", "--lab", lab, "--router", router}
}

const selfPath = "/proc/self/exe"

func commandLine(args []string) string {
	var b bytes.Buffer
	for _, a := range append([]string{selfPath}, args...) {
		b.WriteString(a)
		b.WriteByte(0)
	}
	return b.String()
}

// findProcesses looks at all processes once. Only root's count, and only those
// of our process namespace: a lab of the same name may run inside a container,
// whose processes are seen from here.
func findProcesses() processes {
	found := processes{}
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
	if err != nil || !bytes.HasPrefix(line, []byte(selfPath+"\x00")) || !rootsHere(dir) {
		return "" // it has ended, or is somebody else's
	}
	return string(line)
}

// processIs reports whether a process was started by this program with these
// arguments.
func processIs(pid int, args []string) bool { return ownCommandLine(pid) == commandLine(args) }

// ownProcess names the lab whose keeper or agent a process is; "" for any other.
func ownProcess(pid int) string {
	words := strings.Split(strings.TrimPrefix(ownCommandLine(pid), selfPath+"\x00"), "\x00")
	if len(words) < 3 || words[1] != "--lab" {
		return ""
	}
	lab := words[2]
	if slices.Equal(words[:3], keeperArgs(lab)) || slices.Equal(words[:3], agentArgs(lab, "")[:3]) {
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

// keeper is the pid of the lab's keeper; 0 where none runs.
func (p processes) keeper(lab string) int { return p[commandLine(keeperArgs(lab))] }

// agent is the pid of a router's agent; 0 where none runs.
func (p processes) agent(lab, router string) int { return p[commandLine(agentArgs(lab, router))] }

// inNamespace reports whether a process has a namespace's network, and not
// that of an earlier one of the name.
func inNamespace(pid int, ns hosts.Namespace) bool {
	has, err1 := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "ns/net"))
	named, err2 := os.Stat(ns.Path())
	return err1 == nil && err2 == nil && os.SameFile(has, named)
}

// What a keeper calls itself: once signals reach it, and once it was told to end,
// which takes a while and nothing is to be asked of it any more.
const (
	servingName = "pw-keeper"
	endingName  = "pw-ending"
)

func sayName(name string) { _ = os.WriteFile("/proc/self/comm", []byte(name), 0) }

func calls(pid int, name string) bool {
	says, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "comm"))
	return err == nil && strings.TrimSpace(string(says)) == name
}

// awaitEnding returns when a keeper of the lab that is about to end has ended.
func awaitEnding(ctx context.Context, lab string) error {
	return hosts.EndProcessesAnd(ctx, nil, func(pid int) bool { return processIs(pid, keeperArgs(lab)) && calls(pid, endingName) }, endGrace)
}

// serves waits whether a keeper, which may have been started just now, can be
// told something. A signal would end it before.
func serves(pid int) bool {
	const patience, poll = 2 * time.Second, 5 * time.Millisecond
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && !zombie(pid); time.Sleep(poll) {
		if calls(pid, servingName) {
			return true
		}
		if calls(pid, endingName) {
			return false
		}
	}
	return false
}

// endDeafKeeper ends a keeper that cannot be told anything: it hangs, or an
// earlier version has started it.
func (p processes) endDeafKeeper(lab string) error {
	pid := p.keeper(lab)
	if pid == 0 || serves(pid) {
		return nil
	}
	delete(p, commandLine(keeperArgs(lab)))
	if err := kill(pid); err != nil {
		return fmt.Errorf("the keeper: %w", err)
	}
	return nil
}

// killPatience is how long a killed process may take to be gone.
const killPatience = 2 * time.Second

// kill ends one of the lab's own processes at once and returns when it is gone.
func kill(pid int) error {
	for deadline := time.Now().Add(killPatience); ; {
		err := syscall.Kill(pid, syscall.SIGKILL)
		switch {
		case errors.Is(err, syscall.ESRCH) || zombie(pid):
			return nil
		case err != nil:
			return fmt.Errorf("end process %d: %w", pid, err)
		case time.Now().After(deadline):
			return fmt.Errorf("process %d does not end", pid)
		}
		time.Sleep(time.Millisecond)
	}
}

// zombie reports whether a process has ended and only waits to be buried.
func zombie(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return true
	}
	_, after, _ := bytes.Cut(stat, []byte(") ")) // behind the name, which is in parentheses
	return bytes.HasPrefix(after, []byte("Z"))
}

// stopped reports whether a process was stopped by a signal, as by SIGSTOP.
func stopped(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	return err == nil && bytes.HasPrefix(stat[bytes.LastIndexByte(stat, ')')+1:], []byte(" T"))
}

// endStaleAgent ends an agent that cannot be reached any more, as its namespace
// was deleted and made again, its socket is gone, or it was stopped. The keeper
// starts the next one.
func endStaleAgent(running processes, lab string, r plan.Router) (ended bool, err error) {
	pid := running.agent(lab, r.Name)
	if pid == 0 {
		return false, nil
	}
	_, missing := os.Lstat(store.AgentSocket(lab, r.Name))
	if missing == nil && inNamespace(pid, hosts.Namespace{Name: r.Namespace}) && !stopped(pid) {
		return false, nil
	}
	if err := kill(pid); err != nil {
		return false, fmt.Errorf("router %s: %w", r.Name, err)
	}
	if err := os.Remove(store.AgentSocket(lab, r.Name)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return false, fmt.Errorf("router %s: %w", r.Name, err)
	}
	return true, nil
}
