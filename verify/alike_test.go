package verify

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/status"
	"pseudowan/topology"
)

// alike treats packets alike: all of plain hosts, and those to addresses that have no
// route. A host in filters is not plain.
type alike struct {
	filters string
	routes  map[fromTo]bool
}

func (a alike) Plain(host string) bool { return !strings.Contains(a.filters, host) }
func (a alike) Routeless(host string, to netip.Addr) bool {
	return a.Plain(host) && !a.routes[fromTo{host, to}]
}
func (a alike) find(context.Context) (Alike, error) { return a, nil }
func withRoutes(filters string, pairs []Pair, more ...fromTo) (a alike) {
	a = alike{filters, map[fromTo]bool{}}
	for _, p := range pairs {
		for _, r := range p.Reach {
			a.routes[fromTo{r.From, r.Destination}] = true
		}
	}
	for _, f := range more {
		a.routes[f] = true
	}
	return a
}

// manyVPNs is a lab of VPNs with two hosts each.
func manyVPNs(t *testing.T) *topology.Topology {
	t.Helper()
	var b strings.Builder
	b.WriteString("name: lab\nrouters: {pe1: {as: 65000}}\nvrfs:\n")
	letters := "abcdefghijkl"
	for i, v := range letters {
		b.WriteString("  " + string(v) + ": {rts: \"65000:" + string(rune('1'+i%9)) + string(rune('0'+i/9)) + "\"}\n")
	}
	b.WriteString("hosts:\n")
	for i, v := range letters {
		for j, n := range "12" {
			net := "10." + string(rune('1'+i%9)) + string(rune('0'+i/9)) + "." + string(rune('1'+j))
			b.WriteString("  " + string(v) + string(n) + ": {to: pe1, vrf: " + string(v) + ", addresses: [" + net + ".2/24]}\n")
		}
	}
	parsed, err := topology.Parse("lab.yaml", []byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// observed runs a test in which others may stand for packets, and returns the rows and
// the number of requests.
func observed(t *testing.T, top *topology.Topology, n *network, a alike) (rows []status.HostPair, sent int) {
	t.Helper()
	found, err := Observe(context.Background(), n.pairs, n, Options{Timeout: time.Second, Step: func(string) {}, Alike: a.find})
	if err != nil {
		t.Fatal(err)
	}
	for _, list := range n.sent {
		sent += len(list)
	}
	return Judge(top, n.pairs, found), sent
}

// Of 24 hosts in twelve VPNs, each reaches one other. An answer is the test of both
// directions, and samples stand for addresses without a route.
func TestAlike(t *testing.T) {
	top := manyVPNs(t)
	pairs := Matrix(top, "", "")
	const hosts, others = 24, 22
	for name, c := range map[string]struct {
		filters string
		want    int
	}{
		"all hosts are plain":      {"", hosts/2 + hosts*samples},
		"one has a packet filter":  {"a1", hosts/2 + 1 + (hosts-1)*samples + others},
		"the same at both its end": {"a1 a2", hosts/2 + 1 + (hosts-2)*samples + 2*others},
	} {
		n := &network{pairs: pairs}
		rows, sent := observed(t, top, n, withRoutes(c.filters, pairs))
		inferred, tested := 0, 0
		for _, r := range rows {
			inferred, tested = inferred+r.Inferred, tested+r.Tested
		}
		if sent != c.want || len(said(rows)) > 0 || tested+inferred != hosts*(hosts-1) || inferred == 0 {
			t.Errorf("%s: %d requests, want %d; %d tested, %d inferred; %q", name, sent, c.want, tested, inferred, said(rows))
		}
	}
	few := &network{pairs: pairs}
	a := withRoutes("", pairs)
	if _, err := Observe(context.Background(), pairs, few, Options{Timeout: time.Second, Step: func(string) {}, Alike: a.find, Few: hosts * hosts}); err != nil || len(few.sent) != 2 || len(few.sent[1]) != hosts*others {
		t.Errorf("%v: not all requests of a small lab are sent", err)
	}
}

// What stands for nothing is sent itself, and found.
func TestNotAlike(t *testing.T) {
	top := manyVPNs(t)
	pairs := Matrix(top, "", "")
	at := netip.MustParseAddr
	leaks := map[string]Observation{}
	for _, p := range pairs {
		if p.From == "c1" {
			for _, a := range p.Never {
				leaks["c1 "+a.String()] = Observation{Answered: []string{p.To}}
			}
		}
	}
	for name, c := range map[string]struct {
		changed map[string]Observation
		routes  []fromTo
		want    []string // differences; the number of them if it is one word
	}{
		"no answer": {changed: map[string]Observation{"a1 10.10.2.2": {}, "a2 10.10.1.2": {}},
			want: []string{"a1 a2: 10.10.2.2 no answer", "a2 a1: 10.10.1.2 no answer"}},
		"an answer that another host got, too": {changed: map[string]Observation{
			"a1 10.10.2.2": {Answered: []string{"a2"}, Arrived: []string{"a2"}, Strayed: []string{"b1"}},
			"a2 10.10.1.2": {Answered: []string{"a1", "b1"}, Arrived: []string{"a1", "b1"}}},
			want: []string{"a2 a1: 10.10.1.2 a1 answers, and b1 too"}},
		"a request that another host got, too": {changed: map[string]Observation{
			"a1 10.10.2.2": {Answered: []string{"a2"}, Arrived: []string{"a2", "b1"}}, "a2 10.10.1.2": {}},
			want: []string{"a2 a1: 10.10.1.2 no answer"}},
		"a leak that a flow names": {changed: map[string]Observation{"a1 10.20.1.2": {Answered: []string{"b1"}}},
			routes: []fromTo{{"a1", at("10.20.1.2")}}, want: []string{"a1 b1: 10.20.1.2 b1 answers, but must not be reached"}},
	} {
		n := &network{pairs: pairs, changed: c.changed}
		rows, _ := observed(t, top, n, withRoutes("", pairs, c.routes...))
		if got := said(rows); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	n := &network{pairs: pairs, changed: leaks} // where a sample is answered, all are sent
	if rows, _ := observed(t, top, n, withRoutes("", pairs)); len(said(rows)) != len(leaks) {
		t.Errorf("a host that reaches all: %d differences, want %d", len(said(rows)), len(leaks))
	}
}

// What an expect: line is about is sent itself, in both directions, and a leak that only
// its packet shows is found.
func TestExpectedIsSent(t *testing.T) {
	top := manyVPNs(t)
	for _, to := range []string{"a1", "l2"} {
		for _, from := range []string{"a2", "d1"} {
			top.Expect = append(top.Expect, topology.Expectation{From: from, To: to, Never: to == "l2" || from == "d1"})
		}
	}
	pairs := Matrix(top, "", "")
	sent := map[fromTo]bool{}
	leak := pairOf(t, pairs, "d1", "l2").Never[0]
	n := &network{pairs: pairs, changed: map[string]Observation{"d1 " + leak.String(): {Answered: []string{"l2"}}}}
	rows, _ := observed(t, top, n, withRoutes("", pairs))
	for _, list := range n.sent {
		for _, p := range list {
			sent[fromTo{p.From, p.Destination}] = true
		}
	}
	for _, e := range top.Expect {
		p := pairOf(t, pairs, e.From, e.To)
		for _, r := range p.Reach {
			if !sent[fromTo{p.From, r.Destination}] {
				t.Errorf("%s to %s: %s was not sent", p.From, p.To, r.Destination)
			}
		}
		for _, a := range p.Never {
			if !sent[fromTo{p.From, a}] {
				t.Errorf("%s to %s: %s was not sent", p.From, p.To, a)
			}
		}
	}
	if got := said(rows); len(got) != 2 { // the pair and its expect: line
		t.Errorf("%q", got)
	}
}
