package dockertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// Processes inside see the same mounts, one after another; nobody outside does.
func TestRealApart(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root: a mount namespace")
	}
	socket := filepath.Join(t.TempDir(), "containerd.sock")
	if a, err := newApart(socket); a != nil || err != nil {
		t.Errorf("without a containerd: %v, %v", a, err)
	}
	if err := os.WriteFile(socket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	a, err := newApart(socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.end)
	inside := func(argv ...string) error {
		argv = append(a.enter(), argv...)
		return exec.Command(argv[0], argv[1:]...).Run()
	}
	shim := filepath.Join(filepath.Dir(socket), "shim")
	if err := inside("touch", shim); err != nil {
		t.Fatal(err)
	}
	if inside("test", "-e", socket) == nil {
		t.Error("the machine's containerd is visible inside")
	}
	if err := inside("test", "-e", shim); err != nil {
		t.Error("the second process does not see the file of the first")
	}
	if _, err := os.Stat(shim); err == nil {
		t.Error("a file made inside is visible outside")
	}
}
