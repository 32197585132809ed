package service

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
)

// settled is how long a service must have run to count as ready, if nothing else says
// when it is.
const settled = time.Second

// isReady reports whether a service is ready now.
func (s *supervisor) isReady(log *tail) bool {
	switch {
	case s.Once:
		return false // its end says so
	case s.Ready == "" && s.Port == "":
		return time.Since(s.Since) >= settled
	}
	return (s.Ready == "" || log.has(s.Ready)) && (s.Port == "" || listens(s.PID, s.Port))
}

// Lacks describes what a service that is not ready lacks.
func (r Record) Lacks() string {
	switch {
	case r.Once:
		return "it has not ended"
	case r.Ready == "" && r.Port == "":
		return "it does not stay up"
	case r.Port == "":
		return fmt.Sprintf("%q is not in its output", r.Ready)
	case r.Ready == "":
		return "it does not listen on " + r.Port
	}
	return fmt.Sprintf("%q is not in its output, or it does not listen on %s", r.Ready, r.Port)
}

// tail reads what is added to a log.
type tail struct {
	path  string
	f     *os.File
	found bool
	kept  []byte // the end of what was read, in which a text may begin
}

// newTail begins at the end of a log.
func newTail(path string) *tail {
	t := &tail{path: path}
	if f, err := os.Open(path); err == nil {
		t.f = f
		_, _ = f.Seek(0, io.SeekEnd) // a regular file
	}
	return t
}

func (t *tail) close() {
	if t.f != nil {
		t.f.Close()
	}
}

// has reports whether the text has been added since newTail.
func (t *tail) has(text string) bool {
	if t.f == nil || t.found {
		return t.found
	}
	if info, err := t.f.Stat(); err == nil {
		if at, _ := t.f.Seek(0, io.SeekCurrent); info.Size() < at { // it has been rotated
			_, _ = t.f.Seek(0, io.SeekStart)
		}
	}
	const enough = 1 << 20 // of a service that floods its log, at a time
	added, _ := io.ReadAll(io.LimitReader(t.f, enough))
	all := append(t.kept, added...)
	t.found = bytes.Contains(all, []byte(text))
	t.kept = bytes.Clone(all[max(0, len(all)-len(text)):])
	return t.found
}

// States of sockets in /proc/net (Linux, include/net/tcp_states.h): a TCP socket that
// listens, and a UDP socket that has a port.
const (
	tcpListens = "0A"
	udpBound   = "07"
)

// listens reports whether something listens on a port, such as "tcp 80", in the
// network namespace of a process.
func listens(pid int, port string) bool {
	protocol, digits, _ := strings.Cut(port, " ")
	number, err := strconv.Atoi(digits)
	if err != nil {
		return false
	}
	state := tcpListens
	if protocol == "udp" {
		state = udpBound
	}
	for _, file := range []string{protocol, protocol + "6"} {
		table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, file))
		if err == nil && hasSocket(table, number, state) {
			return true
		}
	}
	return false
}

// hasSocket reports whether a table of /proc/net has a socket with a local port in a
// state (proc(5): the second and the fourth field).
func hasSocket(table []byte, port int, state string) bool {
	suffix := fmt.Sprintf(":%04X", port)
	for line := range strings.Lines(string(table)) {
		fields := strings.Fields(line)
		if len(fields) > 3 && strings.HasSuffix(fields[1], suffix) && fields[3] == state {
			return true
		}
	}
	return false
}
