package mplsecho

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Type is the type of a message (RFC 8029 section 3).
type Type uint8

// The types.
const (
	Request Type = 1
	Reply   Type = 2
)

// ReplyMode is how a request wants to be answered.
type ReplyMode uint8

// The reply modes of RFC 8029. With router alert, answers are those of ReplyUDP (RFC 9570).
const (
	DoNotReply ReplyMode = 1
	ReplyUDP   ReplyMode = 2
	ReplyAlert ReplyMode = 3
)

// Code is a return code (RFC 8029 section 3.1).
type Code uint8

// The return codes that this package sends.
const (
	NoCode        Code = 0
	Malformed     Code = 1
	NotUnderstood Code = 2
	Egress        Code = 3
	NoMapping     Code = 4
	WrongMapping  Code = 5
	Switched      Code = 8
	OtherLabel    Code = 10
	NoLabel       Code = 11
	SeeMapping    Code = 14
)

var codes = map[Code]string{
	NoCode: "no return code", Malformed: "malformed echo request", NotUnderstood: "TLVs not understood", Egress: "replying router is egress",
	NoMapping: "no mapping for the FEC", WrongMapping: "downstream mapping mismatch", 6: "upstream interface unknown", Switched: "label switched", 9: "label switched, but no MPLS forwarding",
	OtherLabel: "mapping for the FEC is not the given label", NoLabel: "no label entry", 12: "protocol not associated with interface",
	13: "premature termination of ping", SeeMapping: "see the downstream mapping", 15: "label switched with FEC change",
}

// String returns the code in the words of the RFC.
func (c Code) String() string {
	if text, ok := codes[c]; ok {
		return text
	}
	return fmt.Sprintf("return code %d", uint8(c))
}

// Message is an echo request or reply (RFC 8029 section 3).
type Message struct {
	Type     Type
	Mode     ReplyMode
	Validate bool // the FECs are to be validated on the way, too (V)
	Code     Code
	Depth    uint8 // of the label that Code is about: 1 is the bottom of the stack (return subcode)
	Handle   uint32
	Sequence uint32
	Sent     time.Time // of the request, by the sender's clock
	Received time.Time // of the request, by the receiver's; zero in requests

	FECs     []FEC     // that of the outermost label first
	Mapping  *Mapping  // where the packet goes next (downstream detailed mapping); nil: not asked, or not told
	Incoming *Incoming // how the request came; nil: not told
	Unknown  []TLV     // that must be understood, and are not
}

// TLV is a type, and octets of that type.
type TLV struct {
	Type  uint16
	Value []byte
}

// Types of TLVs (RFC 8029 section 3).
const (
	tlvFECs     = 1
	tlvIncoming = 7
	tlvErrored  = 9
	tlvMapping  = 20
)

const (
	version      = 1
	headerLength = 32
	tlvHeader    = 4
	flagValidate = 0x0001
	mandatory    = 0x8000 // types below must be understood
)

// maxFECs and maxLabels bound what a message may name: no stack is deeper.
const (
	maxFECs   = 16
	maxLabels = 16
)

// errMalformed is the error of a message with a header and wrong contents.
var errMalformed = errors.New("malformed")

// Parse reads a message. An error that is Answerable comes with what the header says.
func Parse(b []byte) (m Message, err error) {
	if len(b) < headerLength {
		return m, fmt.Errorf("MPLS echo: %d octets, the header has %d", len(b), headerLength)
	}
	if v := binary.BigEndian.Uint16(b); v != version {
		return m, fmt.Errorf("MPLS echo: version %d", v)
	}
	m = Message{
		Type: Type(b[4]), Mode: ReplyMode(b[5]), Validate: binary.BigEndian.Uint16(b[2:])&flagValidate != 0, Code: Code(b[6]), Depth: b[7],
		Handle: binary.BigEndian.Uint32(b[8:]), Sequence: binary.BigEndian.Uint32(b[12:]),
		Sent: stampTime(b[16:]), Received: stampTime(b[24:]),
	}
	if m.Type != Request && m.Type != Reply {
		return m, fmt.Errorf("MPLS echo: message type %d", m.Type)
	}
	list, err := readTLVs(b[headerLength:])
	for _, t := range list {
		if err == nil {
			err = m.take(t)
		}
	}
	if err != nil {
		return m, fmt.Errorf("MPLS echo: %w", err)
	}
	return m, nil
}

// Answerable reports whether an error of Parse is to be answered: the header is right.
func Answerable(err error) bool { return errors.Is(err, errMalformed) }

// take reads a TLV. Those that may be ignored are.
func (m *Message) take(t TLV) (err error) {
	switch {
	case t.Type == tlvFECs:
		m.FECs, err = parseFECs(t.Value)
	case t.Type == tlvMapping:
		m.Mapping, err = parseMapping(t.Value)
	case t.Type == tlvIncoming && m.Type == Reply:
		m.Incoming, err = parseIncoming(t.Value)
	case t.Type == tlvErrored && m.Type == Reply:
		m.Unknown, err = readTLVs(t.Value)
	case t.Type < mandatory && !ignored[t.Type]:
		m.Unknown = append(m.Unknown, t)
	}
	return err
}

// ignored are types that are understood, and say nothing that counts: padding, and who has
// made the program.
var ignored = map[uint16]bool{3: true, 5: true}

// readTLVs splits a list of TLVs, each padded to four octets.
func readTLVs(b []byte) (list []TLV, err error) {
	for len(b) > 0 {
		if len(b) < tlvHeader {
			return list, fmt.Errorf("%w: %d octets behind the last TLV", errMalformed, len(b))
		}
		kind, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		b = b[tlvHeader:]
		if size > len(b) {
			return list, fmt.Errorf("%w: a TLV of type %d has %d octets, but %d follow", errMalformed, kind, size, len(b))
		}
		list = append(list, TLV{kind, b[:size]})
		b = b[min(padded(size), len(b)):]
	}
	return list, nil
}

func padded(size int) int { return (size + 3) &^ 3 }

// Append appends the message as it is on the wire.
func (m Message) Append(b []byte) []byte {
	flags := uint16(0)
	if m.Validate {
		flags |= flagValidate
	}
	b = binary.BigEndian.AppendUint16(b, version)
	b = binary.BigEndian.AppendUint16(b, flags)
	b = append(b, byte(m.Type), byte(m.Mode), byte(m.Code), m.Depth)
	b = binary.BigEndian.AppendUint32(b, m.Handle)
	b = binary.BigEndian.AppendUint32(b, m.Sequence)
	b = appendStamp(appendStamp(b, m.Sent), m.Received)
	if len(m.FECs) > 0 {
		b = appendTLV(b, TLV{tlvFECs, appendFECs(nil, m.FECs)})
	}
	if m.Mapping != nil {
		b = appendTLV(b, TLV{tlvMapping, m.Mapping.append(nil)})
	}
	if m.Incoming != nil {
		b = appendTLV(b, TLV{tlvIncoming, m.Incoming.append(nil)})
	}
	if len(m.Unknown) > 0 {
		var all []byte
		for _, t := range m.Unknown {
			all = appendTLV(all, t)
		}
		b = appendTLV(b, TLV{tlvErrored, all})
	}
	return b
}

func appendTLV(b []byte, t TLV) []byte {
	b = binary.BigEndian.AppendUint16(b, t.Type)
	b = binary.BigEndian.AppendUint16(b, uint16(len(t.Value)))
	b = append(b, t.Value...)
	return append(b, make([]byte, padded(len(t.Value))-len(t.Value))...)
}

// ntpEpoch is the time at which stamps begin, in seconds of Unix (RFC 5905 section 6).
const ntpEpoch = -2208988800

// appendStamp appends a time as seconds and a fraction of a second; the zero Time as zeros.
func appendStamp(b []byte, at time.Time) []byte {
	if at.IsZero() {
		return append(b, make([]byte, 8)...)
	}
	b = binary.BigEndian.AppendUint32(b, uint32(at.Unix()-ntpEpoch))
	return binary.BigEndian.AppendUint32(b, uint32(uint64(at.Nanosecond())<<32/uint64(time.Second)))
}

func stampTime(b []byte) time.Time {
	seconds, fraction := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
	if seconds == 0 && fraction == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds)+ntpEpoch, int64(uint64(fraction)*uint64(time.Second)>>32)).UTC()
}
