package gate

import "encoding/binary"

// Modes of a family in the add-path capability (RFC 7911 section 4).
const (
	pathsReceive = 1
	pathsSend    = 2

	pathIDLength = 4
)

// pathID is the identifier that tells the paths to a prefix apart where both ends
// have add-path for the family (RFC 7911 section 3).
type pathID struct {
	number uint32
	has    bool
}

func (p pathID) append(b []byte) []byte {
	if p.has {
		return binary.BigEndian.AppendUint32(b, p.number)
	}
	return b
}

// shown is the identifier for people; nil if there is none.
func (p pathID) shown() *uint32 {
	if !p.has {
		return nil
	}
	return &p.number
}

// readAddPath reads an add-path capability. One with an unknown mode means nothing,
// and of several for a family the last counts.
func (o *Open) readAddPath(v []byte) {
	modes := o.AddPath
	for b := v; len(b) > 0; b = b[4:] {
		if b[3] == 0 || b[3] > pathsReceive|pathsSend {
			return
		}
		if f, known := familyOf(binary.BigEndian.Uint16(b), b[2]); known && f != RTC {
			modes[f] = b[3]
		}
	}
	o.AddPath = modes
}

// addPath encodes the capability, with the families that the gate can read; nil if
// there is none.
func (o *Open) addPath() (b []byte) {
	for f, mode := range o.AddPath {
		if mode > 0 {
			b = append(append(b, Family(f).header()...), mode)
		}
	}
	if b == nil {
		return nil
	}
	return capability(capAddPath, b)
}

// numbered are the families in which one end receives routes with path identifiers
// that the other sends.
func numbered(receiver, sender Open) (set [families]bool) {
	for f := range set {
		set[f] = receiver.AddPath[f]&pathsReceive != 0 && sender.AddPath[f]&pathsSend != 0
	}
	return set
}
