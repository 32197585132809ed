package hosts

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/vishvananda/netlink"
)

func TestRealWire(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	w := Wire{
		A: WireEnd{Namespace: a.Path(), Name: "p-123456789abcd", Alias: strings.Repeat("long", 50) + ":eth1", MTU: 1600, NoOffload: true},
		B: WireEnd{Namespace: b.Path(), Name: "eth0", MAC: mac(7), MTU: 1500},
	}
	ensureWires(t, w)
	la, lb := link(t, a, w.A.Name).Attrs(), link(t, b, "eth0").Attrs()
	if la.Index == lb.Index {
		t.Errorf("both ends have index %d: the kernel is slow to tell of their carriers", la.Index)
	}
	if la.MTU != 1600 || lb.MTU != 1500 || lb.HardwareAddr.String() != mac(7).String() {
		t.Errorf("MTU %d and %d, MAC %s", la.MTU, lb.MTU, lb.HardwareAddr)
	}
	if la.Alias != "pseudowan "+w.A.Alias || lb.Alias != "pseudowan eth0" {
		t.Errorf("aliases %q and %q", la.Alias, lb.Alias)
	}
	eventually(t, "carrier on both ends", func() bool {
		return link(t, a, w.A.Name).Attrs().OperState == netlink.OperUp && link(t, b, "eth0").Attrs().OperState == netlink.OperUp
	})
	if got := txChecksums(t, a, w.A.Name); got != 0 {
		t.Errorf("%d transmit checksum offloads are on where they should be off", got)
	}
	if got := txChecksums(t, b, "eth0"); got == 0 {
		t.Error("transmit checksum offload is off without being asked")
	}
	ends, err := WireEnds(a.Path())
	if err != nil || len(ends) != 1 || ends[0].Alias != w.A.Alias || ends[0].Name != w.A.Name {
		t.Errorf("WireEnds: %+v, %v", ends, err)
	}
}

func ensureWires(t *testing.T, wires ...Wire) {
	t.Helper()
	if _, err := EnsureWires(context.Background(), wires); err != nil {
		t.Fatal(err)
	}
}

func txChecksums(t *testing.T, ns Namespace, name string) (on int) {
	t.Helper()
	in, err := openInside(ns.Path())
	if err != nil {
		t.Fatal(err)
	}
	defer in.close()
	features, err := in.eth.Features(name)
	if err != nil {
		t.Fatal(err)
	}
	for f, active := range features {
		if active && strings.HasPrefix(f, "tx-checksum-") {
			on++
		}
	}
	return on
}

func TestRealWireIsKept(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	w := wire(t, a, b)
	before := link(t, a, "eth0").Attrs().Index
	mustRun(t, b, "ip", "link", "set", "eth0", "down", "mtu", "1400", "address", "02:00:00:00:00:99", "alias", "pseudowan something else")
	w.A.NoOffload = true
	ensureWires(t, w)
	if got := link(t, a, "eth0").Attrs().Index; got != before {
		t.Errorf("ifindex %d, was %d: made again", got, before)
	}
	lb := link(t, b, "eth0").Attrs()
	if lb.HardwareAddr.String() != mac(2).String() || lb.Flags&net.FlagUp == 0 || lb.Alias != "pseudowan b:eth0" {
		t.Errorf("not brought back: %s %s %q", lb.HardwareAddr, lb.Flags, lb.Alias)
	}
	if txChecksums(t, a, "eth0") != 0 {
		t.Error("offload stays on")
	}
}

func TestRealWrongWiresAreReplaced(t *testing.T) {
	needRoot(t)
	a, b, c := newNamespace(t, KindRouter), newNamespace(t, KindHost), newNamespace(t, KindHost)
	wire(t, a, b)
	end := func(ns Namespace, name string) WireEnd { return WireEnd{Namespace: ns.Path(), Name: name} }
	// The far ends swap places: each new pair meets an old half.
	ensureWires(t, Wire{end(a, "eth0"), end(c, "eth0")}, Wire{end(a, "eth1"), end(b, "eth0")})
	for _, pair := range [][2]struct {
		ns   Namespace
		name string
	}{{{a, "eth0"}, {c, "eth0"}}, {{a, "eth1"}, {b, "eth0"}}} {
		near, far := link(t, pair[0].ns, pair[0].name), link(t, pair[1].ns, pair[1].name)
		if near == nil || far == nil || near.Attrs().ParentIndex != far.Attrs().Index {
			t.Errorf("%s is not wired to %s", pair[0].name, pair[1].ns.Name)
		}
	}
}

// Two pairs with the same interface indices in different namespaces look alike
// but for the namespace's number.
func TestRealPeersAreComparedByNamespace(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	c, d := newNamespace(t, KindHost), newNamespace(t, KindHost)
	wire(t, a, b)
	wire(t, c, d)
	// This gives a its number for c.
	ensureWires(t, Wire{WireEnd{Namespace: a.Path(), Name: "eth5"}, WireEnd{Namespace: c.Path(), Name: "eth5"}})
	if link(t, a, "eth0").Attrs().Index != link(t, c, "eth0").Attrs().Index {
		t.Fatal("the decoy does not look alike")
	}
	s := newWiring()
	defer s.close()
	ok, err := s.inPlace(Wire{WireEnd{Namespace: a.Path(), Name: "eth0"}, WireEnd{Namespace: c.Path(), Name: "eth0"}})
	if err != nil || ok {
		t.Errorf("a wire to another namespace counts as in place: %v", err)
	}
	ok, err = s.inPlace(Wire{WireEnd{Namespace: b.Path(), Name: "eth0"}, WireEnd{Namespace: a.Path(), Name: "eth0"}})
	if err != nil || !ok {
		t.Errorf("the right one does not: %v", err)
	}
}

func TestRealWireWithinOneNamespace(t *testing.T) {
	needRoot(t)
	a := newNamespace(t, KindLab)
	w := Wire{WireEnd{Namespace: a.Path(), Name: "x"}, WireEnd{Namespace: a.Path(), Name: "y"}}
	ensureWires(t, w)
	before := link(t, a, "x").Attrs().Index
	ensureWires(t, w)
	if got := link(t, a, "x").Attrs().Index; got != before {
		t.Error("made again")
	}
	w.B.Name = "x"
	if _, err := EnsureWires(context.Background(), []Wire{w}); !errors.Is(err, errSameEnd) {
		t.Errorf("one interface at both ends: %v", err)
	}
}

func TestRealInterfaceOfOthersIsLeftAlone(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	mustRun(t, b, "ip", "link", "add", "name", "eth0", "type", "bridge")
	before := link(t, b, "eth0").Attrs().Index
	w := Wire{WireEnd{Namespace: a.Path(), Name: "eth0"}, WireEnd{Namespace: b.Path(), Name: "eth0"}}
	_, err := EnsureWires(context.Background(), []Wire{w})
	if !errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), "ip link delete eth0") {
		t.Errorf("%v, want ErrForeign with a remedy", err)
	}
	if err := RemoveWire(b.Path(), "eth0"); !errors.Is(err, ErrForeign) {
		t.Errorf("RemoveWire: %v, want ErrForeign", err)
	}
	if got := link(t, b, "eth0"); got == nil || got.Attrs().Index != before {
		t.Error("it was touched")
	}
	if link(t, a, "eth0") != nil {
		t.Error("a half wire is left")
	}
}

// A process killed between making a pair and marking it leaves no alias.
func TestRealUnmarkedPairOfOursIsAdopted(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	mustRun(t, a, "ip", "link", "add", "name", "eth0", "type", "veth", "peer", "name", "eth0", "netns", b.Name)
	before := link(t, a, "eth0").Attrs().Index
	wire(t, a, b)
	if got := link(t, a, "eth0").Attrs(); got.Index != before || got.Alias != "pseudowan a:eth0" {
		t.Errorf("ifindex %d, was %d, alias %q", got.Index, before, got.Alias)
	}
}

func TestRealRemoveWire(t *testing.T) {
	needRoot(t)
	a, b := newNamespace(t, KindRouter), newNamespace(t, KindHost)
	wire(t, a, b)
	for range 2 {
		if err := RemoveWire(a.Path(), "eth0"); err != nil {
			t.Fatal(err)
		}
	}
	if link(t, a, "eth0") != nil || link(t, b, "eth0") != nil {
		t.Error("still there")
	}
}

func TestRealSegment(t *testing.T) {
	needRoot(t)
	lab := newNamespace(t, KindLab)
	routers := []Namespace{newHost(t), newHost(t), newHost(t)}
	s := Segment{Namespace: lab.Path(), Name: "core", Alias: "core LAN", MTU: 1600}
	for i, r := range routers {
		s.Wires = append(s.Wires, Wire{
			A: WireEnd{Namespace: lab.Path(), Name: string(rune('a' + i)), MTU: 1600},
			B: WireEnd{Namespace: r.Path(), Name: "eth0", MTU: 1600},
		})
	}
	for i, want := range []int{3, 0} {
		changed, err := EnsureSegment(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		if len(changed) != want {
			t.Errorf("run %d changes the wires %v, want %d", i, changed, want)
		}
	}
	mustRun(t, routers[1], "ip", "link", "delete", "eth0")
	if changed, err := EnsureSegment(context.Background(), s); err != nil || len(changed) != 1 || changed[0].B.Namespace != routers[1].Path() {
		t.Errorf("after a wire was deleted: %v, %v", changed, err)
	}
	for i, r := range routers {
		configureHost(t, r, Network{Interfaces: []Interface{{Name: "eth0", Addresses: prefixes([]string{"10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"}[i])}}})
	}
	for _, to := range []string{"10.0.0.2", "10.0.0.3"} {
		mustRun(t, routers[0], "ping", "-c1", "-W5", "-M", "do", "-s", "1572", to)
	}
	bridge := link(t, lab, "core")
	if bridge.Attrs().MTU != 1600 || *bridge.(*netlink.Bridge).MulticastSnooping {
		t.Errorf("MTU %d, snooping %v", bridge.Attrs().MTU, *bridge.(*netlink.Bridge).MulticastSnooping)
	}
	if out := mustRun(t, lab, "ip", "-6", "addr"); strings.Contains(out, "fe80") {
		t.Errorf("the segment has IPv6 addresses:\n%s", out)
	}
	s.Wires = s.Wires[:2]
	if _, err := EnsureSegment(context.Background(), s); err != nil {
		t.Fatal(err)
	}
	if link(t, lab, "c") != nil || link(t, routers[2], "eth0") != nil || link(t, lab, "b") == nil {
		t.Error("exactly the third wire should be gone")
	}
}

func TestWireEndIsChecked(t *testing.T) {
	good := WireEnd{Namespace: "/n", Name: "eth0"}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for _, e := range []WireEnd{
		{Namespace: "/n"}, {Namespace: "/n", Name: "sixteen-bytes-xx"}, {Name: "eth0"},
		{Namespace: "/n", Name: "a/b"}, {Namespace: "/n", Name: "a b"}, {Namespace: "/n", Name: ".."},
		{Namespace: "/n", Name: "eth0", MAC: net.HardwareAddr{1, 2}},
		{Namespace: "/n", Name: "eth0", Alias: strings.Repeat("x", 255)},
		{Namespace: "/n", Name: "eth0", Alias: "two\nlines"},
	} {
		if e.check() == nil {
			t.Errorf("%+v is accepted", e)
		}
	}
}
