package hosts

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestRealNamespaceIsMadeOnce(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindRouter)
	id := namespaceID(ns.Path())
	again, created, err := EnsureNamespace(ns.Name, ns.Mark)
	if err != nil || created || again != ns {
		t.Errorf("second EnsureNamespace: %+v, created %v, %v", again, created, err)
	}
	if namespaceID(ns.Path()) != id {
		t.Error("it was made again")
	}
	all, err := Namespaces()
	if err != nil || !slices.Contains(all, ns) {
		t.Errorf("Namespaces does not list %+v: %v, %v", ns, all, err)
	}
	// iproute2 must see and enter it.
	if out := mustRun(t, ns, "ip", "-br", "link", "show", "lo"); !strings.Contains(out, "LOWER_UP") {
		t.Errorf("lo is not up: %s", out)
	}
	if out, _ := exec.Command("ip", "netns", "list").Output(); !strings.Contains(string(out), ns.Name) {
		t.Errorf("ip netns list has not %s:\n%s", ns.Name, out)
	}
}

func TestRealNamespaceOfOthersIsLeftAlone(t *testing.T) {
	needRoot(t)
	name := "pw-" + unique()
	if out, err := exec.Command("ip", "netns", "add", name).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("ip", "netns", "delete", name).Run() })
	id := namespaceID(runNetNS + "/" + name)
	sleeper := exec.Command("ip", "netns", "exec", name, "sleep", "60")
	if err := sleeper.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sleeper.Process.Kill(); _ = sleeper.Wait() })

	m := Mark{Lab: "x", Node: "y", Kind: KindHost}
	_, _, err := EnsureNamespace(name, m)
	if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "ip netns delete "+name) {
		t.Errorf("EnsureNamespace: %v, want ErrForeign with a remedy", err)
	}
	claimed := Namespace{Name: name, Mark: m}
	if err := claimed.Delete(); !errors.Is(err, ErrForeign) {
		t.Errorf("Delete: %v, want ErrForeign", err)
	}
	if err := EndProcesses(context.Background(), []Namespace{claimed}, time.Second); err != nil {
		t.Error(err)
	}
	if err := sleeper.Process.Signal(unix.Signal(0)); err != nil {
		t.Errorf("its process was ended: %v", err)
	}
	if err := EndProcesses(context.Background(), []Namespace{claimed}, 0); err != nil || sleeper.Process.Signal(unix.Signal(0)) != nil {
		t.Errorf("its process was killed, %v", err)
	}
	all, err := Namespaces()
	if err != nil || slices.ContainsFunc(all, func(n Namespace) bool { return n.Name == name }) {
		t.Errorf("Namespaces lists it: %v, %v", all, err)
	}
	ours := newNamespace(t, KindHost)
	others, err := Unmarked()
	if err != nil || !slices.Contains(others, name) || slices.Contains(others, ours.Name) {
		t.Errorf("Unmarked: %v, %v; want %s and not %s", others, err, name, ours.Name)
	}
	if err := DeleteNamespaces([]Namespace{claimed, ours}); !errors.Is(err, ErrForeign) {
		t.Errorf("DeleteNamespaces: %v, want ErrForeign", err)
	}
	if _, err := os.Lstat(ours.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("ours, after one of others, is left: %v", err)
	}
	if namespaceID(runNetNS+"/"+name) != id {
		t.Error("it was replaced")
	}
}

func TestRealNamespaceOfAnotherNodeIsLeftAlone(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindRouter)
	_, _, err := EnsureNamespace(ns.Name, Mark{Lab: "other", Node: "node", Kind: KindRouter})
	if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), ns.Mark.String()) {
		t.Errorf("EnsureNamespace: %v, want ErrForeign with the owner", err)
	}
}

// A process killed between making the file and mounting on it leaves an empty
// file.
func TestRealNamespaceOverItsEmptyFile(t *testing.T) {
	needRoot(t)
	name := unique()
	newNamespace(t, KindLab) // makes /run/netns
	if err := os.WriteFile(runNetNS+"/"+name, nil, 0o444); err != nil {
		t.Fatal(err)
	}
	if vacant, err := VacantNames(); err != nil || !slices.Contains(vacant, name) {
		t.Errorf("VacantNames: %v, %v", vacant, err)
	}
	ns, created, err := EnsureNamespace(name, Mark{Lab: name, Kind: KindLab})
	if err != nil || !created {
		t.Fatalf("created %v, %v", created, err)
	}
	if vacant, err := VacantNames(); err != nil || slices.Contains(vacant, name) {
		t.Errorf("VacantNames lists a namespace: %v, %v", vacant, err)
	}
	for range 2 {
		if err := ns.Delete(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(ns.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("left behind: %v", err)
	}
}

func TestRealNamespaceNamesAreChecked(t *testing.T) {
	needRoot(t)
	for _, name := range []string{"", ".", "..", "a/b", "a b", strings.Repeat("x", 256)} {
		if _, _, err := EnsureNamespace(name, Mark{Lab: "x", Kind: KindLab}); err == nil {
			t.Errorf("%q is accepted", name)
		}
	}
}

func TestRealDoAndStartAreInside(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindHost)
	want := namespaceID(ns.Path())
	outside := namespaceID("/proc/thread-self/ns/net")
	var inside nsID
	if err := ns.Do(func() error { inside = namespaceID("/proc/thread-self/ns/net"); return nil }); err != nil {
		t.Fatal(err)
	}
	if inside != want {
		t.Error("Do does not run inside")
	}
	if got := namespaceID("/proc/thread-self/ns/net"); got != outside {
		t.Error("the caller was moved")
	}
	if err := ns.Do(func() error { return os.ErrClosed }); !errors.Is(err, os.ErrClosed) {
		t.Errorf("Do: %v, want the function's error", err)
	}
	cmd := exec.Command("sleep", "60")
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Wait() }()
	if pids, err := ns.Processes(); err != nil || !slices.Equal(pids, []int{cmd.Process.Pid}) {
		t.Errorf("Processes: %v, %v, want %d", pids, err, cmd.Process.Pid)
	}
	end(t, ns)
}

func TestRealEndProcesses(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindHost), newNamespace(t, KindHost)
	polite := startShell(t, a, "trap 'exit 9' TERM")
	deaf := startShell(t, b, "trap '' TERM")
	start := time.Now()
	if err := EndProcesses(context.Background(), []Namespace{a, b}, 300*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("the deaf one had %v of its grace", took)
	}
	_ = polite.Wait()
	_ = deaf.Wait()
	if got := polite.ProcessState.ExitCode(); got != 9 {
		t.Errorf("the polite one: %v, want exit code 9", polite.ProcessState)
	}
	if got := deaf.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != unix.SIGKILL {
		t.Errorf("the deaf one: %v, want killed", deaf.ProcessState)
	}
	for _, ns := range []Namespace{a, b} {
		if pids, err := ns.Processes(); err != nil || len(pids) != 0 {
			t.Errorf("left in %s: %v, %v", ns.Name, pids, err)
		}
	}
	abrupt := startShell(t, a, "trap 'exit 9' TERM")
	if err := EndProcesses(context.Background(), []Namespace{a, b}, 0); err != nil {
		t.Fatal(err)
	}
	_ = abrupt.Wait()
	if got := abrupt.ProcessState.Sys().(syscall.WaitStatus).Signal(); got != unix.SIGKILL {
		t.Errorf("without grace: %v, want killed", abrupt.ProcessState)
	}
}

func TestRealEndProcessesStopsWithItsContext(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindHost)
	deaf := startShell(t, ns, "trap '' TERM")
	defer func() { _ = deaf.Wait() }()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := EndProcesses(ctx, []Namespace{ns}, time.Hour); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want the context's error", err)
	}
	end(t, ns)
}

// startShell starts a shell inside that runs line and then loops.
func startShell(t *testing.T, ns Namespace, line string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command("sh", "-c", line+"; echo ready; while :; do sleep 0.02; done")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.Start(cmd); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return cmd
}

func TestRealPrepareRouter(t *testing.T) {
	needRoot(t)
	ns := newNamespace(t, KindRouter)
	mustRun(t, ns, "sh", "-c", "echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding; echo 1 >/proc/sys/net/ipv4/conf/all/rp_filter")
	for range 2 {
		if err := PrepareRouter(ns); err != nil {
			t.Fatal(err)
		}
	}
	mustRun(t, ns, "ip", "link", "add", "name", "eth1", "type", "veth", "peer", "name", "eth2")
	mustRun(t, ns, "sh", "-c", "ip link set eth1 up; ip link set eth2 up")
	for path, want := range map[string]string{
		"ipv4/ip_forward": "0", "ipv6/conf/all/forwarding": "0",
		"ipv4/conf/all/arp_ignore": "1", "ipv4/conf/eth1/arp_ignore": "1",
		"ipv4/conf/all/arp_announce": "2", "ipv4/conf/eth1/arp_announce": "2",
		"ipv4/conf/all/rp_filter": "0", "ipv4/conf/eth1/rp_filter": "0",
		"ipv6/conf/eth1/disable_ipv6": "1",
	} {
		if got := strings.TrimSpace(mustRun(t, ns, "cat", "/proc/sys/net/"+path)); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
	if out := mustRun(t, ns, "ip", "-6", "addr", "show", "dev", "eth1"); strings.TrimSpace(out) != "" {
		t.Errorf("the kernel has started IPv6 on eth1: %s", out)
	}
}

func BenchmarkNamespaces(b *testing.B) {
	needRoot(b)
	for range 200 {
		newNamespace(b, KindHost)
	}
	for b.Loop() {
		if all, err := Namespaces(); err != nil || len(all) < 200 {
			b.Fatal(len(all), err)
		}
	}
}
