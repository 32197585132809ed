package bgp

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// multipathTables returns tables with one VRF that spreads packets over up to n
// paths.
func multipathTables(n int) *Tables {
	t := oneVRF()
	t.SetMaxPaths(n)
	return t
}

// through returns a route from peer n with its own next hop and label.
func through(t *Tables, n byte) Route {
	r := received(n, fmt.Sprintf("65001:%d", n), "10.0.0.0/8", "65001:1")
	r.NextHop, r.Label = netip.AddrFrom4([4]byte{192, 0, 2, n}), 2000
	t.SetNextHop(r.NextHop, true, 0)
	return r
}

// hops returns the next hops of a change.
func hops(paths []*Path) []string {
	var out []string
	for _, p := range paths {
		out = append(out, p.Route.NextHop.String())
	}
	return out
}

func TestMultipathComesAndGoes(t *testing.T) {
	tables := multipathTables(4)
	a, b, c := through(tables, 1), through(tables, 2), through(tables, 3)
	c.LocalPref = ptr(50)
	step := func(what string, changes []Change, best string, want ...string) {
		t.Helper()
		if len(changes) != 1 || changes[0].New.Route.NextHop.String() != best {
			t.Fatalf("%s: changes %+v; want one to %s", what, changes, best)
		}
		if diff := cmp.Diff(want, hops(changes[0].Spread)); diff != "" {
			t.Errorf("%s: spread %s", what, diff)
		}
	}
	step("the first", tables.Update(b), "192.0.2.2")
	step("an equal one that becomes best", tables.Update(a), "192.0.2.1", "192.0.2.1", "192.0.2.2")
	if changes := tables.Update(c); changes != nil {
		t.Errorf("a worse one changes %+v", changes)
	}
	b2 := b
	b2.Label = 2007
	step("another label on a path that is not best", tables.Update(b2), "192.0.2.1", "192.0.2.1", "192.0.2.2")
	step("a next hop goes down", tables.SetNextHop(a.NextHop, false, 0), "192.0.2.2")
	step("and comes back", tables.SetNextHop(a.NextHop, true, 0), "192.0.2.1", "192.0.2.1", "192.0.2.2")
	step("withdrawn", tables.Withdraw(b.Key()), "192.0.2.1")
	step("the backup", tables.Withdraw(a.Key()), "192.0.2.3")
}

// Packets take the nearest of several next hops (RFC 4271 section 9.1.2.2 e), and are spread
// over those that are as near; the next nearest is the backup.
func TestNearestNextHop(t *testing.T) {
	tables := multipathTables(4)
	tables.KeepBackups()
	for _, n := range []byte{1, 2, 3} {
		tables.Update(through(tables, n))
	}
	hop := func(n byte) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, n}) }
	for _, move := range []struct {
		hop    byte
		metric uint64
		want   []string
	}{
		{1, 30, []string{"192.0.2.2 Multipath", "192.0.2.3 Multipath"}},
		{2, 20, []string{"192.0.2.3 IGP Metric", "backup 192.0.2.2"}},
		{3, 20, []string{"192.0.2.2 Multipath", "192.0.2.3 Multipath"}},
		{1, 10, []string{"192.0.2.1 IGP Metric", "backup 192.0.2.2"}},
		{3, 40, []string{"192.0.2.1 IGP Metric", "backup 192.0.2.2"}},
	} {
		tables.SetNextHop(hop(move.hop), true, move.metric)
		var got []string
		for _, e := range tables.Routes("red") {
			switch {
			case e.Best:
				got = append(got, fmt.Sprint(e.Route.NextHop, " ", e.Reason))
			case e.Backup:
				got = append(got, fmt.Sprint("backup ", e.Route.NextHop))
			}
		}
		if !slices.Equal(got, move.want) {
			t.Errorf("metric %d to %s: %q; want %q", move.metric, hop(move.hop), got, move.want)
		}
	}
	own := through(tables, 9)
	if i := Best([]Route{own, through(tables, 1)}, func(Route) bool { return true }, func(r Route) uint64 { return uint64(r.NextHop.As4()[3]) }); i != 1 {
		t.Errorf("Best returns %d; want the nearer, 1", i)
	}
}

// Every path that packets take is marked, with its reason; the others have the
// reason why they lost.
func TestMultipathEntries(t *testing.T) {
	tables := multipathTables(2)
	for _, n := range []byte{3, 1, 2} {
		tables.Update(through(tables, n))
	}
	want := []string{"192.0.2.1 true Multipath", "192.0.2.2 true Multipath", "192.0.2.3 false Router ID"}
	var got []string
	for _, e := range tables.Routes("red") {
		got = append(got, fmt.Sprint(e.Route.NextHop, " ", e.Best, " ", e.Reason))
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries %q; want %q", got, want)
	}
}

// Two reflectors with the same next hop and label count as one path.
func TestMultipathSameWayTwice(t *testing.T) {
	tables := multipathTables(4)
	a := through(tables, 1)
	tables.Update(a)
	again := a
	again.Peer, again.PeerID = netip.MustParseAddr("192.0.2.99"), netip.MustParseAddr("10.0.0.99")
	if changes := tables.Update(again); changes != nil {
		t.Errorf("the same way from another peer changes %+v", changes)
	}
	for i, e := range tables.Routes("red") {
		if e.Best != (i == 0) {
			t.Errorf("entry %d: %+v", i, e)
		}
	}
}

// By default tables have one best path.
func TestNoMultipathByDefault(t *testing.T) {
	tables := oneVRF()
	tables.Update(through(tables, 1))
	if changes := tables.Update(through(tables, 2)); changes != nil {
		t.Errorf("changes %+v", changes)
	}
}

// New VRFs and changed targets spread, too.
func TestMultipathOfANewVRF(t *testing.T) {
	tables := multipathTables(4)
	tables.Update(through(tables, 1))
	tables.Update(through(tables, 2))
	red := testVRF(1, "red", []string{"65001:1"}, []string{"65001:1"})
	changes := setVRFs(tables, []VRF{red, testVRF(2, "blue", []string{"65001:1"}, nil)})
	if len(changes) != 1 || len(changes[0].Spread) != 2 || changes[0].VRF != "blue" {
		t.Errorf("changes %+v; want blue to spread over two", changes)
	}
}
