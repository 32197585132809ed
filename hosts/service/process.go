package service

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"time"

	"pseudowan/hosts"
)

// markVariable carries the mark of a service in the environment of its processes.
const markVariable = "PSEUDOWAN_SERVICE"

// grace is how long the processes of a service have after SIGTERM.
const grace = 5 * time.Second

// marked reports whether a process carries a mark in its environment.
func marked(pid int, mark string) bool {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	want := []byte(markVariable + "=" + mark)
	return err == nil && (bytes.HasPrefix(b, append(want, 0)) || bytes.Contains(b, append(append([]byte{0}, want...), 0)))
}

// owns returns what tells the processes of a service from others: they are in the
// session of its first process, or carry its mark. Some overwrite their environment,
// and others begin a session of their own.
func (r Record) owns() func(pid int) bool {
	led := 0
	if r.Runs() {
		led = r.PID
	}
	return func(pid int) bool {
		return pid != r.Supervisor && (led != 0 && hosts.Session(pid) == led || marked(pid, r.Mark))
	}
}

// endProcesses ends all processes of a service but its supervisor.
func (r Record) endProcesses(ctx context.Context) error {
	return hosts.EndProcessesAnd(ctx, nil, r.owns(), grace)
}
