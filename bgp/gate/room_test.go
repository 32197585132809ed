package gate

import (
	"bytes"
	"net/netip"
	"testing"
)

// fullUpdate announces VPN routes, in a message of 4096 octets that an unknown
// attribute fills.
func fullUpdate(attrs string, routes int) []byte {
	nlri := bytes.Repeat(unhex(vpnNLRI), routes)
	for i := range routes {
		nlri[(i+1)*len(nlri)/routes-2] = byte(i) // of the prefix
	}
	mp := appendMP(nil, attrReach, unhex("0001800c0000000000000000c0a8000200"), nlri)
	own := unhex(attrs)
	pad := maxLength - headerLength - 4 - len(mp) - len(own) - 4
	fill := append([]byte{0xd0, 0xcc, byte(pad >> 8), byte(pad)}, make([]byte, pad)...)
	fill[0] |= flagPartial
	return appendUpdate(nil, nil, bytes.Join([][]byte{own, fill, mp}, nil), nil)
}

// Where the router adds an attribute, or an AS to the path, routes that came in one
// full message go on in several, and none is lost. A route is, that leaves no room
// for it.
func TestMessagesThatGrow(t *testing.T) {
	const inside, outside = "40010100 400200", base
	for name, tt := range map[string]struct {
		attrs  string
		config Config
	}{
		"the originator is named": {inside, Config{LocalAS: 65002, PeerAS: 65002, LoseTies: true}},
		"local-as":                {outside, Config{LocalAS: 65001, PeerAS: 65002, AS: ASRules{Local: 65050}}},
	} {
		for _, routes := range []int{1, 2, 100} {
			tt.config.LocalID = netip.MustParseAddr("10.0.0.9")
			j := NewJudge(tt.config)
			j.Sent(open(openCaps))
			j.Received(open(openCaps))
			j.Received(Keepalive())
			in := fullUpdate(tt.attrs, routes)
			if m, refused := Next(in); refused != nil || len(m) != maxLength {
				t.Fatalf("%s: the message has %d octets: %v", name, len(in), refused)
			}
			v := j.Received(in)
			if v.Refuse != nil {
				t.Fatalf("%s, %d routes: %+v", name, routes, v.Refuse)
			}
			got, messages := 0, 0
			other := judgeOf(t, 65002, openCaps)
			for rest := v.Pass; len(rest) > 0; messages++ {
				m, refused := Next(rest)
				if refused != nil || m == nil {
					t.Fatalf("%s, %d routes: not a message: %v", name, routes, refused)
				}
				rest = rest[len(m):]
				other.Received(bytes.Clone(m))
				got = other.Held()
			}
			if want := routes; routes == 1 && (got != 0 || len(v.Faults) != 1 || v.Faults[0].Kind != FaultWithdrawn) || routes > 1 && (got != want || messages != 2 || len(v.Faults) > 0) {
				t.Errorf("%s, %d routes: %d are passed on in %d messages, with %d faults", name, routes, got, messages, len(v.Faults))
			}
		}
	}
}

// The same towards a peer: what no message can hold is not sent, and said to be.
func TestMessagesThatGrowOnTheirWayOut(t *testing.T) {
	for _, routes := range []int{1, 100} {
		e := editorOf(EditorConfig{External: true, LocalAS: 65001, PeerAS: 65002, AS: ASRules{Local: 65050}}, openCaps)
		for out := edit(t, e, fullUpdate(base, routes)); len(out) > 0; {
			m, refused := Next(out)
			if refused != nil || m == nil {
				t.Fatalf("%d routes: not a message: %v", routes, refused)
			}
			out = out[len(m):]
		}
		if want := routes > 1; (e.Told() == routes) != want || (e.Warning() == "") != want {
			t.Errorf("%d routes: %d are sent: %q", routes, e.Told(), e.Warning())
		}
	}
}
