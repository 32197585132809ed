package gate

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error codes of NOTIFICATION messages (RFC 4271 section 4.5, RFC 7313).
const (
	CodeHeader    = 1
	CodeOpen      = 2
	CodeUpdate    = 3
	CodeHoldTimer = 4
	CodeFSM       = 5
	CodeCease     = 6
	CodeRefresh   = 7
	CodeSendHold  = 8
)

// Subcodes that the gate sends.
const (
	headerNotSynchronized = 1
	headerBadLength       = 2
	headerBadType         = 3

	openVersion          = 1
	openPeerAS           = 2
	openIdentifier       = 3
	openUnknownParameter = 4
	openHoldTime         = 6

	updateAttributeList    = 1
	updateUnknownWellKnown = 2
	updateOptional         = 9
	updateNetwork          = 10

	refreshLength = 1

	ceaseMaxPrefixes  = 1
	ceaseShutdown     = 2
	ceaseDeconfigured = 3
	ceaseReset        = 4
	ceaseOtherChange  = 6
	ceaseResources    = 8
	ceaseHardReset    = 9
)

// Notification is the content of a NOTIFICATION message.
type Notification struct {
	Code, Subcode uint8
	Data          []byte
}

// Message encodes the notification. Data that does not fit is truncated.
func (n Notification) Message() []byte {
	data := n.Data[:min(len(n.Data), maxLength-headerLength-2)]
	m := appendHeader(nil, typeNotification, 2+len(data))
	return append(append(m, n.Code, n.Subcode), data...)
}

// Reset is the notification of a router that resets a session, and why (RFC 9003).
func Reset(why string) Notification {
	why = why[:min(len(why), 255)]
	return Notification{Code: CodeCease, Subcode: ceaseReset, Data: append([]byte{byte(len(why))}, why...)}
}

var codeWords = map[uint8]string{
	CodeHeader: "message header error", CodeOpen: "OPEN message error", CodeUpdate: "UPDATE message error",
	CodeHoldTimer: "hold timer expired", CodeFSM: "finite state machine error", CodeCease: "cease",
	CodeRefresh: "ROUTE-REFRESH message error", CodeSendHold: "send hold timer expired",
}

// subcodeWords are those of RFC 4271 section 4.5, RFC 4486, RFC 5492, RFC 6608,
// RFC 7313, RFC 8538, RFC 9234 and RFC 9384.
var subcodeWords = map[uint8]map[uint8]string{
	CodeHeader: {1: "connection not synchronized", 2: "bad message length", 3: "bad message type"},
	CodeOpen: {
		1: "unsupported version number", 2: "bad peer AS", 3: "bad BGP identifier", 4: "unsupported optional parameter",
		6: "unacceptable hold time", 7: "unsupported capability", 11: "role mismatch",
	},
	CodeUpdate: {
		1: "malformed attribute list", 2: "unrecognized well-known attribute", 3: "missing well-known attribute",
		4: "attribute flags error", 5: "attribute length error", 6: "invalid ORIGIN attribute", 8: "invalid NEXT_HOP attribute",
		9: "optional attribute error", 10: "invalid network field", 11: "malformed AS_PATH",
	},
	CodeFSM: {1: "unexpected message in OpenSent", 2: "unexpected message in OpenConfirm", 3: "unexpected message in Established"},
	CodeCease: {
		1: "maximum number of prefixes reached", 2: "administrative shutdown", 3: "peer de-configured", 4: "administrative reset",
		5: "connection rejected", 6: "other configuration change", 7: "connection collision resolution", 8: "out of resources",
		9: "hard reset", 10: "BFD down",
	},
	CodeRefresh: {1: "invalid message length"},
}

// String returns the notification in words, with the sender's text if it has one
// (RFC 9003).
func (n Notification) String() string {
	text, ok := codeWords[n.Code]
	if !ok {
		return fmt.Sprintf("error %d/%d", n.Code, n.Subcode)
	}
	if words, ok := subcodeWords[n.Code][n.Subcode]; ok {
		text += ", " + words
	} else if n.Subcode != 0 {
		text += fmt.Sprintf(", subcode %d", n.Subcode)
	}
	if detail := n.detail(); detail != "" {
		text += ": " + detail
	}
	return text
}

// detail returns the data in words.
func (n Notification) detail() string {
	switch {
	case n.Code == CodeCease && (n.Subcode == ceaseShutdown || n.Subcode == ceaseReset):
		return communication(n.Data)
	case n.Code == CodeCease && n.Subcode == ceaseHardReset && len(n.Data) >= 2 && (n.Data[0] != CodeCease || n.Data[1] != ceaseHardReset):
		return Notification{Code: n.Data[0], Subcode: n.Data[1], Data: n.Data[2:]}.String()
	case n.Code == CodeHeader && n.Subcode == headerBadType && len(n.Data) > 0,
		n.Code == CodeFSM && len(n.Data) == 1:
		return fmt.Sprintf("type %d", n.Data[0])
	case n.Code == CodeHeader && n.Subcode == headerBadLength && len(n.Data) >= 2:
		return fmt.Sprintf("length %d", binary.BigEndian.Uint16(n.Data))
	case n.Code == CodeOpen && n.Subcode == openPeerAS && len(n.Data) == 2:
		return fmt.Sprintf("AS %d", binary.BigEndian.Uint16(n.Data))
	}
	return ""
}

// communication returns the text of the operator at the other end (RFC 9003
// section 2), quoted, or "" if there is none or it is malformed.
func communication(data []byte) string {
	if len(data) == 0 || data[0] == 0 || int(data[0]) > len(data)-1 {
		return ""
	}
	text := string(data[1 : 1+int(data[0])])
	if !utf8.ValidString(text) {
		return ""
	}
	text = strings.TrimSpace(strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, text))
	if text == "" {
		return ""
	}
	return `"` + text + `"`
}

// bare encodes the notification without its data: the receiver does not need it,
// and it may be anything.
func (n Notification) bare() []byte { return Notification{Code: n.Code, Subcode: n.Subcode}.Message() }

// Offence reports whether its addressee has violated the protocol.
func (n Notification) Offence() bool {
	return n.Code == CodeHeader || n.Code == CodeOpen || n.Code == CodeUpdate || n.Code == CodeFSM || n.Code == CodeRefresh
}

// Farewell returns the NOTIFICATION among whole messages of a trusted sender, if
// there is one.
func Farewell(msgs []byte) (Notification, bool) {
	for len(msgs) >= headerLength {
		n := int(binary.BigEndian.Uint16(msgs[16:]))
		if n < headerLength || n > len(msgs) {
			break
		}
		if msgs[18] == typeNotification && n >= headerLength+2 {
			return Notification{Code: msgs[19], Subcode: msgs[20], Data: append([]byte(nil), msgs[21:n]...)}, true
		}
		msgs = msgs[n:]
	}
	return Notification{}, false
}
