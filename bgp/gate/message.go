package gate

import "encoding/binary"

const (
	headerLength = 19

	// maxLength is the longest message. Extended messages (RFC 8654) are never
	// negotiated.
	maxLength = 4096
)

// Types of messages (RFC 4271 section 4.1, RFC 2918).
const (
	typeOpen         = 1
	typeUpdate       = 2
	typeNotification = 3
	typeKeepalive    = 4
	typeRefresh      = 5
)

// shortest is the least length of each type of message; longest is the greatest,
// if it is not maxLength. A ROUTE-REFRESH of another length than its own has to be
// read before it can be judged (RFC 7313 section 5).
var (
	shortest = map[uint8]int{typeOpen: 29, typeUpdate: 23, typeNotification: 21, typeKeepalive: 19, typeRefresh: 22}
	longest  = map[uint8]int{typeKeepalive: 19}
)

// Keepalive returns a KEEPALIVE message.
func Keepalive() []byte { return appendHeader(nil, typeKeepalive, 0) }

func appendHeader(b []byte, kind uint8, body int) []byte {
	for range 16 {
		b = append(b, 0xff)
	}
	b = binary.BigEndian.AppendUint16(b, uint16(headerLength+body))
	return append(b, kind)
}

// Next returns the first message in b, which aliases b, or nil if more octets are
// needed. It checks the header as soon as possible (RFC 4271 section 6.1).
func Next(b []byte) ([]byte, *Notification) {
	for _, o := range b[:min(len(b), 16)] {
		if o != 0xff {
			return nil, &Notification{Code: CodeHeader, Subcode: headerNotSynchronized}
		}
	}
	if len(b) < headerLength {
		return nil, nil
	}
	n, kind := int(binary.BigEndian.Uint16(b[16:])), b[18]
	least, known := shortest[kind]
	most, bounded := longest[kind]
	if !bounded {
		most = maxLength
	}
	switch {
	case !known && (n < headerLength || n > maxLength), known && (n < least || n > most):
		return nil, &Notification{Code: CodeHeader, Subcode: headerBadLength, Data: b[16:18:18]}
	case !known:
		return nil, &Notification{Code: CodeHeader, Subcode: headerBadType, Data: b[18:19:19]}
	case len(b) < n:
		return nil, nil
	}
	return b[:n:n], nil
}

// Complete returns how many octets of b are whole messages. The sender must be
// trusted to send nothing else.
func Complete(b []byte) int {
	whole := 0
	for len(b)-whole >= headerLength {
		n := int(binary.BigEndian.Uint16(b[whole+16:]))
		if n < headerLength {
			return len(b)
		}
		if len(b)-whole < n {
			break
		}
		whole += n
	}
	return whole
}

// Cut splits the first message off whole messages of an implementation that is
// trusted; what is none is not split.
func Cut(b []byte) (msg, rest []byte) {
	if len(b) < headerLength {
		return b, nil
	}
	n := int(binary.BigEndian.Uint16(b[16:]))
	if n < headerLength || n > len(b) {
		return b, nil
	}
	return b[:n:n], b[n:]
}
