package router

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/ovs/pipeline"
)

// recorder is a switch that only remembers.
type recorder struct {
	commits []string
	fail    error
}

func (r *recorder) Commit(_ context.Context, add, remove []pipeline.Flow) error {
	if len(add)+len(remove) > 0 {
		r.commits = append(r.commits, fmt.Sprintf("add %v remove %v", matches(add), matches(remove)))
	}
	return r.fail
}

func (r *recorder) Correct(_ context.Context, flows []pipeline.Flow) (int, error) {
	r.commits = append(r.commits, fmt.Sprintf("all %v", matches(flows)))
	return 7, r.fail
}

func matches(flows []pipeline.Flow) []string {
	var out []string
	for _, f := range flows {
		out = append(out, f.Match)
	}
	return out
}

func testFlow(id uint64, match string) pipeline.Flow {
	return pipeline.Flow{Cookie: pipeline.NewCookie(pipeline.KindRoute, 0, id), Match: match, Actions: "drop"}
}

func (f *fib) commitTo(t *testing.T, sw *recorder) {
	t.Helper()
	sw.commits = nil
	if _, err := f.take().commit(t.Context(), sw); err != nil {
		t.Fatal(err)
	}
}

func TestFIBBatches(t *testing.T) {
	f, sw := newFIB(), &recorder{}
	step := func(what string, want ...string) {
		t.Helper()
		f.commitTo(t, sw)
		if diff := cmp.Diff(want, sw.commits); diff != "" {
			t.Errorf("%s: commits %s", what, diff)
		}
		if f.pending() {
			t.Errorf("%s: something is still pending", what)
		}
	}
	f.set([]pipeline.Flow{testFlow(2, "b"), testFlow(1, "a")})
	step("new flows, by cookie", "add [a b] remove []")
	f.set([]pipeline.Flow{testFlow(1, "a")})
	step("the same again")
	other := testFlow(1, "a")
	other.Actions = "output:1"
	f.set([]pipeline.Flow{other})
	step("other actions replace", "add [a] remove []")
	f.set([]pipeline.Flow{testFlow(1, "z")})
	step("another match: the old flow goes first, or it would stay", "add [] remove [a]", "add [z] remove []")
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 1), 1)
	step("removed", "add [] remove [z]")
	f.set([]pipeline.Flow{testFlow(3, "c")})
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 3), 1)
	step("added and removed before the switch knew", "add [] remove [c]")
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 2), 1)
	f.set([]pipeline.Flow{testFlow(2, "y")})
	step("removed and added with another match", "add [] remove [b]", "add [y] remove []")
}

// An audit compares all that is wanted, once what is pending is in the switch.
func TestFIBAudit(t *testing.T) {
	f, sw := newFIB(), &recorder{}
	f.set([]pipeline.Flow{testFlow(1, "a")})
	f.commitTo(t, sw)
	f.set([]pipeline.Flow{testFlow(2, "b")})
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 1), 1)
	var told int
	f.audit(func(n int) { told = n })
	b := f.take()
	sw.commits = nil
	n, err := b.commit(t.Context(), sw)
	if want := []string{"add [b] remove [a]", "all [b]"}; err != nil || n != 7 || !slices.Equal(sw.commits, want) {
		t.Errorf("%d, %v, commits %q; want %q", n, err, sw.commits, want)
	}
	if b.audits[0](n); told != n || f.pending() {
		t.Errorf("told %d of %d; pending: %t", told, n, f.pending())
	}
	f.set([]pipeline.Flow{testFlow(3, "c")})
	f.commitTo(t, sw)
	if want := []string{"add [c] remove []"}; !slices.Equal(sw.commits, want) {
		t.Errorf("the next commit audits, too: %q", sw.commits)
	}
}

func TestFIBKeepOnly(t *testing.T) {
	f, sw := newFIB(), &recorder{}
	port := pipeline.Flow{Cookie: pipeline.NewCookie(pipeline.KindAccessPort, 0, 7), Match: "port"}
	kept := pipeline.Flow{Cookie: pipeline.NewCookie(pipeline.KindAccessPort, 1, 7), Match: "kept"}
	f.set([]pipeline.Flow{port, kept, testFlow(1, "route")})
	f.commitTo(t, sw)
	f.keepOnly(map[pipeline.Cookie]bool{kept.Cookie: true}, pipeline.KindAccessPort, pipeline.KindVRF)
	f.commitTo(t, sw)
	if want := []string{"add [] remove [port]"}; !slices.Equal(sw.commits, want) {
		t.Errorf("commits %q; want %q", sw.commits, want)
	}
}

func TestFIBCommitStopsAtAnError(t *testing.T) {
	f, sw := newFIB(), &recorder{fail: errors.New("no room")}
	f.set([]pipeline.Flow{testFlow(1, "a")})
	if _, err := f.take().commit(t.Context(), sw); !errors.Is(err, sw.fail) {
		t.Errorf("error %v; want %v", err, sw.fail)
	}
}

// What leads to something comes after it.
func TestFIBOrder(t *testing.T) {
	f := newFIB()
	key := routeKey{1, netip.MustParsePrefix("10.0.0.0/8")}
	f.setRoute(key, pipeline.Forward{Adjacency: 1})
	f.adjacency(adjacencyKey{port: 1, addr: netip.MustParseAddr("10.0.0.1")}, testMAC(1), testMAC(2))
	f.spreadRoute(key, []pipeline.Forward{{Adjacency: 1}, {Adjacency: 2}})
	var kinds []pipeline.Kind
	for _, flow := range f.take().add {
		kinds = append(kinds, flow.Cookie.Kind())
	}
	if !slices.IsSortedFunc(kinds, func(a, b pipeline.Kind) int { return int(b) - int(a) }) || kinds[len(kinds)-1] != pipeline.KindRoute {
		t.Errorf("kinds %v; want groups and adjacencies before the route", kinds)
	}
}

func testMAC(n byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, n} }

// Routes that go the same ways share a group; it goes with the last of them.
func TestFIBGroups(t *testing.T) {
	f := newFIB()
	one := routeKey{1, netip.MustParsePrefix("10.0.0.0/8")}
	two := routeKey{1, netip.MustParsePrefix("2001:db8::/32")}
	ways := []pipeline.Forward{{Adjacency: 1, Label: 16}, {Adjacency: 2, Label: 17}}
	groups := func() int {
		n := 0
		for c := range f.flows {
			if c.Kind() == pipeline.KindGroup {
				n++
			}
		}
		return n
	}
	check := func(what string, want int) {
		t.Helper()
		if got := groups(); got != want {
			t.Errorf("%s: %d flows of groups; want %d", what, got, want)
		}
	}
	f.spreadRoute(one, ways)
	f.spreadRoute(two, slices.Clone(ways))
	check("two routes, the same ways", 2)
	f.spreadRoute(one, slices.Clone(ways))
	check("again", 2)
	f.spreadRoute(two, append(slices.Clone(ways), pipeline.Forward{Adjacency: 3}))
	check("another set of ways", 5)
	f.setRoute(one, ways[0])
	check("one route goes one way", 3)
	f.unsetRoute(two)
	check("the other is gone", 0)
	f.setRoute(one, ways[1])
	f.unsetRoute(one)
	check("nothing is left", 0)
	if len(f.flows) != 0 {
		t.Errorf("left: %v", f.flows)
	}
}
