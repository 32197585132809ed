package fib

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/ovs/pipeline"
)

// recorder is a switch that only records.
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

func (f *Table) commitTo(t *testing.T, sw *recorder) {
	t.Helper()
	sw.commits = nil
	b, _ := f.Take()
	n, err := b.Commit(t.Context(), sw)
	if err != nil {
		t.Fatal(err)
	}
	f.Done(b, n)
}

func TestBatches(t *testing.T) {
	f, sw := New(), &recorder{}
	step := func(what string, want ...string) {
		t.Helper()
		f.commitTo(t, sw)
		if diff := cmp.Diff(want, sw.commits); diff != "" {
			t.Errorf("%s: commits %s", what, diff)
		}
		if f.Pending() {
			t.Errorf("%s: something is still pending", what)
		}
	}
	f.Set([]pipeline.Flow{testFlow(2, "b"), testFlow(1, "a")})
	step("new flows, by cookie", "add [a b] remove []")
	f.Set([]pipeline.Flow{testFlow(1, "a")})
	step("the same again")
	other := testFlow(1, "a")
	other.Actions = "output:1"
	f.Set([]pipeline.Flow{other})
	step("other actions replace", "add [a] remove []")
	f.Set([]pipeline.Flow{testFlow(1, "z")})
	step("another match: the old flow goes first, or it would stay", "add [] remove [a]", "add [z] remove []")
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 1), 1)
	step("removed", "add [] remove [z]")
	f.Set([]pipeline.Flow{testFlow(3, "c")})
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 3), 1)
	step("added and removed before the switch knew", "add [] remove [c]")
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 2), 1)
	f.Set([]pipeline.Flow{testFlow(2, "y")})
	step("removed and added with another match", "add [] remove [b]", "add [y] remove []")
}

// An audit compares all wanted flows once those pending are in the switch.
func TestAudit(t *testing.T) {
	f, sw := New(), &recorder{}
	f.Set([]pipeline.Flow{testFlow(1, "a")})
	f.commitTo(t, sw)
	f.Set([]pipeline.Flow{testFlow(2, "b")})
	f.unset(pipeline.NewCookie(pipeline.KindRoute, 0, 1), 1)
	var told int
	f.Audit(func(n int) { told = n })
	b, _ := f.Take()
	sw.commits = nil
	n, err := b.Commit(t.Context(), sw)
	if want := []string{"add [b] remove [a]", "all [b]"}; err != nil || n != 7 || !slices.Equal(sw.commits, want) {
		t.Errorf("%d, %v, commits %q; want %q", n, err, sw.commits, want)
	}
	if f.Done(b, n); told != n || f.Pending() {
		t.Errorf("reported %d of %d; pending: %t", told, n, f.Pending())
	}
	f.Set([]pipeline.Flow{testFlow(3, "c")})
	f.commitTo(t, sw)
	if want := []string{"add [c] remove []"}; !slices.Equal(sw.commits, want) {
		t.Errorf("the next commit audits, too: %q", sw.commits)
	}
}

func TestReplace(t *testing.T) {
	f, sw := New(), &recorder{}
	port := pipeline.Flow{Cookie: pipeline.NewCookie(pipeline.KindAccessPort, 0, 7), Match: "port"}
	kept := pipeline.Flow{Cookie: pipeline.NewCookie(pipeline.KindAccessPort, 1, 7), Match: "kept"}
	f.Set([]pipeline.Flow{port, kept, testFlow(1, "route")})
	f.commitTo(t, sw)
	f.Replace([]pipeline.Flow{kept}, pipeline.KindAccessPort, pipeline.KindVRF)
	f.commitTo(t, sw)
	if want := []string{"add [] remove [port]"}; !slices.Equal(sw.commits, want) {
		t.Errorf("commits %q; want %q", sw.commits, want)
	}
}

func TestCommitStopsAtAnError(t *testing.T) {
	f, sw := New(), &recorder{fail: errors.New("no room")}
	f.Set([]pipeline.Flow{testFlow(1, "a")})
	b, _ := f.Take()
	if _, err := b.Commit(t.Context(), sw); !errors.Is(err, sw.fail) {
		t.Errorf("error %v; want %v", err, sw.fail)
	}
}

// What leads to an object is added after it.
func TestOrder(t *testing.T) {
	f := New()
	key := Key{1, netip.MustParsePrefix("10.0.0.0/8")}
	f.SetRoute(key, pipeline.Forward{Adjacency: 1})
	f.Adjacency(NextHop{Port: 1, Addr: netip.MustParseAddr("10.0.0.1")}, testMAC(1), testMAC(2))
	f.SpreadRoute(key, []pipeline.Forward{{Adjacency: 1}, {Adjacency: 2}})
	var kinds []pipeline.Kind
	b, _ := f.Take()
	for _, flow := range b.add {
		kinds = append(kinds, flow.Cookie.Kind())
	}
	const adjacency, group = pipeline.KindAdjacency, pipeline.KindGroup
	if !slices.Equal(kinds, []pipeline.Kind{adjacency, adjacency, group, group, pipeline.KindRoute}) {
		t.Errorf("kinds %v; want adjacencies, then the group, then the route", kinds)
	}
}

func testMAC(n byte) net.HardwareAddr { return net.HardwareAddr{2, 0, 0, 0, 0, n} }

// Routes with the same paths share a group, which is removed with the last of them.
func TestGroups(t *testing.T) {
	f := New()
	one := Key{1, netip.MustParsePrefix("10.0.0.0/8")}
	two := Key{1, netip.MustParsePrefix("2001:db8::/32")}
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
	f.SpreadRoute(one, ways)
	f.SpreadRoute(two, slices.Clone(ways))
	check("two routes, the same ways", 2)
	f.SpreadRoute(one, slices.Clone(ways))
	check("again", 2)
	f.SpreadRoute(two, append(slices.Clone(ways), pipeline.Forward{Adjacency: 3}))
	check("another set of ways", 5)
	f.SetRoute(one, ways[0])
	check("one route goes one way", 3)
	f.UnsetRoute(two)
	check("the other is gone", 0)
	f.SetRoute(one, ways[1])
	f.UnsetRoute(one)
	check("nothing is left", 0)
	if len(f.flows) != 0 {
		t.Errorf("left: %v", f.flows)
	}
}

// Wherever a batch ends early, nothing in the switch leads to an adjacency that is not there:
// the next agent might give its number to another one.
func TestNothingLeadsNowhere(t *testing.T) {
	f, adjacency, _ := protected(t, 3)
	f.SetTransit(pipeline.Transit{Label: 77, LSP: f.adjacencies[adjacency]})
	f.SetLabel(pipeline.InLabel{Label: 78, Adjacency: f.adjacencies[adjacency]})
	f.Cut(map[uint32]bool{1: true, 2: true}, nil)
	all := slices.Collect(maps.Values(f.flows))
	f.add = maps.Clone(f.flows)
	b, _ := f.Take()
	f.Done(b, 0)
	if len(b.add) != len(all) || len(all) < 10 {
		t.Fatalf("%d of %d flows are added", len(b.add), len(all))
	}
	check := func(what string, there map[pipeline.Cookie]bool) {
		t.Helper()
		for c := range there {
			var to uint32
			switch c.Kind() {
			case pipeline.KindRoute, pipeline.KindTransit, pipeline.KindInLabel:
				to = f.leads[c.Object()][0]
			case pipeline.KindDiversion:
				to = uint32(c.ID())
			default:
				continue
			}
			if !there[pipeline.NewCookie(pipeline.KindAdjacency, 0, uint64(to))] {
				t.Fatalf("%s: %v leads to adjacency %d, which is not there", what, c, to)
			}
		}
	}
	there := map[pipeline.Cookie]bool{}
	for i, flow := range b.add {
		there[flow.Cookie] = true
		check(fmt.Sprintf("%d flows are added", i+1), there)
	}
	f.remove = maps.Clone(f.flows)
	b, _ = f.Take()
	for i, flow := range b.remove {
		delete(there, flow.Cookie)
		check(fmt.Sprintf("%d flows are removed", i+1), there)
	}
	if len(there) > 0 {
		t.Errorf("%v stay", there)
	}
}

// The numbers of what an earlier agent has left are not used again.
func TestStartAbove(t *testing.T) {
	for kind, next := range map[pipeline.Kind]func(*Table) uint64{
		pipeline.KindAdjacency: adjacencyNumber,
		pipeline.KindDiversion: adjacencyNumber,
		pipeline.KindRoute:     func(f *Table) uint64 { return f.nextRoute },
		pipeline.KindGroup:     func(f *Table) uint64 { return uint64(f.nextGroup) },
	} {
		f := New()
		f.StartAbove([]pipeline.Cookie{pipeline.NewCookie(kind, 0, 9), pipeline.NewCookie(kind, 0, 4)})
		if n := next(f); n < 9 {
			t.Errorf("kind %d: goes on above %d; want 9", kind, n)
		}
	}
}

// adjacencyNumber is the number of a new adjacency.
func adjacencyNumber(f *Table) uint64 {
	return uint64(f.Adjacency(NextHop{Port: 1, Addr: netip.MustParseAddr("192.0.2.1")}, testMAC(1), testMAC(2))) - 1
}
