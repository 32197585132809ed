package doctor

import (
	"os"
	"path/filepath"
	"strconv"
	"testing"
)

// The session is that of the nearest ancestor that knows one.
func TestOwnSSHSession(t *testing.T) {
	proc := t.TempDir()
	process := func(pid, parent int, name, environ string) {
		dir := filepath.Join(proc, strconv.Itoa(pid))
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for file, text := range map[string]string{"environ": environ, "stat": strconv.Itoa(pid) + " (" + name + ") S " + strconv.Itoa(parent) + " 1 1"} {
			if err := os.WriteFile(filepath.Join(proc, strconv.Itoa(pid), file), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	process(40, 30, "pseudowan", "PATH=/bin\x00SUDO_USER=me\x00")
	process(30, 20, "sudo ) S 7", "PATH=/bin\x00")
	process(20, 10, "bash", "A=b\x00SSH_CONNECTION=203.0.113.5 51234 192.0.2.1 22\x00C=d\x00")
	process(10, 1, "sshd", "SSH_CONNECTION=198.51.100.1 1 198.51.100.2 22\x00")
	process(50, 1, "cron", "PATH=/bin\x00")
	process(60, 60, "own parent", "SSH_CONNECTION=one two\x00")
	s, ok := ownSSHSession(proc, 40)
	if !ok || s.client.String() != "203.0.113.5" || s.server.String() != "192.0.2.1" {
		t.Errorf("%+v, %t", s, ok)
	}
	for _, pid := range []int{50, 60, 70} {
		if s, ok := ownSSHSession(proc, pid); ok {
			t.Errorf("process %d has %+v", pid, s)
		}
	}
	if s, ok := parseSSHConnection("::ffff:203.0.113.5 51234 2001:db8::1 22"); !ok || s.client.String() != "203.0.113.5" || s.server.String() != "2001:db8::1" {
		t.Errorf("%+v, %t", s, ok)
	}
}
