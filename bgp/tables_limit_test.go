package bgp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
)

func limited(limit vpn.RouteLimit) VRF {
	v := testVRF(1, "red", []string{"65001:1"}, []string{"65001:1"})
	v.Limit = limit
	return v
}

func nth(i int) Route { return received(1, "65001:9", fmt.Sprintf("10.%d.0.0/16", i), "65001:1") }

// held lists the second octets of the prefixes with a best path, as in "1 2 3 | 4", those
// that are refused after the bar.
func held(t *testing.T, tables *Tables) string {
	t.Helper()
	var in, out []string
	for _, e := range tables.Routes("red") {
		n := fmt.Sprint(e.Route.Prefix.Addr().As4()[1])
		switch {
		case e.Best:
			in = append(in, n)
		case e.Reason == reasonFull:
			out = append(out, n)
		}
	}
	if u := tables.Usage("red"); u.Held != len(in) || u.Refused != len(out) {
		t.Errorf("usage %+v with %v and %v refused", u, in, out)
	}
	return strings.Join(in, " ") + " | " + strings.Join(out, " ")
}

func TestMaximumRoutes(t *testing.T) {
	tables := NewTables([]VRF{limited(vpn.RouteLimit{Max: 3})})
	tables.SetNextHop(hopA, true, 0)
	want := func(what, want string) {
		t.Helper()
		if got := held(t, tables); got != want {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	for _, i := range []int{5, 4, 3, 2, 1} {
		changes := tables.Update(nth(i))
		if (len(changes) > 0) != (i > 2) {
			t.Errorf("route %d changes %v", i, changes)
		}
	}
	want("those that came first", "3 4 5 | 1 2")
	static := LocalRoute{Prefix: netip.MustParsePrefix("10.9.0.0/16"), Source: Static, NextHop: netip.MustParseAddr("10.200.0.1"), Label: 1001}
	tables.SetLocal("red", static)
	want("its own is never refused", "3 4 5 9 | 1 2")
	tables.Withdraw(nth(4).Key())
	want("no room yet", "3 5 9 | 1 2")
	changes := tables.Withdraw(nth(3).Key())
	want("the first that was refused", "2 5 9 | 1")
	if len(changes) != 2 || changes[0].Prefix != nth(2).Prefix || changes[0].New == nil || changes[1].New != nil {
		t.Errorf("healing changes %+v", changes)
	}
	tables.RemoveLocal("red", static)
	want("room of its own route", "1 2 5 | ")
	tables.SetNextHop(hopA, false, 0)
	want("none usable", " | ")
	tables.SetNextHop(hopA, true, 0)
	want("usable again", "1 2 5 | ")
	for i := 10; i < 13; i++ {
		tables.Update(nth(i))
	}
	want("more", "1 2 5 | 10 11 12")
	tables.SetVRFs([]VRF{limited(vpn.RouteLimit{Max: 5})})
	want("edited to more", "1 2 5 10 11 | 12")
	tables.SetVRFs([]VRF{limited(vpn.RouteLimit{Max: 2})})
	want("edited to fewer", "1 2 | 5 10 11 12")
	tables.SetVRFs([]VRF{limited(vpn.RouteLimit{Max: 4})})
	want("and to more", "1 2 5 10 | 11 12")
	other := limited(vpn.RouteLimit{Max: 4})
	other.Import = append(other.Import, mustRT("65001:77"))
	tables.SetVRFs([]VRF{other})
	want("made anew", "1 2 5 10 | 11 12")
	tables.SetVRFs([]VRF{limited(vpn.RouteLimit{Max: 4, WarningOnly: true})})
	want("warning only", "1 2 5 10 11 12 | ")
	tables.SetVRFs([]VRF{limited(vpn.RouteLimit{})})
	want("no limit", "1 2 5 10 11 12 | ")
}

// A peer that announces and withdraws what is refused does not fill the queue.
func TestRefusedRoutesThatFlap(t *testing.T) {
	tables := NewTables([]VRF{limited(vpn.RouteLimit{Max: 1})})
	tables.SetNextHop(hopA, true, 0)
	for i := range 10_000 {
		tables.Update(nth(i % 100))
		tables.Withdraw(nth((i + 50) % 100).Key())
	}
	if n := len(tables.vrfs["red"].waiting); n > 200 {
		t.Errorf("%d wait", n)
	}
}

// Whatever happens, no room is left unused, and the limit holds.
func TestMaximumRoutesAtRandom(t *testing.T) {
	tables := NewTables([]VRF{limited(vpn.RouteLimit{Max: 10})})
	tables.SetNextHop(hopA, true, 0)
	there := map[int]bool{}
	best := map[netip.Prefix]bool{}
	follow := func(changes []Change) {
		for _, c := range changes {
			if best[c.Prefix] == (c.New != nil) && c.Old == nil {
				t.Fatalf("change %+v of what is there: %t", c, best[c.Prefix])
			}
			best[c.Prefix] = c.New != nil
		}
	}
	seed := uint64(1)
	for range 5000 {
		seed = seed*6364136223846793005 + 1442695040888963407
		i := int(seed>>33) % 30
		if there[i] {
			follow(tables.Withdraw(nth(i).Key()))
		} else {
			follow(tables.Update(nth(i)))
		}
		there[i] = !there[i]
		n := 0
		for _, yes := range there {
			if yes {
				n++
			}
		}
		u := tables.Usage("red")
		if u.Held != min(n, 10) || u.Refused != n-u.Held {
			t.Fatalf("%d routes: %+v", n, u)
		}
		if got := len(slices.Collect(func(yield func(netip.Prefix) bool) {
			for p, yes := range best {
				if yes && !yield(p) {
					return
				}
			}
		})); got != u.Held {
			t.Fatalf("by the changes %d are there, %+v", got, u)
		}
	}
}

func TestNearTheLimit(t *testing.T) {
	for _, tt := range []struct {
		limit vpn.RouteLimit
		n     int
		near  bool
	}{
		{vpn.RouteLimit{}, 1000, false}, {vpn.RouteLimit{Max: 10}, 7, false}, {vpn.RouteLimit{Max: 10}, 8, true},
		{vpn.RouteLimit{Max: 10, Threshold: 50}, 5, true}, {vpn.RouteLimit{Max: 10, Threshold: 100}, 9, false},
	} {
		if got := tt.limit.Near(tt.n); got != tt.near {
			t.Errorf("%d of %+v: near %t", tt.n, tt.limit, got)
		}
	}
}
