package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/vpn"
	"pseudowan/topology"
)

const redAndBlue = `
name: t
routers: {pe1: {as: 65000%s}}
vrfs: {red: {rts: "1:1"}, blue: {rts: "1:2"}}
hosts:
  fixed: {to: pe1, vrf: green, rd: "1:9", addresses: [10.9.0.2/24]}
%s`

func parsed(t *testing.T, format string, args ...any) *topology.Topology {
	t.Helper()
	top, err := topology.Parse("lab.yaml", fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// A VRF added after another was removed gets none of its numbers: a router that has
// not heard of the withdrawal would send into the wrong VPN.
func TestNumbersRetire(t *testing.T) {
	blue := "  blue1: {to: pe1, vrf: blue, addresses: [10.71.0.2/24], lans: [10.72.0.1/24]}"
	red := "  red1: {to: pe1, vrf: red, addresses: [10.71.0.2/24], lans: [10.72.0.1/24]}"
	seen := map[string]string{} // the first owner by number
	note := func(p *Plan) {
		r := p.Allocations.Routers["pe1"]
		for kind, given := range map[string]map[string]uint32{"port": r.Ports, "VRF": r.VRFs, "label": asNumbers(r.Labels)} {
			for name, number := range given {
				id := fmt.Sprint(kind, " ", number)
				if before, had := seen[id]; had && before != name {
					t.Errorf("%s of %s passes to %s", id, before, name)
				}
				seen[id] = name
			}
		}
	}
	with := plan(t, parsed(t, redAndBlue, "", blue), Allocations{})
	note(with)
	without := plan(t, parsed(t, redAndBlue, "", ""), with.Allocations)
	note(without)
	// As read from disk.
	var kept Allocations
	data, err := json.Marshal(without.Allocations)
	if err == nil {
		err = json.Unmarshal(data, &kept)
	}
	if err != nil {
		t.Fatal(err)
	}
	note(plan(t, parsed(t, redAndBlue, "", red), kept))
	// The router is removed and added again.
	clear(seen)
	note(with)
	elsewhere := func(text string) string { return strings.ReplaceAll(text, "pe1", "pe2") }
	gone := plan(t, parsed(t, elsewhere(redAndBlue), "", elsewhere(blue)), with.Allocations)
	note(plan(t, parsed(t, redAndBlue, "", red), gone.Allocations))
}

func asNumbers(labels map[vpn.LabelKey]vpn.Label) map[string]uint32 {
	out := map[string]uint32{}
	for key, l := range labels {
		out[key.String()] = uint32(l)
	}
	return out
}

func connected(vrf string) vpn.LabelKey {
	return vpn.LabelKey{VRF: vrf, Kind: vpn.LabelConnected, Family: vpn.VPNv4}
}

// If a small range leaves nothing else, the number retired first is assigned again.
func TestTheOldestRetiredNumberComesBack(t *testing.T) {
	labels := ", labels: 1000-1005"
	one := func(vrf string) *topology.Topology {
		return parsed(t, redAndBlue, labels, fmt.Sprintf("  h: {to: pe1, vrf: %s, addresses: [10.1.0.2/24], lans: [10.2.0.1/24]}", vrf))
	}
	var last Allocations
	var history [][]uint32
	for i, vrf := range []string{"red", "blue", "red", "blue", "red"} {
		p := plan(t, one(vrf), last)
		last = p.Allocations
		numbers := slices.Sorted(maps.Values(asNumbers(last.Routers["pe1"].Labels)))
		if i > 0 && slices.ContainsFunc(numbers[1:], func(n uint32) bool { return slices.Contains(history[i-1][1:], n) }) {
			t.Errorf("step %d: labels %v after %v", i, numbers, history[i-1])
		}
		history = append(history, numbers)
	}
	if got, want := fmt.Sprint(history), "[[1000 1001 1002] [1000 1003 1004] [1000 1001 1005] [1000 1002 1003] [1000 1004 1005]]"; got != want {
		t.Errorf("labels %s; want %s", got, want)
	}
}

// If what an edit adds needs the numbers of what it removes, it gets them: an edited
// lab comes up if a fresh one does.
func TestNumbersGoRoundInOneEdit(t *testing.T) {
	labels := ", labels: 1000-1002"
	one := func(vrf string) *topology.Topology {
		return parsed(t, redAndBlue, labels, fmt.Sprintf("  h: {to: pe1, vrf: %s, addresses: [10.1.0.2/24], lans: [10.2.0.1/24]}", vrf))
	}
	red := plan(t, one("red"), Allocations{})
	blue := plan(t, one("blue"), red.Allocations)
	got := slices.Sorted(maps.Values(asNumbers(blue.Allocations.Routers["pe1"].Labels)))
	if want := []uint32{1000, 1001, 1002}; !slices.Equal(got, want) {
		t.Errorf("labels %v; want %v", got, want)
	}
	if kept := blue.Allocations.Routers["pe1"].Labels[connected("green")]; kept != 1000 {
		t.Errorf("the label of an unchanged host moved to %d", kept)
	}
}

// Numbers that an interrupted command assigned are not reused either.
func TestNumbersOfACutChangeAreNotReused(t *testing.T) {
	red := "  red1: {to: pe1, vrf: red, addresses: [10.71.0.2/24]}"
	blue := "  blue1: {to: pe1, vrf: blue, addresses: [10.71.0.2/24]}"
	applied := plan(t, parsed(t, redAndBlue, "", ""), Allocations{})
	cut := plan(t, parsed(t, redAndBlue, "", blue), applied.Allocations)
	next := plan(t, parsed(t, redAndBlue, "", red), applied.Allocations.After([]Plan{*cut}))
	before, now := cut.Allocations.Routers["pe1"], next.Allocations.Routers["pe1"]
	if got := now.VRFs["red"]; got == before.VRFs["blue"] {
		t.Errorf("red has the number %d of blue", got)
	}
	if got := now.Ports["red1:eth0"]; got == before.Ports["blue1:eth0"] {
		t.Errorf("red1 has the port %d of blue1", got)
	}
	if got := now.Labels[connected("red")]; got == before.Labels[connected("blue")] {
		t.Errorf("red has the label %d of blue", got)
	}
	again := plan(t, parsed(t, redAndBlue, "", blue), applied.Allocations.After([]Plan{*cut}))
	if diff := cmp.Diff(cut.Allocations, again.Allocations); diff != "" {
		t.Errorf("the same change, repeated, gives other numbers:\n%s", diff)
	}
}
