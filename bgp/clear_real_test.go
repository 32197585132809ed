package bgp

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/policy"
)

// A session is reset in three ways, and the routes are there again, or still.
func TestRealClear(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	if _, err := a.Clear(b.addr, ClearHard); !errors.Is(err, ErrNotEstablished) {
		t.Errorf("without a session: %v", err)
	}
	to := a.to(b)
	to.Import = &policy.Chain{AS: 65001, Policies: []policy.Policy{{Name: "med", Terms: []policy.Term{{Set: policy.Set{MED: ptr(7)}}}}}}
	a.set(to)
	b.set(b.to(a))
	a.waitEstablished(b)
	b.waitEstablished(a)
	route := vpnRoute("65002:1", "10.9.0.0/24", "65000:1", 100)
	b.announce(route)
	there := func() {
		t.Helper()
		a.waitRoute(route.from(b), func(r Route) bool { return r.MED != nil && *r.MED == 7 })
	}
	there()
	since := peerSince(a, b)
	for _, how := range []Clear{ClearSoftIn, ClearSoftOut} {
		if refresh, err := a.Clear(b.addr, how); err != nil || refresh != (how == ClearSoftIn) {
			t.Errorf("%s: asked: %t, %v", how, refresh, err)
		}
		there()
	}
	if now := peerSince(a, b); now != since {
		t.Errorf("a soft reset has ended the session: it is of %s, was of %s", now, since)
	}
	cleared := time.Now()
	if _, err := a.Clear(b.addr, ClearHard); err != nil {
		t.Fatal(err)
	}
	b.wait("the NOTIFICATION", func() bool {
		return b.peers[a.addr].LastEnd == `the peer ended the session: cease, administrative reset: "reset by the operator"`
	})
	a.wait("a new session", func() bool {
		p := a.peers[b.addr]
		return p.State == StateEstablished && !p.Since.Before(cleared)
	})
	there()
}

// What the wire shows: a peer is asked for its routes if it says that it answers, is told
// all again, and is sent off with the code of RFC 4486.
func TestRealClearOnTheWire(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	a.announce(vpnRoute("65001:1", "10.9.0.0/24", "65000:1", 100))
	for peer, answers := range map[string]bool{"10.0.0.2": true, "10.0.0.3": false} {
		able := capsAll
		if !answers { // no route refresh, also not the enhanced one
			able = strings.TrimSuffix(strings.Replace(able, "0200"+"4104", "4104", 1), "4600")
		}
		caps := octetsOf(able)
		open := message(1, slices.Concat(octetsOf(openBody), []byte{byte(len(caps) + 2), 2, byte(len(caps))}, caps)...)
		n := neighborAt(a, peer, 65002)
		a.set(n)
		h := attack(t, peer)
		h.establishAs(a, open)
		next := func(wanted byte) (body []byte) {
			t.Helper()
			for {
				kind, body := h.next()
				switch {
				case kind == wanted:
					return body
				case kind == 0 || kind == 3 || kind == 5 && !answers: // else the begin or the end of what is told again (RFC 7313)
					t.Fatalf("%s: message of type %d, want %d", peer, kind, wanted)
				}
			}
		}
		for !strings.Contains(string(next(2)), "\x0a\x09\x00") { // up to the route
		}
		if asked, err := a.Clear(n.Address, ClearSoftIn); err != nil || asked != answers {
			t.Errorf("%s: asked %t, %v", peer, asked, err)
		}
		if answers {
			asked := string(next(5)) + string(next(5))
			if asked != "\x00\x01\x00\x80"+"\x00\x02\x00\x80" {
				t.Errorf("ROUTE-REFRESH: % x", asked)
			}
		}
		if _, err := a.Clear(n.Address, ClearSoftOut); err != nil {
			t.Fatal(err)
		}
		for !strings.Contains(string(next(2)), "\x0a\x09\x00") {
		}
		if _, err := a.Clear(n.Address, ClearHard); err != nil {
			t.Fatal(err)
		}
		h.wantNotification(6, 4)
	}
}
