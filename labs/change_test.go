package labs

import (
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/labs/plan"
	"pseudowan/router"
	"pseudowan/topology"
)

// planned returns the plan of a lab with hosts.
func planned(t *testing.T, edited bool, before *plan.Plan, hosts ...string) *plan.Plan {
	t.Helper()
	text := "name: t\nruntime: netns\nrouters: {pe1: {as: 65000}, pe2: {as: 65000}}\nlinks: [{ends: [pe1:eth1, pe2:eth1], subnets: [192.168.0.0/30]}]\nvrfs: {red: {rts: '1:1', on: [pe1, pe2]}, green: {rts: '1:2', on: [pe1, pe2]}, blue: {rts: '1:3', on: [pe1, pe2]}}\nhosts:\n"
	for _, h := range hosts {
		text += "  " + h + "\n"
	}
	top, err := topology.Parse("t.yaml", []byte(text), topology.Runtime{Name: "netns"})
	if err != nil {
		t.Fatal(err)
	}
	var kept plan.Allocations
	if before != nil {
		kept = before.Allocations
	}
	p, err := plan.New(top, kept, "netns")
	if err != nil {
		t.Fatal(err)
	}
	p.Edited = edited
	return p
}

const (
	h1 = "h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}"
	h2 = "h2: {to: pe2, vrf: green, addresses: 10.2.0.2/24}"
	h9 = "h9: {to: pe1, vrf: blue, addresses: 10.9.0.2/24}"
)

// What was interrupted is settled where it was going on, hosts included that only it has;
// everything is if that was more than a change of a running lab.
func TestScopeOfCut(t *testing.T) {
	before := planned(t, false, nil, h1, h2)
	added := planned(t, true, before, h1, h2, h9)
	removed := planned(t, true, before, h1)
	upped := planned(t, false, before, h1, h2, h9)
	other := planned(t, true, before, h1, h2, h9)
	other.Format--
	moved := planned(t, true, before, h1, h2)
	moved.Wires[0].A.MAC = "02:00:00:00:00:77"
	for _, c := range []struct {
		name           string
		cut            []plan.Plan
		now            *plan.Plan
		routers, hosts []string // nil: everything
	}{
		{"a host was added", []plan.Plan{*added}, before, []string{"pe1", "pe2"}, []string{"h9"}},
		{"a host was removed", []plan.Plan{*removed}, before, []string{"pe1", "pe2"}, []string{"h2"}},
		{"two changes", []plan.Plan{*added, *removed}, before, []string{"pe1", "pe2"}, []string{"h2", "h9"}},
		{"all was done", []plan.Plan{*added}, added, []string{"pe1", "pe2"}, []string{"h9"}},
		{"an up", []plan.Plan{*upped}, before, nil, nil},
		{"another version", []plan.Plan{*other}, before, nil, nil},
		{"a wire between routers", []plan.Plan{*moved}, before, nil, nil},
		{"nothing is known", nil, before, nil, nil},
	} {
		s := scopeOfCut(before, c.cut, c.now)
		if s == nil {
			if c.hosts != nil {
				t.Errorf("%s: everything", c.name)
			}
			continue
		}
		if d := cmp.Diff([][]string{c.routers, c.hosts}, [][]string{slices.Sorted(maps.Keys(s.routers)), slices.Sorted(maps.Keys(s.hosts))}); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
	}
}

// Once all of a change was done, it is completed, whichever files say so already.
func TestOutcome(t *testing.T) {
	before := planned(t, false, nil, h1)
	after := planned(t, true, before, h1, h9)
	for _, c := range []struct {
		name         string
		applied, now *plan.Plan
		want         string
	}{
		{"before all was done", before, before, "taken back"},
		{"the text is new", before, after, "completed"},
		{"the plan is new, too", after, after, "completed"},
	} {
		if got := outcome("t", c.applied, []plan.Plan{*after}, c.now); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
	if got := outcome("t", before, []plan.Plan{*after, *before}, before); !strings.Contains(got, "taken back") { // the second time
		t.Error(got)
	}
}

// A change tells of no repairs that it does not make.
func TestLimit(t *testing.T) {
	a := &applier{plan: &plan.Plan{Lab: "pwt-nowhere"}, lost: []loss{{"restored host", "h1"}, {"restored host", "h2"}, {"restored router", "pe1"}}}
	a.changed = []string{"changed host h1", "restored host h1", "restored host h2", "restored router pe1"}
	if err := a.limit(&scope{routers: map[string]bool{"pe1": true}, hosts: map[string]bool{"h1": true}}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"changed host h1", "restored host h1", "restored router pe1"}, a.changed); d != "" {
		t.Error(d)
	}
}

// While an agent is away, its router is asked now and then, and told of as missing.
func TestAwaitRouter(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 3*progressEvery+progressEvery/2)
	defer cancel()
	asked := 0
	var last []string
	tell := func(lines []string) { last = lines }
	away := func(context.Context, time.Duration) (router.Convergence, error) {
		asked++
		return router.Convergence{}, io.EOF
	}
	if err := awaitRouter(ctx, "pe1", away, nil, tell); !errors.Is(err, context.DeadlineExceeded) || asked > 10 || len(last) != 1 || !strings.Contains(last[0], "router pe1: its agent does not answer") {
		t.Errorf("%v: asked %d times, missing %q", err, asked, last)
	}
	answers := [][]string{{"route a", "route b"}, {"route a"}}
	back := func(context.Context, time.Duration) (router.Convergence, error) {
		m := answers[0]
		answers = answers[1:]
		return router.Convergence{Missing: m}, nil
	}
	if err := awaitRouter(t.Context(), "pe1", back, map[string]bool{"route a": true}, tell); err != nil || len(answers) != 0 || len(last) != 0 {
		t.Errorf("%v: %d answers are left, missing %q", err, len(answers), last)
	}
}

// A refusal names no lines: nobody has seen the text that they are of.
func TestRefusalsWithoutLines(t *testing.T) {
	text := "name: t\nrouters: {pe1: {as: 65000}}\nvrfs: {red: {rts: '1:1'}}\nhosts:\n  h1: {to: pe1, vrf: red, addresses: 10.1.0.2/24}\n  h2: {to: pe1, vrf: red, addresses: 10.1.0.3/24}\n"
	_, err := topology.Parse("t.yaml", []byte(text))
	var problems topology.Problems
	if !errors.As(err, &problems) || !strings.Contains(err.Error(), "(line 5)") {
		t.Fatal(err)
	}
	if said := withoutLines(problems).Error(); strings.Contains(said, "line") || !strings.Contains(said, "used by host h1 in VRF red") {
		t.Error(said)
	}
}
