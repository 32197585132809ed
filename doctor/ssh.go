package doctor

import (
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// sshSession is the SSH session from which the program was started.
type sshSession struct{ client, server netip.Addr }

// ownSSHSession returns the SSH session of a process, or of the nearest of its
// ancestors that has one: sudo does not pass SSH_CONNECTION on. proc is /proc.
func ownSSHSession(proc string, pid int) (sshSession, bool) {
	const deepest = 64 // a tree that changes meanwhile could be a circle
	for range deepest {
		if s, ok := sshSessionOf(proc, pid); ok {
			return s, true
		}
		if pid = parentOf(proc, pid); pid <= 1 {
			break
		}
	}
	return sshSession{}, false
}

func sshSessionOf(proc string, pid int) (s sshSession, ok bool) {
	text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "environ"))
	if err != nil {
		return s, false
	}
	for v := range strings.SplitSeq(string(text), "\x00") {
		if value, ok := strings.CutPrefix(v, "SSH_CONNECTION="); ok {
			return parseSSHConnection(value)
		}
	}
	return s, false
}

// parseSSHConnection reads "client port server port" (sshd's SSH_CONNECTION).
func parseSSHConnection(value string) (s sshSession, ok bool) {
	words := strings.Fields(value)
	if len(words) != 4 {
		return s, false
	}
	client, err1 := netip.ParseAddr(words[0])
	server, err2 := netip.ParseAddr(words[2])
	return sshSession{client.Unmap(), server.Unmap()}, err1 == nil && err2 == nil
}

// parentOf returns the parent of a process; 0 if it cannot be read.
func parentOf(proc string, pid int) int {
	text, err := os.ReadFile(filepath.Join(proc, strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	after := string(text)
	after = after[strings.LastIndex(after, ")")+1:] // the name may contain spaces
	fields := strings.Fields(after)
	if len(fields) < 2 {
		return 0
	}
	parent, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return parent
}
