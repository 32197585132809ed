package bgp

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// What a customer says of a route, and this router does not understand, reaches
// other PEs, marked as passed on (RFC 4271 section 5); what is too much for a
// message is not told, and what was told before is withdrawn.
func TestRealPassedAttributes(t *testing.T) {
	const (
		unknown = "c0c80401020304" // type 200, without the Partial bit
		site    = "c010080003fdea00000007"
		more    = "400600" + "c007080000fdea0a000001"
	)
	ce := startNodeOf(t, Config{AS: 65001, Plain: true}, "10.0.0.1")
	ce.set(neighborAt(ce, "10.0.0.2", 65002, vpn.IPv4))
	customer := attack(t, "10.0.0.2")
	caps := octetsOf("010400010001" + "41040000fdea")
	open := message(1, append(octetsOf(openBody), append([]byte{byte(len(caps) + 2), 2, byte(len(caps))}, caps...)...)...)
	customer.establishAs(ce, open)
	customer.say(updateOf(nil, octetsOf(attrsBase+nextHop4+more+site+unknown), octetsOf("180a0102"))...)
	heard := ce.waitRoute(Key{Prefix: netip.MustParsePrefix("10.1.2.0/24"), Peer: netip.MustParseAddr("10.0.0.2")}, anyRoute)
	if len(heard.Passed) != 3 || len(heard.Extended) != 1 || heard.Extended[0].String() != "soo:65002:7" {
		t.Fatalf("heard %+v", heard)
	}

	pe := startNode(t, 65001, "", "10.0.0.3")
	other := startNode(t, 65003, "", "10.0.0.4")
	pe.set(pe.to(other), neighborAt(pe, "10.0.0.2", 65002))
	other.set(other.to(pe))
	far := attack(t, "10.0.0.2")
	far.establishAs(pe, openOf(90, ""))
	pe.waitEstablished(other)
	told := vpnRoute("65001:1", "10.1.2.0/24", "65001:1", 2000)
	told.Extended, told.Passed = heard.Extended, heard.Passed
	pe.announce(told)
	got := other.waitRoute(told.from(pe), anyRoute)
	if len(got.Passed) != 3 || got.Passed[2].Type != 200 || got.Passed[2].Flags != 0xe0 || got.Passed[2].Value != "\x01\x02\x03\x04" || len(got.Extended) != 1 {
		t.Errorf("the other PE heard %+v", got)
	}
	for _, want := range []string{"e0c80401020304", more[6:], "400600"} {
		far.wantUpdate(want)
	}
	told.Passed = []Attribute{{200, 0xe0, strings.Repeat("x", 4000)}}
	if err := pe.Announce(t.Context(), []Route{told}); err == nil || !strings.Contains(err.Error(), "do not fit a message") {
		t.Errorf("announced: %v", err)
	}
	other.waitGone(told.from(pe))
}

// wantUpdate reads until octets have come in an UPDATE, which may be the last one.
func (h *hostile) wantUpdate(octets string) {
	h.t.Helper()
	for deadline := time.Now().Add(tooLong); !bytes.Contains(h.update, octetsOf(octets)); {
		kind, body := h.nextBefore(deadline)
		if kind == 0 {
			h.t.Errorf("no UPDATE has %s", octets)
			return
		}
		if kind == 2 {
			h.update = body
		}
	}
}
