package lab

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/random"
)

// randomLabs is the default number of random labs; PSEUDOWAN_RANDOM overrides it, and
// PSEUDOWAN_SEED is the seed of the first.
const randomLabs = 3

// With any routers, VRFs, route targets, overlapping prefixes and families, the
// hosts of a lab reach what its topology says, and nothing else.
func TestRealRandomLabs(t *testing.T) {
	dir := t.TempDir()
	first := number(t, "PSEUDOWAN_SEED", 1)
	for seed := first; seed < first+number(t, "PSEUDOWAN_RANDOM", randomLabs); seed++ {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			name := fmt.Sprintf("pwt-vfr%d", seed)
			text := string(random.Lab(name, uint64(seed)))
			l := fromText(t, dir, name, text)
			l.up(t)
			if r := pseudowan("verify", name); r.code != 0 {
				t.Fatalf("verify: exit code %d\n%s%s\n%s", r.code, r.stdout, r.stderr, text)
			}
			l.sound(t, "--tables")
			tracesAgree(t, l, seed)
			breakOne(t, l, seed)
		})
	}
}

// topologyOf returns the topology of a lab.
func topologyOf(t *testing.T, l lab) *topology.Topology {
	t.Helper()
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	top, err := topology.Parse(l.file, text)
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// reachesOf returns what the hosts of a lab reach by its topology.
func reachesOf(t *testing.T, l lab) []topology.Reach {
	t.Helper()
	return topologyOf(t, l).Reaches()
}

// tracesAgree traces packets of a random lab without faults.
func tracesAgree(t *testing.T, l lab, seed int) {
	t.Helper()
	reaches := reachesOf(t, l)
	for i := range min(len(reaches), 6) {
		r := reaches[(seed*31+i*7)%len(reaches)]
		code, trace := traced(t, l, r.From, r.Destination.String())
		if code != 0 || trace.Answered != trace.Delivered || len(trace.Disagreements)+len(trace.CannotTell) > 0 {
			t.Errorf("%s to %s: exit code %d, delivered to %q, answered by %q: %q, %q",
				r.From, r.Destination, code, trace.Delivered, trace.Answered, trace.Disagreements, trace.CannotTell)
		}
	}
}

// breakOne spoils one flow of a random lab that a packet of an intended pair uses,
// and checks that verify finds it.
func breakOne(t *testing.T, l lab, seed int) {
	t.Helper()
	reaches := reachesOf(t, l)
	for try := range min(len(reaches), 10) { // until one leaves its router
		r := reaches[(seed*31+try)%len(reaches)]
		_, trace := traced(t, l, r.From, r.Destination.String())
		for _, h := range trace.Hops {
			if h.Switch == nil || h.Switch.Pushed == nil {
				continue
			}
			want := spoil(t, l, h, seed%2 == 0)
			out := pseudowan("verify", l.name, "--from", r.From, "--to", r.To, "--timeout", "2s")
			if out.code != 1 || !strings.Contains(out.stdout, want) {
				t.Errorf("%s to %s, exit code %d; want a cause with %q\n%s%s", r.From, r.Destination, out.code, want, out.stdout, out.stderr)
			}
			return
		}
	}
}

// spoil makes the flow of a hop's route drop packets, or push a label that nobody has
// assigned. It returns what verify must say.
func spoil(t *testing.T, l lab, h status.Hop, relabel bool) string {
	t.Helper()
	priority, match := "", ""
	for _, passed := range h.Switch.Passed {
		if rest, ok := strings.CutPrefix(passed, "table 20: priority "); ok {
			priority, match, _ = strings.Cut(rest, ", ")
			match, _, _ = strings.Cut(match, ": ")
		}
	}
	flow, actions := "priority="+priority+","+match, ""
	for line := range strings.Lines(l.mustExec(t, h.Node, "ovs-ofctl", "dump-flows", "br0", "table=20")) {
		if _, found, ok := strings.Cut(strings.TrimSpace(line), " "+flow+" actions="); ok {
			actions = found
		}
	}
	flow = "table=20," + flow
	if right := pushing(*h.Switch.Pushed); relabel && strings.Contains(actions, right) {
		const nobodys = 1048575
		l.mustExec(t, h.Node, "ovs-ofctl", "--strict", "mod-flows", "br0", flow+",actions="+strings.Replace(actions, right, pushing(nobodys), 1))
		return fmt.Sprintf("router %s: VRF %s: route %s: Open vSwitch pushes label %d, BGP says %d",
			h.Node, h.Tables.VRF, h.Tables.Prefix, nobodys, *h.Switch.Pushed)
	}
	l.mustExec(t, h.Node, "ovs-ofctl", "--strict", "mod-flows", "br0", flow+",actions=drop")
	return fmt.Sprintf("router %s: VRF %s: route %s: the flow is missing or wrong", h.Node, h.Tables.VRF, h.Tables.Prefix)
}

func number(t *testing.T, variable string, standard int) int {
	t.Helper()
	text := os.Getenv(variable)
	if text == "" {
		return standard
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", variable, err)
	}
	return n
}
