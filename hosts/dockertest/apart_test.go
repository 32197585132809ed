package dockertest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// What runs in it one after another sees the same mounts, and nobody outside.
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
		t.Error("the machine's containerd is seen inside")
	}
	if err := inside("test", "-e", shim); err != nil {
		t.Error("what the first has made is not seen by the second")
	}
	if _, err := os.Stat(shim); err == nil {
		t.Error("what is made inside is seen outside")
	}
}
