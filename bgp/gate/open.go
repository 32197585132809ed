package gate

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
)

// Capabilities that the gate knows (RFC 5492 and its registry).
const (
	capMultiprotocol   = 1
	capRefresh         = 2
	capExtendedNextHop = 5
	capGracefulRestart = 64
	capAS4             = 65
	capAddPath         = 69
	capEnhancedRefresh = 70
	capFQDN            = 73
)

const (
	maxCapabilities       = 253 // octets that fit into an OPEN without RFC 9072
	parameterCapabilities = 2
	asTrans               = 23456
)

// Open is the content of an OPEN message.
type Open struct {
	AS       uint32
	HoldTime uint16 // seconds
	ID       netip.Addr
	Families []Family // of its multiprotocol capabilities (RFC 4760)
	Extended []Family // whose routes it takes with IPv6 next hops (RFC 8950)
	Restart  *Restart // nil: no graceful restart
	Refresh  bool     // it answers ROUTE-REFRESH (RFC 2918)
	Enhanced bool     // it marks where its answers to ROUTE-REFRESH begin and end (RFC 7313)

	longLived []byte          // nil: it has no such capability
	AddPath   [families]uint8 // modes of families with several paths to a prefix (RFC 7911)

	as4          bool   // it carries a 4-octet AS number (RFC 6793)
	capabilities []byte // those that are passed on
}

// Restart is the graceful restart capability of an OPEN message (RFC 4724 section
// 3).
type Restart struct {
	Restarted bool     // its sender has restarted
	Notifies  bool     // it keeps routes over NOTIFICATIONs (RFC 8538)
	Time      uint16   // how long its routes are to be kept, in seconds
	Families  []Family // that it restarts with
	Preserved []Family // whose packets it has forwarded meanwhile

	// Of the capability of RFC 9494 beside it.
	TakesStale    bool              // it knows of routes that are stale for long
	LongLived     map[Family]uint32 // how long its routes are to be kept after Time, in seconds
	LongPreserved []Family
}

func openError(subcode uint8, data ...byte) *Notification {
	return &Notification{Code: CodeOpen, Subcode: subcode, Data: data}
}

// parseOpen reads an OPEN message whose header has been checked.
func parseOpen(msg []byte) (Open, *Notification) {
	b := msg[headerLength:]
	if b[0] != 4 {
		return Open{}, openError(openVersion, 0, 4)
	}
	o := Open{AS: uint32(binary.BigEndian.Uint16(b[1:])), HoldTime: binary.BigEndian.Uint16(b[3:]), ID: netip.AddrFrom4([4]byte(b[5:9]))}
	extended := b[9] == 255 && len(b) >= 13 && b[10] == 255 // RFC 9072
	length, parameters := int(b[9]), b[10:]
	if extended {
		length, parameters = int(binary.BigEndian.Uint16(b[11:])), b[13:]
	}
	if length != len(parameters) {
		return o, openError(0)
	}
	for len(parameters) > 0 {
		kind, value, rest, ok := cutParameter(parameters, extended)
		if !ok {
			return o, openError(0)
		}
		if kind != parameterCapabilities {
			return o, openError(openUnknownParameter)
		}
		if !o.read(value) {
			return o, openError(0)
		}
		parameters = rest
	}
	o.readLongLived()
	return o, nil
}

func cutParameter(b []byte, extended bool) (kind uint8, value, rest []byte, ok bool) {
	head := 2
	if extended {
		head = 3
	}
	if len(b) < head {
		return 0, nil, nil, false
	}
	n := int(b[1])
	if extended {
		n = int(binary.BigEndian.Uint16(b[1:]))
	}
	if len(b) < head+n {
		return 0, nil, nil, false
	}
	return b[0], b[head : head+n], b[head+n:], true
}

// read reads capabilities. It ignores unknown and malformed ones (RFC 5492
// section 3).
func (o *Open) read(b []byte) bool {
	for len(b) > 0 {
		if len(b) < 2 || len(b) < 2+int(b[1]) {
			return false
		}
		code, value, whole := b[0], b[2:2+int(b[1])], b[:2+int(b[1])]
		b = b[len(whole):]
		switch {
		case code == capMultiprotocol && len(value) == 4:
			f, ok := familyOf(binary.BigEndian.Uint16(value), value[3])
			if ok {
				o.Families = append(o.Families, f)
			}
			if ok && f == RTC {
				continue // the receiver leaves this to the gate
			}
		case code == capAS4 && len(value) == 4:
			o.AS, o.as4 = binary.BigEndian.Uint32(value), true
		case code == capRefresh && len(value) == 0:
			o.Refresh = true
		case code == capAddPath && len(value) > 0 && len(value)%4 == 0:
			o.readAddPath(value)
			continue // the receiver is shown one that has all
		case code == capEnhancedRefresh && len(value) == 0:
			o.Enhanced = true
			continue // the receiver leaves this to the gate
		case code == capGracefulRestart && len(value) >= 2 && (len(value)-2)%4 == 0:
			o.Restart = parseRestart(value)
		case code == capLongLived && len(value)%7 == 0:
			o.longLived = append([]byte{}, value...)
			continue // the receiver is shown one that fits the session
		case code == capExtendedNextHop && len(value) > 0 && len(value)%6 == 0:
			for v := value; len(v) > 0; v = v[6:] {
				if f, ok := familyOf(binary.BigEndian.Uint16(v), v[3]); ok && v[2] == 0 && binary.BigEndian.Uint16(v[4:]) == 2 {
					o.Extended = append(o.Extended, f)
				}
			}
		default:
			continue
		}
		if !o.has(whole) && len(o.capabilities)+len(whole) <= maxCapabilities {
			o.capabilities = append(o.capabilities, whole...)
		}
	}
	return true
}

// has reports whether a capability is among those that are passed on: peers
// repeat some.
func (o *Open) has(whole []byte) bool {
	for b := o.capabilities; len(b) > 0; b = b[2+int(b[1]):] {
		if bytes.Equal(b[:2+int(b[1])], whole) {
			return true
		}
	}
	return false
}

func parseRestart(b []byte) *Restart {
	r := &Restart{Restarted: b[0]&bitRestarted != 0, Notifies: b[0]&bitNotifies != 0, Time: binary.BigEndian.Uint16(b) & 0xfff}
	for b = b[2:]; len(b) > 0; b = b[4:] {
		f, ok := familyOf(binary.BigEndian.Uint16(b), b[2])
		if !ok || slices.Contains(r.Families, f) {
			continue
		}
		r.Families = append(r.Families, f)
		if b[3]&bitPreserved != 0 {
			r.Preserved = append(r.Preserved, f)
		}
	}
	return r
}

// readLongLived reads the capability of RFC 9494, which counts only beside that of
// graceful restart (section 4.1).
func (o *Open) readLongLived() {
	if o.Restart == nil || o.longLived == nil {
		return
	}
	o.Restart.TakesStale, o.Restart.LongLived = true, make(map[Family]uint32)
	for b := o.longLived; len(b) > 0; b = b[7:] {
		f, ok := familyOf(binary.BigEndian.Uint16(b), b[2])
		if !ok {
			continue
		}
		o.Restart.LongLived[f] = uint32(b[4])<<16 | uint32(b[5])<<8 | uint32(b[6])
		if b[3]&bitPreserved != 0 {
			o.Restart.LongPreserved = append(o.Restart.LongPreserved, f)
		}
	}
}

// without returns the capabilities that are passed on, but for those of a code.
func (o *Open) without(code uint8) (rest []byte) {
	for b := o.capabilities; len(b) > 0; b = b[2+int(b[1]):] {
		if b[0] != code {
			rest = append(rest, b[:2+int(b[1])]...)
		}
	}
	return rest
}

// message encodes the OPEN with only the capabilities that were understood.
func (o Open) message() []byte {
	n := len(o.capabilities)
	body := 10
	if n > 0 {
		body += 2 + n
	}
	m := appendHeader(nil, typeOpen, body)
	m = append(append(append(m, 4), o.as2()...), uint8(o.HoldTime>>8), uint8(o.HoldTime))
	m = append(m, o.ID.AsSlice()...)
	if n == 0 {
		return append(m, 0)
	}
	m = append(m, uint8(2+n), parameterCapabilities, uint8(n))
	return append(m, o.capabilities...)
}

// as2 returns the AS number in two octets (RFC 6793).
func (o Open) as2() []byte {
	if o.AS > 0xffff {
		return binary.BigEndian.AppendUint16(nil, asTrans)
	}
	return binary.BigEndian.AppendUint16(nil, uint16(o.AS))
}

// check judges the OPEN of a peer (RFC 4271 section 6.2, RFC 6286).
func (o Open) check(c Config) *Notification {
	switch {
	case o.AS != c.PeerAS:
		return openError(openPeerAS, o.as2()...)
	case o.ID.IsUnspecified(), c.PeerAS == c.LocalAS && o.ID == c.LocalID:
		id := o.ID.As4()
		return openError(openIdentifier, id[:]...)
	case o.HoldTime == 1 || o.HoldTime == 2:
		return openError(openHoldTime)
	}
	return nil
}
