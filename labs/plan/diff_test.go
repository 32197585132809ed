package plan

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
)

func words(changes []Change) (lines []string) {
	for _, c := range changes {
		lines = append(lines, c.String())
	}
	return lines
}

func planWith(hosts ...Host) *Plan {
	return &Plan{Format: format, Lab: "a", Routers: []Router{{Name: "h1"}}, Hosts: hosts}
}

func TestDiff(t *testing.T) {
	before := planWith(Host{Name: "h1"}, Host{Name: "h2", Image: "old"}, Host{Name: "h3"})
	now := planWith(Host{Name: "h4"}, Host{Name: "h1"}, Host{Name: "h2", Image: "new"})
	now.Routers = nil
	want := []string{"added host h4", "changed host h2", "removed router h1", "removed host h3"}
	if got := words(Diff(before, now)); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Diff(before, before); len(got) > 0 {
		t.Errorf("of a plan with itself: %v", got)
	}
	text, err := json.Marshal(Diff(before, now)[:1])
	if want := `[{"change":"added","kind":"host","node":"h4"}]`; err != nil || string(text) != want {
		t.Errorf("%s, %v; want %s", text, err, want)
	}
}

// An interrupted change may have done anything that it was going to do.
func TestLeftovers(t *testing.T) {
	cut := planWith(Host{Name: "h1"}, Host{Name: "h2", Image: "new"}, Host{Name: "h3"})
	now := planWith(Host{Name: "h1"}, Host{Name: "h2"}, Host{Name: "h4"})
	if got, want := words(Leftovers(cut, now)), []string{"changed host h2", "removed host h3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A plan stored by an earlier version still yields its numbers and nodes: a running
// lab keeps them, and its hosts have not changed.
func TestEarlierFormat(t *testing.T) {
	top := parsed(t, redAndBlue, "", "")
	now := plan(t, top, Allocations{})
	numbers, err := json.Marshal(now.Allocations)
	if err != nil {
		t.Fatal(err)
	}
	const stored = `{"lab": "t", "routers": [{"name": "pe1"}], "allocations": %s,
"hosts": [{"name": "fixed", "host": {"Name": "fixed"}, "network": {"Interfaces": [{"Name": "eth0", "MAC": "FsmjECjF"}]}}, {"name": "gone"}]}`
	var before Plan
	if err := json.Unmarshal(fmt.Appendf(nil, stored, numbers), &before); err != nil {
		t.Fatal(err)
	}
	if !sameJSON(before.Allocations, now.Allocations) {
		t.Errorf("allocations %+v, want %+v", before.Allocations, now.Allocations)
	}
	if got, want := words(Diff(&before, now)), []string{"removed host gone"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
