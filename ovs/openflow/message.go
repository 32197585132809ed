package openflow

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

const (
	version    = 0x04 // OpenFlow 1.3
	headerSize = 8
)

// Message types (section 7.1 of the specification).
const (
	typeHello            = 0
	typeError            = 1
	typeEchoRequest      = 2
	typeEchoReply        = 3
	typeExperimenter     = 4
	typeSetConfig        = 9
	typePacketIn         = 10
	typePacketOut        = 13
	typeFlowMod          = 14
	typeMultipartRequest = 18
	typeMultipartReply   = 19
	typeBarrierRequest   = 20
	typeBarrierReply     = 21
	typeMeterMod         = 29
)

// errShort is the error for a truncated message.
var errShort = errors.New("message too short")

var be = binary.BigEndian

// message is one OpenFlow message without its header.
type message struct {
	kind uint8
	xid  uint32
	body []byte
}

// appendTo appends the encoded message to b.
func (m message) appendTo(b []byte) []byte {
	b = append(b, version, m.kind)
	b = be.AppendUint16(b, uint16(headerSize+len(m.body)))
	b = be.AppendUint32(b, m.xid)
	return append(b, m.body...)
}

// readMessage reads one message. It does not check the version: a switch that
// speaks another sends an error message in that one.
func readMessage(r io.Reader) (message, error) {
	var h [headerSize]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return message{}, err
	}
	length := int(be.Uint16(h[2:]))
	if length < headerSize {
		return message{}, fmt.Errorf("message of type %d: length %d: %w", h[1], length, errShort)
	}
	m := message{kind: h[1], xid: be.Uint32(h[4:]), body: make([]byte, length-headerSize)}
	if _, err := io.ReadFull(r, m.body); err != nil {
		return message{}, fmt.Errorf("message of type %d: %w", m.kind, err)
	}
	return m, nil
}

// refusal is an error message of the switch (section 7.4.4).
type refusal struct {
	kind   uint16
	code   uint16
	quoted []byte // the beginning of the refused message
}

// Error types and codes that have texts.
const (
	errorHelloFailed  = 0
	errorMeterMod     = 12
	codeMeterExists   = 1
	codeUnknownMeter  = 2
	errorBadAction    = 2
	codeBadOutputPort = 4
)

// Error implements error.
func (e *refusal) Error() string {
	switch {
	case e.kind == errorMeterMod && e.code == codeMeterExists:
		return "switch refused: meter exists"
	case e.kind == errorMeterMod && e.code == codeUnknownMeter:
		return "switch refused: unknown meter"
	case e.kind == errorBadAction && e.code == codeBadOutputPort:
		return "switch refused: no such output port"
	}
	return fmt.Sprintf("switch refused: OpenFlow error type %d code %d", e.kind, e.code)
}

func decodeError(b []byte) (*refusal, error) {
	if len(b) < 4 {
		return nil, fmt.Errorf("error message: %w", errShort)
	}
	return &refusal{kind: be.Uint16(b), code: be.Uint16(b[2:]), quoted: b[4:]}, nil
}
