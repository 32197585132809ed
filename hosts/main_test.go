package hosts

import (
	"context"
	"net"
	"net/netip"
	"os/exec"
	"testing"
	"time"

	"github.com/vishvananda/netlink"

	"pseudowan/hosts/hoststest"
)

var (
	unique     = hoststest.Unique
	needRoot   = hoststest.NeedRoot
	eventually = hoststest.Eventually
)

func TestMain(m *testing.M) { hoststest.Main(m, Enter, func() {}) }

// newNamespace makes a marked namespace for the duration of the test.
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

// link returns one interface of a namespace, or nil if there is none.
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

// run runs a program in the namespace and returns its output.
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
