package netns

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"pseudowan/hosts"
	"pseudowan/hosts/hoststest"
	"pseudowan/hosts/runtimetest"
)

func lostOf(t *testing.T, tenants hosts.Tenants, lab string) []hosts.Lost {
	t.Helper()
	all, err := tenants.LostNamespaces()
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(l hosts.Lost) bool { return l.Mark.Lab != lab })
}

// A mark that a host writes on a namespace of its own making is never trusted.
func TestRealLostNamespaceCannotBeForged(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	h.EnsureCommand(t)
	router := hosts.Mark{Lab: h.Spec.Lab, Node: "pe1", Kind: hosts.KindRouter}
	other := hosts.Mark{Lab: hoststest.Unique(), Node: "pe1", Kind: hosts.KindRouter}
	for _, m := range []hosts.Mark{router, other} {
		cmd := h.InnerCommand(t, hosts.Exec{Argv: []string{"unshare", "-n", "sh", "-c",
			"ip link set lo alias '" + m.String() + "'; echo ready; exec sleep 1000"}})
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }()
		if _, err := out.Read(make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		tenants := h.Runtime.(*namespaces).homes.Tenants()
		if lost := lostOf(t, tenants, m.Lab); len(lost) != 0 {
			t.Errorf("mark %q is trusted: %+v", m, lost)
		}
		if !tenants.Has(cmd.Process.Pid, h.Spec.Lab, h.Spec.Node) || tenants.Has(cmd.Process.Pid, other.Lab, "") {
			t.Errorf("mark %q: the owner of the process is not known by its files", m)
		}
	}
}

// The processes of a host are known even if its directory has been deleted.
func TestRealTenantOfADeletedDirectory(t *testing.T) {
	h := runtimetest.New(t, newRuntime(t))
	r := h.Runtime.(*namespaces)
	pid := h.EnsureCommand(t, "sleep", "1000")
	hoststest.Eventually(t, "the command is inside", func() bool { return r.homes.Tenants().Has(pid, h.Spec.Lab, h.Spec.Node) })
	if err := os.RemoveAll(filepath.Dir(r.homes.Dir(h.Spec.Lab, h.Spec.Node))); err != nil {
		t.Fatal(err)
	}
	tenants := r.homes.Tenants()
	if !tenants.Has(pid, h.Spec.Lab, h.Spec.Node) || tenants.Has(pid, "x", "") || tenants.Has(os.Getpid(), h.Spec.Lab, "") {
		t.Error("the owner of the process is not known")
	}
}
