package lab

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
)

// Routes and neighbours are told of, one by one while they are few, and counted when they
// are thousands.
func TestRealEventsOfRoutes(t *testing.T) {
	t.Parallel()
	l := fromText(t, t.TempDir(), "pwt-news", strings.ReplaceAll(changeable, "NAME", "pwt-news"))
	l.up(t)
	up := time.Now()
	must(t, "host", "add", "h9", "to=pe1", "vrf=red", "addresses=10.9.0.2/24", "--lab", l.name)
	must(t, "route", "add", "red", "172.16.0.0/16", "10.9.0.2", "--lab", l.name)
	eventually(t, patience(10*time.Second), func() error { return tells(t, l, "pe2", "route VRF red has 172.16.0.0/16 via 192.168.0.1 (bgp)") })
	must(t, "route", "del", "red", "172.16.0.0/16", "--lab", l.name)
	eventually(t, patience(10*time.Second), func() error { return tells(t, l, "pe2", "route VRF red has no route to 172.16.0.0/16") })
	for _, line := range []string{"route VRF red has 10.9.0.0/24 via 0.0.0.0 (connected)", "adjacency neighbour 10.9.0.2 on ", "adjacency next hop 192.168.0.2 is reachable"} {
		if err := tells(t, l, "pe1", line); err != nil {
			t.Error(err)
		}
	}
	for _, e := range eventsOf(t, l) {
		if e.Node == "pe2" && e.Time.After(up) && strings.Contains(e.Text, " 10.2.0.") {
			t.Errorf("a route that does not change is told of: %s", e.Text)
		}
	}
	before := len(eventsOf(t, l))
	must(t, "inject", l.name, "--router", "pe1", "--vrf", "red", "--count", "5000", "--keep")
	eventually(t, patience(10*time.Second), func() error { return tells(t, l, "pe2", "route routes in VRF red: ") })
	if n := len(eventsOf(t, l)) - before; n > 400 {
		t.Errorf("5,000 routes have made %d events", n)
	}
}

// eventsOf lists what has happened in a lab.
func eventsOf(t *testing.T, l lab) (all []status.Event) {
	t.Helper()
	for line := range strings.Lines(must(t, "events", "--lab", l.name, "-o", "json")) {
		var e status.Event
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		all = append(all, e)
	}
	return all
}

// tells reports why no event of a node begins with a kind and words.
func tells(t *testing.T, l lab, node, words string) error {
	t.Helper()
	var said []string
	for _, e := range eventsOf(t, l) {
		line := string(e.Kind) + " " + e.Text
		if e.Node == node && strings.HasPrefix(line, words) {
			return nil
		}
		said = append(said, e.Node+" "+line)
	}
	return fmt.Errorf("no event of %s: %s in\n%s", node, words, strings.Join(said, "\n"))
}
