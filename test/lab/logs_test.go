package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const chattyLab = `
name: pwt-chatty
routers: {pe1: {as: 65000, id: 10.0.0.1}}
vrfs: {red: {rts: "1:1"}}
hosts:
  quiet: {to: pe1, vrf: red, addresses: [10.1.0.2/24], command: [sh, -c, "while :; do echo said; date +%s%N >/tmp/alive; sleep 0.05; done"]}
  loud:  {to: pe1, vrf: red, addresses: [10.2.0.2/24], command: ["yes", "no end of words"]}
`

// logOctets returns how much of the memory behind /run a lab's logs use.
func logOctets(t *testing.T, l lab) int64 {
	t.Helper()
	var sum int64
	err := filepath.WalkDir("/run/pseudowan/"+l.name, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.Contains(d.Name(), ".log") {
			return nil // it may be gone
		}
		var st syscall.Stat_t
		if syscall.Stat(path, &st) == nil {
			sum += st.Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

// mostOctets returns the most that logs use during a while.
func mostLogOctets(t *testing.T, l lab, during time.Duration) int64 {
	t.Helper()
	var most int64
	for end := time.Now().Add(during); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		most = max(most, logOctets(t, l))
	}
	return most
}

// keeperOf returns the PID of a lab's keeper.
func keeperOf(t *testing.T, l lab) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		line, _ := os.ReadFile(f)
		if strings.HasSuffix(string(line), "\x00keeper\x00--lab\x00"+l.name+"\x00") {
			pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(f)))
			return pid
		}
	}
	t.Fatalf("lab %s has no keeper", l.name)
	return 0
}

// A host's command that writes as fast as it can fills neither the disk nor the
// memory behind /run. If the process that limits the logs is killed, no command
// notices, and its successor continues.
func TestRealLogsAreBounded(t *testing.T) {
	l := fromText(t, t.TempDir(), "pwt-chatty", chattyLab)
	l.up(t)
	const bound = 64 << 20 // on a busy machine; otherwise, a few MB
	if most := mostLogOctets(t, l, 3*time.Second); most > bound {
		t.Errorf("the logs held %d MB", most>>20)
	} else {
		t.Logf("the logs held %d MB at most", most>>20)
	}
	if err := syscall.Kill(keeperOf(t, l), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	must(t, "up", l.file, "--runtime", "netns")
	eventually(t, 5*time.Second, func() error {
		if n := logOctets(t, l); n > 16<<20 {
			return fmt.Errorf("the logs use %d MB", n>>20)
		}
		return nil
	})
	if most := mostLogOctets(t, l, time.Second); most > bound {
		t.Errorf("after the keeper was killed, the logs held %d MB", most>>20)
	}
	before := l.mustExec(t, "quiet", "cat", "/tmp/alive")
	eventually(t, 2*time.Second, func() error {
		if l.mustExec(t, "quiet", "cat", "/tmp/alive") == before {
			return errors.New("the quiet host's command has stopped")
		}
		return nil
	})
}
