package mplsecho

import (
	"net/netip"
	"slices"
	"time"
)

// Bindings is what a router knows of labels.
type Bindings interface {
	// Bound returns what the router does with packets of a FEC; ok is false if it has no
	// mapping for it.
	Bound(FEC) (b Binding, ok bool)
	// Transit returns where the router sends packets with a label of a path, as Binding.Next
	// does; ok is false if the label is of no path.
	Transit(label uint32) (next Mapping, ok bool)
}

// Binding is a FEC at a router.
type Binding struct {
	Label  uint32  // by which others send; ImplicitNull: without
	Egress bool    // the router is the end of the path, and the rest is unused
	Next   Mapping // with the labels that take the place of Label, the outermost first: ImplicitNull for none
}

// Asked is a request that has come to a router.
type Asked struct {
	Packet
	At     time.Time
	Router netip.Addr // the address by which the router answers
}

// Answer returns what a router answers to a request (RFC 8029 sections 4.4 and 4.5); ok is
// false if it is to be silent.
func Answer(q Asked, known Bindings) (reply Message, ok bool) {
	m, err := Parse(q.Data)
	if err != nil && !Answerable(err) || m.Type != Request || m.Mode != ReplyUDP && m.Mode != ReplyAlert {
		return Message{}, false
	}
	reply = Message{
		Type: Reply, Mode: m.Mode, Handle: m.Handle, Sequence: m.Sequence, Sent: m.Sent, Received: q.At,
		Incoming: &Incoming{Router: q.Router, Stack: q.Stack},
	}
	switch {
	case err != nil || len(m.FECs) == 0 && len(m.Unknown) == 0:
		reply.Code = Malformed
	case len(m.Unknown) > 0:
		reply.Code, reply.Unknown = NotUnderstood, m.Unknown
	default:
		reply.judge(m, q.Stack, known)
	}
	return reply, true
}

// judge validates the outermost label of a request, and its FEC. Depths count from the
// bottom of the stack; a request without labels has come by an implicit null.
func (m *Message) judge(request Message, stack []Label, known Bindings) {
	label := uint32(ImplicitNull)
	if len(stack) > 0 {
		label = stack[0].Value
	}
	m.Depth = uint8(max(len(stack), 1))
	if told := request.Mapping; told != nil && !told.NextHop.IsMulticast() && !sameLabels(told.Labels, stack) {
		m.Code = WrongMapping
		return
	}
	var next Mapping
	m.Code, next = request.verdict(stack, label, known)
	if request.Mapping == nil || m.Code != Switched {
		return
	}
	next.Code, next.Depth = m.Code, m.Depth
	if len(stack) > 0 {
		next.Labels = append(slices.Clone(next.Labels), bare(stack[1:])...)
	}
	m.Mapping, m.Code, m.Depth = &next, SeeMapping, 0
}

// verdict compares the outermost label of a stack with what the router has told others of
// its FEC. Of a label above those that the request asks about, it says only where it leads.
func (m Message) verdict(stack []Label, label uint32, known Bindings) (Code, Mapping) {
	above := len(m.FECs) - max(len(stack), 1)
	if above < 0 {
		if next, ok := known.Transit(label); ok {
			return Switched, next
		}
		return NoLabel, Mapping{}
	}
	f := m.FECs[above]
	bound, ok := known.Bound(f)
	nulls := Label{Value: label}.isNull() && Label{Value: bound.Label}.isNull()
	switch {
	case f.Other != 0:
		return NotUnderstood, Mapping{}
	case !ok:
		return NoMapping, Mapping{}
	case bound.Label != label && !(bound.Egress && nulls):
		return OtherLabel, Mapping{}
	case bound.Egress:
		return Egress, Mapping{}
	}
	return Switched, bound.Next
}

// sameLabels reports whether a request has come with the labels that the router before had
// told, besides nulls.
func sameLabels(told, come []Label) bool {
	visible := func(list []Label) (values []uint32) {
		for _, l := range list {
			if !l.isNull() {
				values = append(values, l.Value)
			}
		}
		return values
	}
	return slices.Equal(visible(told), visible(come))
}

// bare returns labels without their TTLs.
func bare(list []Label) []Label {
	out := slices.Clone(list)
	for i := range out {
		out[i].TTL = 0
	}
	return out
}

// Verdict returns what a reply says of a path: that of the mapping if it points there.
func (m Message) Verdict() (Code, uint8) {
	if m.Code == SeeMapping && m.Mapping != nil {
		return m.Mapping.Code, m.Mapping.Depth
	}
	return m.Code, m.Depth
}
