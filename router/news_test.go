package router

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/status"
)

// Few things are told one by one, many are counted, and what is told in a second is
// bounded whatever happens.
func TestNews(t *testing.T) {
	var told []string
	n := news{tell: func(kind status.EventKind, text string) { told = append(told, fmt.Sprintf("%s: %s", kind, text)) }}
	now := time.Unix(1000, 0)
	red, blue := about{status.EventRoute, "in VRF red"}, about{status.EventRoute, "in VRF blue"}
	turn := func(a about, count int, came bool) {
		room := n.room(now, count)
		for i := range count {
			n.line(room, a, came, fmt.Sprintf("%s %d", a.where, i))
		}
	}
	turn(red, 2, true)
	turn(red, 100000, true)
	turn(red, 400, false)
	turn(blue, 1, true)
	n.flush(now.Add(newsEvery / 2))
	want := []string{"route: in VRF red 0", "route: in VRF red 1", "route: in VRF blue 0"}
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("at once: %s", diff)
	}
	turn(blue, 20, false)
	now = now.Add(newsEvery)
	n.flush(now)
	want = append(want, "route: routes in VRF blue: 0 came or changed, 20 went", "route: routes in VRF red: 100000 came or changed, 400 went")
	if diff := cmp.Diff(want, told); diff != "" {
		t.Errorf("a second later: %s", diff)
	}
	n.flush(now.Add(newsEvery))
	turn(red, 20, true)
	if len(told) != len(want)+20 {
		t.Errorf("in the next second, %d lines", len(told)-len(want))
	}
	for i := range 300 {
		turn(about{status.EventAdjacency, fmt.Sprint("in VRF ", i)}, 10, true)
	}
	told = nil
	now = now.Add(newsEvery)
	n.flush(now)
	if diff := cmp.Diff([]string{"adjacency: neighbours in 300 places: 3000 came or changed, 0 went"}, told); diff != "" {
		t.Error(diff)
	}
}
