package mplsecho

import (
	"bytes"
	"errors"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pseudowan/bgp/vpn"
)

func rd(t testing.TB, s string) vpn.RD {
	t.Helper()
	v, err := vpn.ParseRD(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

var (
	loopback = FEC{Prefix: netip.MustParsePrefix("10.255.0.4/32")}
	sixth    = FEC{Prefix: netip.MustParsePrefix("2001:db8::4/128")}
	sent     = time.Date(2026, 11, 28, 21, 36, 10, 500_000_000, time.UTC)
)

func messages(t testing.TB) map[string]Message {
	route4 := FEC{VPN: true, RD: rd(t, "65000:1"), Prefix: netip.MustParsePrefix("10.4.0.0/24")}
	route6 := FEC{VPN: true, RD: rd(t, "10.255.0.4:1"), Prefix: netip.MustParsePrefix("2001:db8:4::/64")}
	return map[string]Message{
		"request": {Type: Request, Mode: ReplyUDP, Validate: true, Handle: 7, Sequence: 1, Sent: sent, FECs: []FEC{loopback, route4}},
		"v6":      {Type: Request, Mode: ReplyUDP, Handle: 7, Sequence: 2, Sent: sent, FECs: []FEC{sixth, route6}, Mapping: Ask(true)},
		"asks":    {Type: Request, Mode: ReplyUDP, FECs: []FEC{loopback}, Mapping: Ask(false)},
		"tells": {Type: Request, Mode: ReplyUDP, FECs: []FEC{loopback}, Mapping: &Mapping{
			MTU: 1512, NextHop: netip.MustParseAddr("192.168.1.2"), Code: Switched, Depth: 2, Labels: []Label{{Value: ImplicitNull}, {Value: 1<<20 - 1, TC: 6}},
		}},
		"reply": {Type: Reply, Mode: ReplyUDP, Code: Egress, Depth: 1, Handle: 7, Sequence: 1, Sent: sent, Received: sent.Add(time.Millisecond * 250),
			Incoming: &Incoming{Router: netip.MustParseAddr("10.255.0.4"), Stack: []Label{{Value: 5003, TC: 6, TTL: 254}, {Value: 4006, TTL: 1}}}},
		"errored": {Type: Reply, Mode: ReplyUDP, Code: NotUnderstood, Unknown: []TLV{{99, []byte{1, 2, 3}}},
			Incoming: &Incoming{Router: netip.MustParseAddr("2001:db8::1")}},
	}
}

// What is written is read.
func TestMessagesAreRead(t *testing.T) {
	for name, m := range messages(t) {
		wire := m.Append(nil)
		got, err := Parse(wire)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(m, got, cmp.AllowUnexported(vpn.RD{}), cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.Prefix) bool { return a == b }),
			cmp.Comparer(func(a, b vpn.RD) bool { return a == b }), cmp.Comparer(func(a, b time.Time) bool { return a.Sub(b).Abs() < time.Microsecond })); diff != "" {
			t.Errorf("%s is read as another (-sent +read):\n%s", name, diff)
		}
		if len(wire)%4 != 0 {
			t.Errorf("%s has %d octets, which are no words", name, len(wire))
		}
	}
}

// Damaged messages are refused; what has a right header is to be answered.
func TestDamagedMessages(t *testing.T) {
	whole := messages(t)["tells"].Append(nil)
	with := func(change func(b []byte) []byte) []byte { return change(bytes.Clone(whole)) }
	for name, tt := range map[string]struct {
		wire       []byte
		says       string
		answerable bool
	}{
		"short":           {whole[:headerLength-1], "the header has 32", false},
		"version":         {with(func(b []byte) []byte { b[1] = 2; return b }), "version 2", false},
		"type":            {with(func(b []byte) []byte { b[4] = 3; return b }), "message type 3", false},
		"cut TLV":         {whole[:headerLength+3], "behind the last TLV", true},
		"long TLV":        {with(func(b []byte) []byte { b[headerLength+3] = 200; return b }), "has 200 octets", true},
		"no FEC":          {append(whole[:headerLength:headerLength], 0, 1, 0, 0), "a stack of 0 FECs", true},
		"many FECs":       {append(append(whole[:headerLength:headerLength], 0, 1, 0, 68), bytes.Repeat([]byte{0, 16, 0, 0}, 17)...), "a stack of 17 FECs", true},
		"reserved FEC":    {append(whole[:headerLength:headerLength], 0, 1, 0, 4, 0, 0, 0, 0), "a FEC of type 0", true},
		"short FEC":       {append(whole[:headerLength:headerLength], 0, 1, 0, 8, 0, 12, 0, 4, 10, 0, 0, 1), "a FEC of type 12 has 4 octets", true},
		"long prefix":     {append(whole[:headerLength:headerLength], 0, 1, 0, 12, 0, 12, 0, 5, 10, 0, 0, 1, 33, 0, 0, 0), "a prefix of 33 bits", true},
		"short mapping":   {append(whole[:headerLength:headerLength], 0, 20, 0, 2, 0, 0, 0, 0), "a downstream mapping of 2 octets", true},
		"strange address": {append(whole[:headerLength:headerLength], 0, 20, 0, 4, 0, 0, 9, 0), "addresses of type 9", true},
	} {
		_, err := Parse(tt.wire)
		if err == nil || !strings.Contains(err.Error(), tt.says) || Answerable(err) != tt.answerable {
			t.Errorf("%s: %v, answerable: %v", name, err, Answerable(err))
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, m := range messages(f) {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		again, err := Parse(m.Append(nil))
		if err != nil && !hasOther(m) {
			t.Fatalf("what was read and written is not read: %v", err)
		}
		if err == nil && (again.Handle != m.Handle || len(again.FECs) > len(m.FECs)) {
			t.Fatalf("%+v is read as %+v", m, again)
		}
	})
}

// hasOther reports whether a message has FECs of which no more than the type is known: they
// are not written.
func hasOther(m Message) bool {
	for _, f := range m.FECs {
		if f.Other != 0 {
			return true
		}
	}
	return false
}

func FuzzRead(f *testing.F) {
	for _, m := range messages(f) {
		p := Packet{Stack: []Label{{Value: 5003, TTL: 255}, {Value: 4006, TTL: 255}}, Source: netip.MustParseAddrPort("10.255.0.1:4000"), Destination: To(false), Data: m.Append(nil)}
		frame, err := p.Frame()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
		p.Destination = To(true)
		if frame, err = p.Frame(); err != nil {
			f.Fatal(err)
		}
		f.Add(frame)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, ok := Read(b)
		if !ok {
			return
		}
		reply, ok := Answer(Asked{Packet: p, At: sent, Router: loopback.Prefix.Addr()}, told{})
		if ok && len(reply.Append(nil)) > len(b)+1500 {
			t.Fatalf("an answer of %d octets to a request of %d", len(reply.Append(nil)), len(b))
		}
	})
}

// A request in a packet is read with its labels, whatever the family of its addresses.
func TestPackets(t *testing.T) {
	data := messages(t)["request"].Append(nil)
	for _, p := range []Packet{
		{Stack: []Label{{Value: 5003, TC: 6, TTL: 2}, {Value: 4006, TTL: 1}}, Source: netip.MustParseAddrPort("10.255.0.1:4000"), Destination: To(false), Data: data},
		{Source: netip.MustParseAddrPort("10.255.0.1:4000"), Destination: To(true), Data: data},
		{Source: netip.MustParseAddrPort("[2001:db8::1]:4000"), Destination: To(true), Data: data},
	} {
		frame, err := p.Frame()
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Stack) == 0 {
			frame[12], frame[13] = 0x08, 0
			if p.Destination.Is6() {
				frame[12], frame[13] = 0x86, 0xdd
			}
		}
		got, ok := Read(frame)
		if diff := cmp.Diff(p, got, cmp.Comparer(func(a, b netip.Addr) bool { return a == b }), cmp.Comparer(func(a, b netip.AddrPort) bool { return a == b })); !ok || diff != "" {
			t.Errorf("(-sent +read):\n%s", diff)
		}
		frame[len(frame)-1] ^= 1
		if _, ok := Read(frame); ok {
			t.Error("a damaged packet is taken")
		}
	}
	if _, err := (Packet{Source: netip.MustParseAddrPort("[2001:db8::1]:4000"), Destination: To(false)}).Frame(); err == nil {
		t.Error("an IPv4 packet has an IPv6 source")
	}
	elsewhere := Packet{Source: netip.MustParseAddrPort("10.255.0.1:4000"), Destination: netip.MustParseAddr("10.1.1.1"), Data: data}
	frame, err := elsewhere.Frame()
	if _, ok := Read(frame); err != nil || ok {
		t.Errorf("a packet to %s is a request: %v", elsewhere.Destination, err)
	}
	if !errors.Is(errMalformed, errMalformed) || Answerable(nil) {
		t.Error("no error is to be answered")
	}
}
