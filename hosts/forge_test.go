package hosts

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Whatever root in a host writes on its lo, the host remains what it is, and
// the next EnsureNamespace restores the alias.
func TestRealMarkCannotBeForgedInside(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindHost)
	other := Mark{Lab: unique(), Node: "pe1", Kind: KindRouter}
	nic := nicRecord{Name: "eth9", MTU: 1500}
	for _, alias := range []string{"", "mine", other.String(), Mark{Lab: other.Lab, Kind: KindLab}.String(), nic.alias()} {
		mustRun(t, ns, "ip", "link", "set", "dev", "lo", "alias", alias)
		all, err := Namespaces()
		if err != nil || !slices.Contains(all, ns) {
			t.Errorf("alias %q: Namespaces lists %v, %v; want %v among them", alias, all, err, ns)
		}
		if slices.ContainsFunc(all, func(n Namespace) bool { return n.Mark.Lab == other.Lab }) {
			t.Errorf("alias %q makes it another lab's: %v", alias, all)
		}
		if again, created, err := EnsureNamespace(ns.Name, ns.Mark); err != nil || created || again != ns {
			t.Errorf("alias %q: EnsureNamespace: %v, created %v, %v", alias, again, created, err)
		}
		if got := link(t, ns, "lo").Attrs().Alias; got != ns.Mark.String() {
			t.Errorf("the alias %q became %q, want %q", alias, got, ns.Mark)
		}
	}
	mustRun(t, ns, "ip", "link", "set", "dev", "lo", "alias", nic.alias())
	if err := ns.Delete(); err != nil {
		t.Errorf("a forged record of a NIC: %v", err)
	}
}

// Somebody else's namespace does not become ours by the alias of its lo.
func TestRealForeignNamespaceWithOurAliasIsForeign(t *testing.T) {
	needRoot(t)
	m := Mark{Lab: unique(), Node: "h", Kind: KindHost}
	name := "pw-" + m.Lab + "-h"
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", name).Run() })
	claimed := Namespace{Name: name, Mark: m}
	mustRun(t, claimed, "ip", "link", "set", "dev", "lo", "alias", m.String())
	if all, err := Namespaces(); err != nil || slices.Contains(all, claimed) {
		t.Errorf("Namespaces lists it: %v, %v", all, err)
	}
	if _, _, err := EnsureNamespace(name, m); !errors.Is(err, ErrForeign) {
		t.Errorf("EnsureNamespace: %v, want ErrForeign", err)
	}
	if err := claimed.Delete(); !errors.Is(err, ErrForeign) {
		t.Errorf("Delete: %v, want ErrForeign", err)
	}
}

// Root in a host may rename, mark and unmark its end: the wire stays the same.
func TestRealWireWhoseFarEndWasRelabelled(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	w := wire(t, a, b)
	index := link(t, a, "eth0").Attrs().Index
	nic := nicRecord{Name: "eth0", MTU: 1500}
	for _, alias := range []string{"", "mine", linkAlias("x:eth0"), nic.alias()} {
		mustRun(t, b, "ip", "link", "set", "dev", "eth0", "alias", alias)
		if _, err := EnsureWires(context.Background(), []Wire{w}); err != nil {
			t.Errorf("alias %q: %v", alias, err)
		}
		if got := link(t, b, "eth0").Attrs().Alias; got != linkAlias("b:eth0") {
			t.Errorf("the alias %q became %q", alias, got)
		}
		if link(t, a, "eth0").Attrs().Index != index {
			t.Errorf("alias %q: the wire was replaced", alias)
		}
	}
	// Renamed as well: the pair is replaced.
	mustRun(t, b, "sh", "-c", "ip link set eth0 alias mine down; ip link set eth0 name eth7")
	if _, err := EnsureWires(context.Background(), []Wire{w}); err != nil {
		t.Errorf("renamed: %v", err)
	}
	if link(t, b, "eth0") == nil || link(t, b, "eth7") != nil {
		t.Error("the renamed end is not replaced")
	}
	// Gone with its alias, and something else in its place.
	mustRun(t, b, "sh", "-c", "ip link del eth0; ip link add eth0 type bridge")
	if _, err := EnsureWires(context.Background(), []Wire{w}); !errors.Is(err, ErrForeign) {
		t.Errorf("a foreign interface in the wire's place: %v, want ErrForeign", err)
	}
}

// Nobody can block us with the lock of a directory that everybody can open.
func TestRealDirectoryOfNamespacesIsLockedByOthers(t *testing.T) {
	needRoot(t)
	newNamespace(t, KindLab) // makes the directory
	dir, err := os.Open(runNetNS)
	if err != nil {
		t.Fatal(err)
	}
	defer dir.Close()
	if err := unix.Flock(int(dir.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	begin := time.Now()
	newNamespace(t, KindHost)
	if took := time.Since(begin); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A process killed between unmounting and removing leaves the file, with the
// mark in it.
func TestRealNamespaceLeavesItsMark(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindHost)
	if err := unix.Unmount(ns.Path(), unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	left, err := Leftovers()
	if err != nil || !slices.Contains(left, ns) {
		t.Fatalf("Leftovers: %v, %v; want %v among them", left, err, ns)
	}
	if all, err := Namespaces(); err != nil || slices.Contains(all, ns) {
		t.Errorf("Namespaces lists it: %v, %v", all, err)
	}
	other := Namespace{Name: ns.Name, Mark: Mark{Lab: "x", Node: "y", Kind: KindHost}}
	if err := other.Delete(); !errors.Is(err, ErrForeign) {
		t.Errorf("deleted as another's: %v", err)
	}
	if _, created, err := EnsureNamespace(ns.Name, ns.Mark); err != nil || !created {
		t.Errorf("EnsureNamespace over it: created %v, %v", created, err)
	}
	if left, err := Leftovers(); err != nil || slices.Contains(left, ns) {
		t.Errorf("Leftovers lists it still: %v, %v", left, err)
	}
}

func TestRealPlainFileIsNotTaken(t *testing.T) {
	needRoot(t)
	newNamespace(t, KindLab) // makes the directory
	name := unique()
	path := filepath.Join(runNetNS, name)
	if err := os.WriteFile(path, []byte("somebody's\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(path) })
	if _, _, err := EnsureNamespace(name, Mark{Lab: name, Kind: KindLab}); !errors.Is(err, ErrForeign) {
		t.Errorf("EnsureNamespace: %v, want ErrForeign", err)
	}
	if IsVacant(name) {
		t.Error("it counts as vacant")
	}
	if err := RemoveVacant(name); err != nil {
		t.Error(err)
	}
	if data, err := os.ReadFile(path); err != nil || string(data) != "somebody's\n" {
		t.Errorf("the file has %q, %v", data, err)
	}
}

// A router's namespace that has lost its name lives on in its processes, and
// gets the name back.
func TestRealLostNamespaceIsRecovered(t *testing.T) {
	needRoot(t)
	tenants := NewHomes(t.TempDir(), nil).Tenants()
	ns := newNamespace(t, KindRouter)
	sleeper := startShell(t, ns, ":")
	defer func() { _ = sleeper.Wait() }()
	id := namespaceID(ns.Path())
	if out, err := exec.Command("ip", "netns", "delete", ns.Name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	lost := lostOf(t, tenants, ns.Mark.Lab)
	if len(lost) != 1 || lost[0].Mark != ns.Mark {
		t.Fatalf("lost: %+v", lost)
	}
	again, err := lost[0].Recover(ns.Name)
	if err != nil || again != ns || namespaceID(ns.Path()) != id {
		t.Fatalf("Recover: %v, %v", again, err)
	}
	if lost := lostOf(t, tenants, ns.Mark.Lab); len(lost) != 0 {
		t.Errorf("still lost: %+v", lost)
	}
	end(t, ns)
}

func lostOf(t *testing.T, tenants Tenants, lab string) []Lost {
	t.Helper()
	all, err := tenants.LostNamespaces()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(l Lost) bool { return l.Mark.Lab != lab })
}

// A lab of an earlier version, with marks only inside its namespaces, is
// adopted by a caller that knows its names.
func TestRealNamespaceOfAnEarlierVersion(t *testing.T) {
	needRoot(t)
	m := Mark{Lab: unique(), Node: "h", Kind: KindHost}
	ns := Namespace{Name: "pw-" + m.Lab + "-h", Mark: m}
	if out, err := exec.Command("ip", "netns", "add", ns.Name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", ns.Name).Run() })
	if ok, err := AdoptNamespace(ns.Name, m); ok || err != nil {
		t.Errorf("one without a mark inside: %v, %v", ok, err)
	}
	mustRun(t, ns, "ip", "link", "set", "dev", "lo", "alias", m.String())
	if ok, err := AdoptNamespace(ns.Name, Mark{Lab: m.Lab, Node: "other", Kind: KindHost}); ok || err != nil {
		t.Errorf("another node's: %v, %v", ok, err)
	}
	if ok, err := AdoptNamespace(ns.Name, m); !ok || err != nil {
		t.Errorf("AdoptNamespace: %v, %v", ok, err)
	}
	if all, err := Namespaces(); err != nil || !slices.Contains(all, ns) {
		t.Errorf("Namespaces: %v, %v; want %v among them", all, err, ns)
	}
	if err := ns.Delete(); err != nil {
		t.Error(err)
	}
}

// If there is no room for the mark, no file without one is left.
func TestRealMarkWithoutRoom(t *testing.T) {
	needRoot(t)
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=4k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) })
	if err := os.WriteFile(filepath.Join(dir, "fill"), make([]byte, 4096), 0o600); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "ns")
	if err := writeMark(path, Mark{Lab: "x", Kind: KindLab}); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("writeMark: %v, want ENOSPC", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}
