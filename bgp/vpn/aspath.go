package vpn

import (
	"slices"
	"strconv"
	"strings"
)

// ASPath is the AS_PATH attribute (RFC 4271 section 4.3, RFC 5065), nearest AS
// first. It is empty for routes of the local AS.
type ASPath []ASSegment

// ASSegment is a segment of an AS path.
type ASSegment struct {
	Kind SegmentKind
	AS   []uint32
}

// SegmentKind is the relation between the ASes of a segment.
type SegmentKind uint8

// The kinds of segments, with their values on the wire.
const (
	ASSet            SegmentKind = 1
	ASSequence       SegmentKind = 2
	ASConfedSequence SegmentKind = 3
	ASConfedSet      SegmentKind = 4
)

// Sequence returns the path through the given ASes, nearest first.
func Sequence(as ...uint32) ASPath {
	if len(as) == 0 {
		return nil
	}
	return ASPath{{Kind: ASSequence, AS: as}}
}

// Len returns the length that best path choice compares: a set counts as one, a
// confederation segment as none (RFC 4271 section 9.1.2.2, RFC 5065 section 5.3).
func (p ASPath) Len() int {
	n := 0
	for _, s := range p {
		switch s.Kind {
		case ASSequence:
			n += len(s.AS)
		case ASSet:
			n++
		}
	}
	return n
}

// Neighbor returns the neighbouring AS whose MEDs are comparable: the first AS of
// the path. It is 0 for a path that begins with a set or that never left our AS.
func (p ASPath) Neighbor() uint32 {
	for _, s := range p {
		switch {
		case s.Kind == ASConfedSequence || s.Kind == ASConfedSet:
			continue
		case s.Kind == ASSequence && len(s.AS) > 0:
			return s.AS[0]
		default:
			return 0
		}
	}
	return 0
}

// Equal reports whether two paths have the same segments.
func (p ASPath) Equal(o ASPath) bool {
	return slices.EqualFunc(p, o, func(a, b ASSegment) bool {
		return a.Kind == b.Kind && slices.Equal(a.AS, b.AS)
	})
}

// String returns the path as in "65001 65002 {65003,65004} (65005) [65006]", with
// sets in braces, confederation sequences in parentheses and confederation sets
// in brackets.
func (p ASPath) String() string {
	var b strings.Builder
	for _, s := range p {
		if len(s.AS) == 0 {
			continue
		}
		if b.Len() > 0 {
			b.WriteByte(' ')
		}
		before, between, after := s.Kind.brackets()
		b.WriteString(before)
		for i, as := range s.AS {
			if i > 0 {
				b.WriteString(between)
			}
			b.WriteString(strconv.FormatUint(uint64(as), 10))
		}
		b.WriteString(after)
	}
	return b.String()
}

func (k SegmentKind) brackets() (before, between, after string) {
	switch k {
	case ASSet:
		return "{", ",", "}"
	case ASConfedSequence:
		return "(", " ", ")"
	case ASConfedSet:
		return "[", ",", "]"
	}
	return "", " ", ""
}

// Override returns the path with every occurrence of an AS replaced, so that a site
// accepts routes of another site of its own AS.
func (p ASPath) Override(as, by uint32) ASPath {
	if !p.Contains(as) {
		return p
	}
	out := make(ASPath, len(p))
	for i, s := range p {
		out[i] = ASSegment{Kind: s.Kind, AS: make([]uint32, len(s.AS))}
		for j, a := range s.AS {
			if a == as {
				a = by
			}
			out[i].AS[j] = a
		}
	}
	return out
}

// Contains reports whether an AS is in the path.
func (p ASPath) Contains(as uint32) bool { return p.Count(as) > 0 }

// Count returns how often an AS is in the path.
func (p ASPath) Count(as uint32) (n int) {
	for _, s := range p {
		for _, a := range s.AS {
			if a == as {
				n++
			}
		}
	}
	return n
}

// Prepend returns the path with ASes added in front, nearest first.
func (p ASPath) Prepend(as ...uint32) ASPath {
	if len(as) == 0 {
		return p
	}
	out := ASPath{{Kind: ASSequence, AS: as}}
	if len(p) > 0 && p[0].Kind == ASSequence {
		out[0].AS = append(append(make([]uint32, 0, len(as)+len(p[0].AS)), as...), p[0].AS...)
		p = p[1:]
	}
	return append(out, p...)
}
