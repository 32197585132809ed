package mplsecho

import (
	"net/netip"
	"slices"
	"testing"
)

// told is a router that knows some labels: paths, and what FECs have.
type told struct {
	fecs    map[string]Binding
	transit map[uint32]Mapping
}

func (k told) Bound(f FEC) (Binding, bool) {
	b, ok := k.fecs[f.String()]
	return b, ok
}

func (k told) Transit(label uint32) (Mapping, bool) {
	m, ok := k.transit[label]
	return m, ok
}

// A router says of the outermost label what it is to the router.
func TestAnswers(t *testing.T) {
	route := FEC{VPN: true, RD: rd(t, "65000:1"), Prefix: netip.MustParsePrefix("10.4.0.0/24")}
	onward := Mapping{MTU: 1512, NextHop: netip.MustParseAddr("192.168.5.2"), Labels: []Label{{Value: 6003}}}
	p1 := told{fecs: map[string]Binding{"10.255.0.4/32": {Label: 5003, Next: onward}}, transit: map[uint32]Mapping{5003: onward}}
	pe4 := told{fecs: map[string]Binding{"10.255.0.4/32": {Label: ImplicitNull, Egress: true}, "65000:1:10.4.0.0/24": {Label: 4006, Egress: true}}}
	stack := func(values ...uint32) (list []Label) {
		for _, v := range values {
			list = append(list, Label{Value: v, TTL: 1})
		}
		return list
	}
	asks := func(m *Mapping, fecs ...FEC) Message {
		return Message{Type: Request, Mode: ReplyUDP, Mapping: m, FECs: fecs}
	}
	labels := func(values ...uint32) *Mapping {
		return &Mapping{NextHop: netip.MustParseAddr("192.168.1.2"), Labels: stack(values...)}
	}
	for name, tt := range map[string]struct {
		at      told
		request Message
		stack   []Label
		code    Code
		depth   uint8
		next    []uint32 // labels of the mapping
	}{
		"P":                   {p1, asks(nil, loopback), stack(5003), Switched, 1, nil},
		"P, asked":            {p1, asks(Ask(false), loopback), stack(5003), Switched, 1, []uint32{6003}},
		"P, a route":          {p1, asks(Ask(false), loopback, route), stack(5003, 4006), Switched, 2, []uint32{6003, 4006}},
		"P, the route alone":  {p1, asks(Ask(false), route), stack(5003, 4006), Switched, 2, []uint32{6003, 4006}},
		"P, unknown alone":    {p1, asks(Ask(false), route), stack(5009, 4006), NoLabel, 2, nil},
		"P, another label":    {p1, asks(Ask(false), loopback), stack(5004), OtherLabel, 1, nil},
		"P, without a label":  {p1, asks(nil, loopback), nil, OtherLabel, 1, nil},
		"P, unknown":          {p1, asks(nil, sixth), stack(5003), NoMapping, 1, nil},
		"P, told right":       {p1, asks(labels(5003, 4006), loopback, route), stack(5003, 4006), Switched, 2, []uint32{6003, 4006}},
		"P, told wrong":       {p1, asks(labels(5004, 4006), loopback, route), stack(5003, 4006), WrongMapping, 2, nil},
		"egress":              {pe4, asks(Ask(false), loopback), nil, Egress, 1, nil},
		"egress, told":        {pe4, asks(labels(ImplicitNull), loopback), nil, Egress, 1, nil},
		"egress, null":        {pe4, asks(nil, loopback), stack(0), Egress, 1, nil},
		"egress, a route":     {pe4, asks(nil, loopback, route), stack(4006), Egress, 1, nil},
		"egress, wrong label": {pe4, asks(nil, loopback, route), stack(4007), OtherLabel, 1, nil},
		"egress, other route": {pe4, asks(nil, loopback, FEC{VPN: true, RD: rd(t, "65000:2"), Prefix: route.Prefix}), stack(4006), NoMapping, 1, nil},
		"no FEC":              {pe4, asks(nil), nil, Malformed, 0, nil},
		"a strange FEC":       {pe4, asks(nil, FEC{Other: 5}), nil, Malformed, 0, nil}, // it is not written
	} {
		reply, ok := Answer(Asked{Packet: Packet{Stack: tt.stack, Data: tt.request.Append(nil)}, At: sent, Router: loopback.Prefix.Addr()}, tt.at)
		code, depth := reply.Verdict()
		var next []uint32
		if reply.Mapping != nil {
			for _, l := range reply.Mapping.Labels {
				next = append(next, l.Value)
			}
		}
		if !ok || code != tt.code || depth != tt.depth || !slices.Equal(next, tt.next) {
			t.Errorf("%s: %v at %d, next %v; want %v at %d, next %v", name, code, depth, next, tt.code, tt.depth, tt.next)
		}
		if !reply.Received.Equal(sent) || reply.Incoming.Router != loopback.Prefix.Addr() || len(reply.Incoming.Stack) != len(tt.stack) {
			t.Errorf("%s: the reply says of the request: %+v", name, reply.Incoming)
		}
	}
}

// What needs no answer gets none; what cannot be understood is told so.
func TestSilence(t *testing.T) {
	request := Message{Type: Request, Mode: ReplyUDP, Handle: 9, FECs: []FEC{loopback}}
	ask := func(wire []byte) (Message, bool) { return Answer(Asked{Packet: Packet{Data: wire}}, told{}) }
	for name, m := range map[string]Message{
		"a reply":        {Type: Reply, Mode: ReplyUDP, FECs: request.FECs},
		"do not reply":   {Type: Request, Mode: DoNotReply, FECs: request.FECs},
		"another method": {Type: Request, Mode: 4, FECs: request.FECs},
	} {
		if _, ok := ask(m.Append(nil)); ok {
			t.Errorf("%s is answered", name)
		}
	}
	if _, ok := ask(request.Append(nil)[:20]); ok {
		t.Error("half a header is answered")
	}
	if m, ok := ask(append(request.Append(nil), 0, 1, 0, 99)); !ok || m.Code != Malformed || m.Handle != 9 {
		t.Errorf("a malformed request: %+v", m)
	}
	if m, ok := ask(append(request.Append(nil), 0, 15, 0, 0)); !ok || m.Code != NotUnderstood || len(m.Unknown) != 1 || m.Unknown[0].Type != 15 {
		t.Errorf("an unknown TLV: %+v", m)
	}
	if m, ok := ask(append(request.Append(nil), 0x80, 15, 0, 0, 0, 3, 0, 4, 1, 2, 3, 4)); !ok || m.Code != NoMapping {
		t.Errorf("an optional TLV, and padding: %+v", m)
	}
	if m, ok := ask(append(Message{Type: Request, Mode: ReplyAlert}.Append(nil), 0, 1, 0, 4, 0, 5, 0, 0)); !ok || m.Code != NotUnderstood {
		t.Errorf("a FEC of another kind: %+v", m)
	}
}

func TestCodesInWords(t *testing.T) {
	if Egress.String() != "replying router is egress" || Code(200).String() != "return code 200" {
		t.Errorf("%s, %s", Egress, Code(200))
	}
	if s := (FEC{Other: 5}).String(); s != "FEC of type 5" {
		t.Error(s)
	}
}
