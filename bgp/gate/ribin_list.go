package gate

import (
	"bytes"
	"maps"
	"net/netip"

	"pseudowan/bgp/policy"
)

// ReceivedPath is a path that the peer has announced.
type ReceivedPath struct {
	Before policy.Path    // as received, and repaired
	After  policy.Path    // as the import policy makes it
	By     policy.Verdict // what the import policy thinks of it
	ID     *uint32        // path identifier (RFC 7911); nil: it has none
	Label  uint32         // the first one
	Labels int
	Unused string // why the receiver is not shown the path; "": it is
}

// Paths lists what the peer has announced, in no order. It may be called at any
// time.
func (j *Judge) Paths() []ReceivedPath {
	r := &j.rib
	r.mu.RLock()
	paths, chain := maps.Clone(r.paths), r.chain
	r.mu.RUnlock()
	return j.list(paths, chain)
}

// PathsTo lists what the peer has announced of a prefix, with any RD and path identifier.
// It may be called at any time.
func (j *Judge) PathsTo(prefix netip.Prefix) []ReceivedPath {
	octets := prefix.Addr().AsSlice()
	r := &j.rib
	r.mu.RLock()
	paths, chain := make(map[key]inPath), r.chain
	for k, p := range r.paths {
		if int(k.bits) == prefix.Bits() && bytes.HasPrefix(k.prefix[:], octets) && k.family != RTC && (k.family.bits() == 32) == prefix.Addr().Is4() {
			paths[k] = p
		}
	}
	r.mu.RUnlock()
	return j.list(paths, chain)
}

func (j *Judge) list(paths map[key]inPath, chain *policy.Chain) []ReceivedPath {
	list := make([]ReceivedPath, 0, len(paths))
	decoded := make(map[*pathAttrs]policy.Path)
	for k, p := range paths {
		before, ok := decoded[p.in]
		if !ok {
			before = p.in.decode(j.shape.as4)
			decoded[p.in] = before
		}
		list = append(list, p.describe(k.describe(before), k.id.shown(), chain))
	}
	return list
}

func (p *inPath) describe(before policy.Path, id *uint32, chain *policy.Chain) ReceivedPath {
	s := ReceivedPath{Before: before, After: before, ID: id, Label: labelOf(p.label), Labels: int(p.labels)}
	if chain != nil && p.fate != excluded {
		s.After, s.By = chain.Evaluate(before)
	}
	switch p.fate {
	case rejected:
		s.Unused = "rejected by " + s.By.By.String()
	case tooLong:
		s.Unused = "no message can hold what the import policy makes of it"
	case excluded:
		s.Unused = p.why.text(int(p.labels))
	}
	return s
}

func labelOf(l [3]byte) uint32 { return uint32(l[0])<<12 | uint32(l[1])<<4 | uint32(l[2])>>4 }

// Accepted is how many paths of the peer the receiver is shown. It may be called
// at any time.
func (j *Judge) Accepted() int { return int(j.shown.Load()) }

// Messages encodes the paths of the peer as UPDATE messages, with an end of RIB for
// each family: as received, or as the receiver is shown them. It may be called at any
// time, and holds nobody up.
func (j *Judge) Messages(shown bool) []byte {
	r := &j.rib
	r.mu.RLock()
	paths := maps.Clone(r.paths)
	r.mu.RUnlock()
	var b bundle
	for k, p := range paths {
		switch {
		case !shown && p.labels <= 1:
			b.announce(labelled{k, p.label}, p.in)
		case shown && p.out != nil:
			b.announce(labelled{k, p.label}, p.out)
		}
	}
	return appendEnds(b.appendMessages(nil), j.Families())
}
