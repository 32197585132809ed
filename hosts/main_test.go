package hosts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// TestMain is also the program that the netns runtime starts to enter a host.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "enter" {
		err := EnterAny(os.Args[2:])
		fmt.Fprintln(os.Stderr, err)
		var exit *ExitError
		if errors.As(err, &exit) {
			os.Exit(exit.Code)
		}
		os.Exit(1)
	}
	code := m.Run()
	endDaemon()
	if left := leftovers(); left != "" {
		fmt.Fprintf(os.Stderr, "the tests left behind:\n%s", left)
		code = 1
	}
	os.Exit(code)
}

// leftovers tells what of these tests' names is on the machine. Others make
// and remove things of their own meanwhile.
func leftovers() string {
	var left strings.Builder
	ours := fmt.Sprintf("pwt-%d-", os.Getpid())
	for _, source := range []string{"ip netns list", "ip link show", "cat /proc/self/mountinfo", "ps -eo args"} {
		argv := strings.Fields(source)
		out, _ := exec.Command(argv[0], argv[1:]...).Output()
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, ours) {
				left.WriteString(source + ": " + line)
			}
		}
	}
	return left.String()
}

func needRoot(t testing.TB) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root: network namespaces")
	}
}

var serial atomic.Int64

// unique is a name that no other test has, in this process or another.
func unique() string { return fmt.Sprintf("pwt-%d-%d", os.Getpid(), serial.Add(1)) }

// newNamespace makes a marked namespace that is gone when the test ends.
func newNamespace(t testing.TB, kind Kind) Namespace {
	t.Helper()
	name := unique()
	m := Mark{Lab: name, Kind: kind}
	if kind != KindLab {
		m.Node = name
	}
	ns, created, err := EnsureNamespace(name, m)
	if err != nil || !created {
		t.Fatalf("EnsureNamespace: created %v, %v", created, err)
	}
	t.Cleanup(func() {
		end(t, ns)
		if err := ns.Delete(); err != nil {
			t.Error(err)
		}
	})
	return ns
}

func newHost(t testing.TB) Namespace {
	t.Helper()
	ns := newNamespace(t, KindHost)
	if err := PrepareHost(ns.Path()); err != nil {
		t.Fatal(err)
	}
	return ns
}

func end(t testing.TB, ns ...Namespace) {
	t.Helper()
	if err := EndProcesses(context.Background(), ns, time.Second); err != nil {
		t.Error(err)
	}
}

// wire joins two namespaces by eth0.
func wire(t testing.TB, a, b Namespace) Wire {
	t.Helper()
	w := Wire{
		A: WireEnd{Namespace: a.Path(), Name: "eth0", Alias: "a:eth0", MAC: mac(1)},
		B: WireEnd{Namespace: b.Path(), Name: "eth0", Alias: "b:eth0", MAC: mac(2)},
	}
	if _, err := EnsureWires(context.Background(), []Wire{w}); err != nil {
		t.Fatal(err)
	}
	return w
}

func mac(last byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, last} }

func prefixes(list ...string) []netip.Prefix {
	var ps []netip.Prefix
	for _, s := range list {
		ps = append(ps, netip.MustParsePrefix(s))
	}
	return ps
}

// link reads one interface of a namespace; nil where there is none.
func link(t testing.TB, ns Namespace, name string) netlink.Link {
	t.Helper()
	in, err := openInside(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	links, err := in.links()
	if err != nil {
		t.Fatal(err)
	}
	return links[name]
}

// run runs a program in the namespace and returns what it says.
func run(t testing.TB, ns Namespace, argv ...string) (string, error) {
	t.Helper()
	out, err := exec.Command("ip", append([]string{"netns", "exec", ns.Name}, argv...)...).CombinedOutput()
	return string(out), err
}

func mustRun(t testing.TB, ns Namespace, argv ...string) string {
	t.Helper()
	out, err := run(t, ns, argv...)
	if err != nil {
		t.Fatalf("%v in %s: %v\n%s", argv, ns.Name, err, out)
	}
	return out
}

// eventually polls a condition until it holds.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatalf("not within 15 s: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
