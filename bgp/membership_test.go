package bgp

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/vpn"
)

// What each peer is asked for: what the router imports, and what those ask for that
// are told the peer's routes.
func TestMembershipsOfPeers(t *testing.T) {
	outside := memberTerms{}
	inside := memberTerms{internal: true}
	client := memberTerms{internal: true, reflected: true, client: true}
	other := memberTerms{internal: true, reflected: true}
	unswapped := memberTerms{internal: true, unswapped: true}
	with := func(m memberTerms, askAll, needsAll bool) memberTerms {
		m.askAll, m.needsAll = askAll, needsAll
		return m
	}
	type peer struct {
		terms memberTerms
		asks  string // "-": it has no route target constraint
	}
	for _, tt := range []struct {
		name  string
		own   string
		peers []peer
		want  []string
	}{
		{"its own", "1 2", []peer{{outside, "3"}, {inside, "4"}, {inside, ""}}, []string{"1 2", "1 2", "1 2"}},
		{"unknown", "?", []peer{{outside, ""}, {inside, "-"}}, []string{"all", "-"}},
		{"reflected to and from clients", "1", []peer{{client, "2"}, {client, "3"}, {other, "4"}, {other, "5"}}, []string{"1 3 4 5", "1 2 4 5", "1 2 3", "1 2 3"}},
		{"asked by two", "", []peer{{client, "2"}, {client, "2"}}, []string{"2", "2"}},
		{"asked by one alone", "", []peer{{client, "2"}, {client, ""}}, []string{"", "2"}},
		{"a client without it", "1", []peer{{client, "-"}, {client, "2"}, {other, ""}}, []string{"-", "1 all", "1 2 all"}},
		{"external routes go inside", "", []peer{{outside, "2"}, {unswapped, "3"}, {inside, "4"}}, []string{"3", "", ""}},
		{"all is asked for", "1", []peer{{with(outside, true, false), ""}, {inside, ""}}, []string{"1 all", "1"}},
		{"a policy of the export changes targets", "1", []peer{{with(client, false, true), "2"}, {client, ""}}, []string{"1", "1 all"}},
	} {
		m := newMemberships(65001, netip.MustParseAddr("10.0.0.1"))
		if tt.own != "?" {
			m.setOwn(targetsOf(tt.own))
		}
		var relays []*relay
		for i, p := range tt.peers {
			addr, r := netip.AddrFrom4([4]byte{10, 0, 0, byte(i + 2)}), &relay{}
			relays = append(relays, r)
			m.setTerms(addr, p.terms)
			m.entered(addr, r, p.asks != "-")
			if p.asks != "-" {
				m.asked(addr, r, askedFor(p.asks), true)
			}
		}
		all := m.all()
		for i, r := range relays {
			list, heeds := all[r]
			if got := memberWords(list); heeds != (tt.want[i] != "-") || heeds && got != tt.want[i] {
				t.Errorf("%s: peer %d is asked for %q, want %q", tt.name, i, got, tt.want[i])
			}
		}
	}
}

func targetsOf(numbers string) (list []vpn.RouteTarget) {
	for _, n := range strings.Fields(numbers) {
		rt, err := vpn.ParseRouteTarget("65000:" + n)
		if err != nil {
			panic(err)
		}
		list = append(list, rt)
	}
	return list
}

func askedFor(numbers string) map[gate.Membership]gate.Reflection {
	list := make(map[gate.Membership]gate.Reflection)
	for _, rt := range targetsOf(numbers) {
		list[gate.TargetMembership(65001, rt)] = gate.Reflection{}
	}
	return list
}

func memberWords(list map[gate.Membership]gate.Reflection) string {
	var words []string
	for m := range list {
		words = append(words, strings.TrimPrefix(m.String(), "65000:"))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// Of several ways the shortest is told on, with this router in its cluster list and,
// to clients, as originator.
func TestMembershipsAreReflected(t *testing.T) {
	id := netip.MustParseAddr("10.0.0.1")
	m := newMemberships(65001, id)
	m.setOwn(nil)
	relays := map[string]*relay{}
	enter := func(addr, clusters string, client bool) {
		a, r := netip.MustParseAddr(addr), &relay{}
		relays[addr] = r
		m.setTerms(a, memberTerms{internal: true, reflected: true, client: client})
		m.entered(a, r, true)
		list := askedFor("7")
		if clusters == "-" {
			list = nil
		}
		for k := range list {
			list[k] = gate.Reflection{Clusters: clusters, Originator: netip.MustParseAddr("10.0.0.99")}
		}
		m.asked(a, r, list, true)
	}
	enter("10.0.0.2", "ABCDEFGH", true)
	enter("10.0.0.3", "WXYZ", true)
	enter("10.0.0.4", "-", true)
	enter("10.0.0.5", "-", false)
	k := gate.TargetMembership(65001, targetsOf("7")[0])
	own := string(id.AsSlice())
	for addr, want := range map[string]gate.Reflection{
		"10.0.0.2": {Clusters: own + "WXYZ", Originator: id},
		"10.0.0.3": {Clusters: own + "ABCDEFGH", Originator: id},
		"10.0.0.4": {Clusters: own + "WXYZ", Originator: id},
		"10.0.0.5": {Clusters: own + "WXYZ", Originator: netip.MustParseAddr("10.0.0.99")},
	} {
		if got := m.all()[relays[addr]][k]; got != want {
			t.Errorf("%s: %+v, want %+v", addr, got, want)
		}
	}
}

// What a peer asked for stays while it is away for a moment, and until it has said
// all again.
var reflectedClient = memberTerms{internal: true, reflected: true, client: true}

// twoClients returns the memberships of a reflector that imports nothing, and its clients'
// sessions; one is the address of the first.
func twoClients() (m *memberships, one netip.Addr, first, second *relay) {
	m = newMemberships(65001, netip.MustParseAddr("10.0.0.1"))
	m.setOwn(nil)
	one, first, second = netip.MustParseAddr("10.0.0.2"), &relay{}, &relay{}
	for addr, r := range map[netip.Addr]*relay{one: first, one.Next(): second} {
		m.setTerms(addr, reflectedClient)
		m.entered(addr, r, true)
	}
	return m, one, first, second
}

// Nobody is told more than it accepts, and what a peer asks for stays within bounds.
func TestMembershipsAreBounded(t *testing.T) {
	m, one, from, to := twoClients()
	many := func(first int) map[gate.Membership]gate.Reflection {
		list := make(map[gate.Membership]gate.Reflection)
		for i := range gate.MaxMemberships + 1 {
			list[gate.TargetMembership(65001, targetsOf(fmt.Sprint(first + i))[0])] = gate.Reflection{}
		}
		return list
	}
	for i := range 3 {
		m.asked(one, from, many(i*2*gate.MaxMemberships), false)
	}
	if n := len(m.peers[one].asks); n > 2*gate.MaxMemberships {
		t.Errorf("%d are kept", n)
	}
	m.asked(one, from, many(0), true)
	if got := memberWords(m.all()[to]); got != "all" {
		t.Errorf("told %.80q", got)
	}
}

func TestMembershipsStay(t *testing.T) {
	m, one, r, watches := twoClients()
	want := func(what, numbers string) {
		t.Helper()
		if got := memberWords(m.all()[watches]); got != numbers {
			t.Errorf("%s: %q, want %q", what, got, numbers)
		}
	}
	m.asked(one, r, askedFor("1 2"), true)
	want("at first", "1 2")
	m.left(one, r)
	want("away", "1 2")
	again := &relay{}
	m.entered(one, again, true)
	m.left(one, r) // late
	m.asked(one, again, askedFor("1"), false)
	want("it has not said all", "1 2")
	m.asked(one, again, askedFor("1 3"), true)
	want("it has", "1 3")
	m.asked(one, r, askedFor("9"), true) // late
	want("late news", "1 3")
	m.restarts(true)
	want("a restart", "1 3 all")
	m.restarts(false)
	m.left(one, again)
	m.forgetIfAway(one, m.peers[one])
	want("away for long", "")
	m.entered(one, r, true)
	m.asked(one, r, askedFor("4"), true)
	want("back", "4")
	m.forget(one)
	want("no neighbour any more", "")
	if fmt.Sprint(m.terms) != fmt.Sprint(map[netip.Addr]memberTerms{one.Next(): reflectedClient}) {
		t.Errorf("left: %v", m.terms)
	}
}
