package hosts

import (
	"bytes"
	"os"
	"strconv"
	"strings"
)

// Indexes of the fields of statOf.
const (
	statState   = 0
	statSession = 3
	statStart   = 19
)

// statOf returns the fields of /proc/PID/stat from the third on (proc(5)); nil if there
// is no such process. The name in parentheses may contain anything.
func statOf(pid int) []string {
	b, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return nil
	}
	_, rest, _ := strings.Cut(string(b[max(0, bytes.LastIndexByte(b, ')')):]), ") ")
	fields := strings.Fields(rest)
	if len(fields) <= statStart {
		return nil
	}
	return fields
}

// livingStat is statOf; nil also if the process has ended and is not reaped yet.
func livingStat(pid int) []string {
	fields := statOf(pid)
	if fields == nil || fields[statState] == "Z" {
		return nil
	}
	return fields
}

// StartTime returns when a process was started, in clock ticks after boot, or "" if it
// has ended.
func StartTime(pid int) string {
	if f := livingStat(pid); f != nil {
		return f[statStart]
	}
	return ""
}

// Session returns the session of a process; 0 if it has ended.
func Session(pid int) int {
	f := livingStat(pid)
	if f == nil {
		return 0
	}
	id, _ := strconv.Atoi(f[statSession])
	return id
}
