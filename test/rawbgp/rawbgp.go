package rawbgp

import (
	"encoding/binary"
	"io"
	"slices"
)

const headerLength = 19

// Message returns a message with a valid header.
func Message(kind byte, body ...byte) []byte {
	m := append(slices.Repeat([]byte{0xff}, 16), 0, 0, kind)
	m = append(m, body...)
	binary.BigEndian.PutUint16(m[16:], uint16(len(m)))
	return m
}

// ReadKind reads one message and returns its type; 0 if there is none.
func ReadKind(r io.Reader) byte {
	head := make([]byte, headerLength)
	if _, err := io.ReadFull(r, head); err != nil {
		return 0
	}
	if _, err := io.CopyN(io.Discard, r, int64(binary.BigEndian.Uint16(head[16:]))-headerLength); err != nil {
		return 0
	}
	return head[18]
}
