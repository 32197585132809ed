package bgp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"pseudowan/bgp/vpn"
)

func nextHopKey(vrf string, n byte) vpn.LabelKey {
	return vpn.LabelKey{VRF: vrf, Kind: vpn.LabelNextHop, Family: vpn.VPNv4, NextHop: netip.AddrFrom4([4]byte{10, 0, 0, n})}
}

func connectedKey(vrf string) vpn.LabelKey {
	return vpn.LabelKey{VRF: vrf, Kind: vpn.LabelConnected, Family: vpn.VPNv4}
}

func testPrefix(n byte) netip.Prefix {
	return netip.PrefixFrom(netip.AddrFrom4([4]byte{10, 1, n, 0}), 24)
}

func TestLabelsFromTheEnd(t *testing.T) {
	l, err := NewLabels(vpn.LabelRange{First: 1000, Last: 1003}, map[vpn.LabelKey]vpn.Label{connectedKey("red"): 1001})
	if err != nil {
		t.Fatal(err)
	}
	acquire := func(k vpn.LabelKey, p netip.Prefix, want vpn.Label) {
		t.Helper()
		if got, err := l.Acquire(k, p); err != nil || got != want {
			t.Errorf("%s: label %d (%v), want %d", k, got, err, want)
		}
	}
	acquire(nextHopKey("red", 1), testPrefix(1), 1003)
	acquire(nextHopKey("red", 1), testPrefix(2), 1003)
	acquire(nextHopKey("red", 1), testPrefix(2), 1003)
	acquire(nextHopKey("red", 2), testPrefix(3), 1002)
	acquire(connectedKey("red"), testPrefix(4), 1001)
	acquire(connectedKey("blue"), testPrefix(4), 1000)
	_, err = l.Acquire(nextHopKey("green", 9), testPrefix(5))
	if !errors.Is(err, errNoLabel) || !strings.Contains(err.Error(), "VRF green") || !strings.Contains(err.Error(), "1000-1003") {
		t.Errorf("exhausted: %v", err)
	}
	l.Release(nextHopKey("red", 1), testPrefix(1))
	l.Release(nextHopKey("red", 1), testPrefix(1))
	if label, ok := l.Lookup(nextHopKey("red", 1)); !ok || label != 1003 {
		t.Errorf("the label was released with the first of two routes: %d, %t", label, ok)
	}
	l.Release(nextHopKey("red", 1), testPrefix(2))
	acquire(nextHopKey("green", 9), testPrefix(5), 1003)
	l.Release(connectedKey("red"), testPrefix(4))
	if label, err := l.Acquire(nextHopKey("green", 8), testPrefix(5)); err == nil {
		t.Errorf("the reserved label was allocated: %d", label)
	}
	acquire(connectedKey("red"), testPrefix(4), 1001)
}

func TestLabelReservations(t *testing.T) {
	all := vpn.LabelRange{First: 100, Last: 109}
	if _, err := NewLabels(all, map[vpn.LabelKey]vpn.Label{connectedKey("red"): 110}); err == nil || !strings.Contains(err.Error(), "100-109") {
		t.Errorf("outside the range: %v", err)
	}
	twice := map[vpn.LabelKey]vpn.Label{connectedKey("red"): 100, connectedKey("blue"): 100}
	if _, err := NewLabels(all, twice); err == nil || !strings.Contains(err.Error(), "red") || !strings.Contains(err.Error(), "blue") {
		t.Errorf("one label for two: %v", err)
	}
	l, err := NewLabels(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := l.Acquire(connectedKey("red"), testPrefix(1)); err != nil || got != 109 {
		t.Fatal(got, err)
	}
	if err := l.Reserve(map[vpn.LabelKey]vpn.Label{connectedKey("blue"): 109}); err == nil {
		t.Error("a label in use was reserved for another key")
	}
	if err := l.Reserve(map[vpn.LabelKey]vpn.Label{connectedKey("red"): 105}); err != nil {
		t.Error(err)
	}
	if got, _ := l.Acquire(connectedKey("red"), testPrefix(2)); got != 109 {
		t.Errorf("a reservation moved a label in use to %d", got)
	}
	l.Release(connectedKey("red"), testPrefix(1))
	l.Release(connectedKey("red"), testPrefix(2))
	if got, _ := l.Acquire(connectedKey("red"), testPrefix(1)); got != 105 {
		t.Errorf("label %d, want the reserved 105", got)
	}
}

// TestLabelsAgainstModel compares random use with a simple model: a label belongs
// to one key, and a new one is the highest that was never used, or the one that
// was released first.
func TestLabelsAgainstModel(t *testing.T) {
	all := vpn.LabelRange{First: 16, Last: 16 + 150}
	rnd := rand.New(rand.NewPCG(1, 2))
	l, err := NewLabels(all, nil)
	if err != nil {
		t.Fatal(err)
	}
	users := make(map[vpn.LabelKey]map[netip.Prefix]bool)
	labels := make(map[vpn.LabelKey]vpn.Label)
	var retired []vpn.Label
	next := all.Last
	for range 20_000 {
		key := nextHopKey(fmt.Sprint("v", rnd.IntN(3)), byte(rnd.IntN(70)))
		prefix := testPrefix(byte(rnd.IntN(2)))
		if rnd.IntN(2) == 0 {
			l.Release(key, prefix)
			delete(users[key], prefix)
			if label, has := labels[key]; has && len(users[key]) == 0 {
				delete(users, key)
				delete(labels, key)
				retired = append(retired, label)
			}
			continue
		}
		want, has := labels[key]
		switch {
		case has:
		case next >= all.First:
			want, next = next, next-1
		case len(retired) > 0:
			want, retired = retired[0], retired[1:]
		}
		got, err := l.Acquire(key, prefix)
		if want == 0 {
			if !errors.Is(err, errNoLabel) {
				t.Fatalf("%s: %d, %v, want an exhausted range", key, got, err)
			}
			continue
		}
		if err != nil || got != want {
			t.Fatalf("%s: %d, %v, want %d", key, got, err, want)
		}
		if users[key] == nil {
			users[key] = make(map[netip.Prefix]bool)
		}
		users[key][prefix], labels[key] = true, got
	}
	if got := len(l.Bindings()); got != len(labels) {
		t.Errorf("%d bindings, want %d", got, len(labels))
	}
}

// Labels from before a restart return to their keys, in any order of requests.
func TestLabelsPrefer(t *testing.T) {
	key := func(vrf string) vpn.LabelKey { return vpn.LabelKey{VRF: vrf, Kind: vpn.LabelVRF, Family: vpn.VPNv4} }
	prefix := netip.MustParsePrefix("10.0.0.0/8")
	l, err := NewLabels(vpn.LabelRange{First: 100, Last: 103}, map[vpn.LabelKey]vpn.Label{key("planned"): 100})
	if err != nil {
		t.Fatal(err)
	}
	l.Prefer(map[vpn.LabelKey]vpn.Label{key("a"): 103, key("b"): 102, key("planned"): 101, key("outside"): 999})
	get := func(vrf string, want vpn.Label) {
		t.Helper()
		if got, err := l.Acquire(key(vrf), prefix); err != nil || got != want {
			t.Errorf("%s gets %d, %v; want %d", vrf, got, err, want)
		}
	}
	get("new", 101)
	get("a", 103)
	get("planned", 100)
	if err := l.Reserve(map[vpn.LabelKey]vpn.Label{key("planned"): 100}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Acquire(key("full"), prefix); err == nil {
		t.Error("another key got the label preferred for b")
	}
	l.Prefer(nil)
	get("c", 102) // b has not come back
}
