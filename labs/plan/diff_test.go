package plan

import (
	"slices"
	"testing"

	"pseudowan/topology"
)

// A change that was cut short has left what it was about to do, but for what is
// told already.
func TestLeftovers(t *testing.T) {
	plan := func(hosts ...Host) *Plan { return &Plan{Lab: "a", Hosts: hosts} }
	host := func(name, image string) Host {
		return Host{Name: name, Host: topology.Host{Image: image}}
	}
	cut := plan(host("h1", ""), host("h2", "new"), host("h3", ""))
	now := plan(host("h1", ""), host("h2", ""), host("h4", ""))
	if got, want := Leftovers(cut, now, nil), []string{"changed host h2", "removed host h3"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := Leftovers(cut, now, []string{"changed host h2", "removed host h3"}); len(got) > 0 {
		t.Errorf("told twice: %q", got)
	}
}
