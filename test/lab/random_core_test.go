package lab

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
	"pseudowan/topology"
	"pseudowan/topology/random"
)

// randomCores is the default number of random cores; PSEUDOWAN_CORES overrides it, and
// PSEUDOWAN_SEED is the seed of the first.
const randomCores = 1

// Whatever the graph of P routers, customers reach what the topology says, and nothing else. A
// wrong label, a wrong flow and a cut link are found by name.
func TestRealRandomCores(t *testing.T) {
	t.Parallel() // it waits more than it works
	dir := t.TempDir()
	first := number(t, "PSEUDOWAN_SEED", 1)
	for seed := first; seed < first+number(t, "PSEUDOWAN_CORES", randomCores); seed++ {
		t.Run(strconv.Itoa(seed), func(t *testing.T) {
			name := fmt.Sprintf("pwt-rcore%d", seed)
			text := string(random.Core(name, uint64(seed)))
			l := fromText(t, dir, name, text)
			l.up(t)
			l.intended(t)
			l.sound(t, "--tables")
			tracesAgree(t, l, seed)
			wrongLabel(t, l, seed)
			wrongFlow(t, l, seed)
			cutLink(t, l, seed)
			if t.Failed() {
				t.Log(text)
			}
			must(t, "down", name)
		})
	}
}

// intended fails the test unless verify finds nothing.
func (l lab) intended(t *testing.T) {
	t.Helper()
	if r := pseudowan("verify", l.name); r.code != 0 {
		t.Fatalf("verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
}

// leaving is a packet that leaves a router with the label of a path around that of its route.
type leaving struct {
	reach topology.Reach
	hop   status.Hop
}

// onPaths returns packets of customers on label-switched paths, one for each router that they
// leave, as many as there are in a few traces.
func onPaths(t *testing.T, l lab, seed int, wanted func(status.Hop) bool) (list []leaving) {
	t.Helper()
	reaches := reachesOf(t, l)
	for try := range min(len(reaches), 6) {
		r := reaches[(seed*31+try)%len(reaches)]
		_, trace := traced(t, l, r.From, r.Destination.String())
		for _, h := range trace.Hops {
			if h.Switch != nil && wanted(h) {
				list = append(list, leaving{r, h})
			}
		}
	}
	return list
}

// modify changes the actions of the flow in a table that a packet has passed at a hop.
func modify(t *testing.T, l lab, h status.Hop, tables []string, change func(actions string) string) (done bool) {
	t.Helper()
	for _, passed := range h.Switch.Passed {
		table, rest, _ := strings.Cut(strings.TrimPrefix(passed, "table "), ": priority ")
		priority, match, _ := strings.Cut(rest, ", ")
		match, _, _ = strings.Cut(match, ": ")
		if !slices.Contains(tables, table) {
			continue
		}
		flow := "priority=" + priority + "," + match
		for line := range strings.Lines(l.mustExec(t, h.Node, "ovs-ofctl", "-O", "OpenFlow13", "dump-flows", "br0", "table="+table)) {
			_, actions, ok := strings.Cut(strings.TrimSpace(line), " "+flow+" actions=")
			if !ok {
				continue
			}
			if wrong := change(actions); wrong != actions {
				l.mustExec(t, h.Node, "ovs-ofctl", "-O", "OpenFlow13", "--strict", "mod-flows", "br0", "table="+table+","+flow+",actions="+wrong)
				return true
			}
		}
	}
	return false
}

// nobodys is a label that no router assigns.
const nobodys = 1048575

var setsLabel = regexp.MustCompile(`set_field:[0-9]+->mpls_label`)

// wrongLabel has a router send a packet on with a label of nobody.
func wrongLabel(t *testing.T, l lab, seed int) {
	t.Helper()
	paths := onPaths(t, l, seed, func(h status.Hop) bool { return len(h.Switch.Stack) > 1 })
	for _, p := range paths {
		wrong := modify(t, l, p.hop, []string{"30", "35"}, func(actions string) string {
			return setsLabel.ReplaceAllLiteralString(actions, fmt.Sprintf("set_field:%d->mpls_label", nobodys))
		})
		if wrong {
			l.found(t, p, fmt.Sprintf("labels %d ", nobodys), []string{"flow", p.hop.Node, "label-switched path", "changed", strconv.Itoa(nobodys)})
			return
		}
	}
	if len(paths) > 0 {
		t.Errorf("no flow sets the label of %d packets with two", len(paths))
	}
}

// wrongFlow has a P router drop what comes with a label.
func wrongFlow(t *testing.T, l lab, seed int) {
	t.Helper()
	for _, p := range onPaths(t, l, seed, func(h status.Hop) bool { return strings.HasPrefix(h.Node, "p") && h.Tables.VRF == "" }) {
		if modify(t, l, p.hop, []string{"10"}, func(string) string { return "drop" }) {
			l.found(t, p, "the flow is missing or wrong", []string{"flow", p.hop.Node, "label ", "changed", "drop"})
			return
		}
	}
	t.Error("no packet passes a P router")
}

// found fails the test unless verify and audit name what is wrong, and up puts it right.
func (l lab) found(t *testing.T, p leaving, cause string, deviation []string) {
	t.Helper()
	out := pseudowan("verify", l.name, "--from", p.reach.From, "--to", p.reach.To, "--timeout", "1s")
	if out.code != 1 || !strings.Contains(out.stdout, "router "+p.hop.Node+": label") && !strings.Contains(out.stdout, "router "+p.hop.Node+": VRF") || !strings.Contains(out.stdout, cause) {
		t.Errorf("%s to %s, exit code %d; want router %s and %q\n%s%s", p.reach.From, p.reach.Destination, out.code, p.hop.Node, cause, out.stdout, out.stderr)
	}
	if _, rows := audited(t, l, "--tables"); !told(rows, deviation) {
		t.Errorf("the audit finds %+v; want %q", rows, deviation)
	}
	must(t, "up", l.file, "--runtime", "netns")
	l.sound(t, "--tables")
}

// cutLink cuts a link. Customers reach each other by another way or, if there is none, what
// verify says of them names the link.
func cutLink(t *testing.T, l lab, seed int) {
	t.Helper()
	top := topologyOf(t, l)
	link := top.Links[seed%len(top.Links)]
	end := link.Ends[seed%len(link.Ends)]
	name := end.Router + ":" + end.Interface
	must(t, "link", name, "down", "--lab", l.name)
	customers, reflectors := cutOff(top, link, end)
	eventually(t, 30*time.Second, func() error {
		r := pseudowan("verify", l.name, "--timeout", "1s")
		switch {
		case customers && r.code == 1 && strings.Contains(r.stdout, end.Interface), !customers && r.code == 0:
			return nil
		case !customers && reflectors && r.code <= 1 && !strings.Contains(r.stdout, "the flow is missing or wrong") && !strings.Contains(r.stdout, "the topology does not allow it"):
			return nil // routes stay until the sessions with the reflector end, and then customers may lack some
		}
		return fmt.Errorf("%s is cut, customers apart: %t, exit code %d\n%s%s", name, customers, r.code, r.stdout, r.stderr)
	})
	if _, rows := audited(t, l, "--tables"); !told(rows, []string{"port", end.Router, end.Interface, "carrier"}) {
		t.Errorf("the audit finds %+v; want that %s has no carrier", rows, name)
	}
	must(t, "link", name, "up", "--lab", l.name)
	must(t, "wait", l.name, "--for", "converged")
	l.intended(t)
}

// cutOff reports whether the loss of an end of a link parts routers whose customers reach each
// other, and whether it parts a router with customers from a reflector.
func cutOff(top *topology.Topology, cut topology.Link, end topology.LinkEnd) (customers, reflectors bool) {
	part := map[string]string{}
	for _, r := range top.Routers {
		part[r.Name] = r.Name
	}
	for _, link := range top.Links {
		ends := link.Ends
		if link.Ends[0].Interface == cut.Ends[0].Interface { // a random core has one interface name for each link
			ends = slices.DeleteFunc(slices.Clone(ends), func(e topology.LinkEnd) bool { return e.Router == end.Router })
		}
		for _, e := range ends {
			from, to := part[e.Router], part[ends[0].Router]
			for r, p := range part {
				if p == from {
					part[r] = to
				}
			}
		}
	}
	at := map[string]string{}
	for _, h := range top.Hosts {
		at[h.Name] = h.Attachments[0].Router
	}
	for _, r := range top.Reaches() {
		customers = customers || part[at[r.From]] != part[at[r.To]]
	}
	for _, s := range top.Sessions {
		reflectors = reflectors || s.Client && part[s.Router] != part[s.PeerRouter]
	}
	return customers, reflectors
}
