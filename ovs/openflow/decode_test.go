package openflow

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// packetInBody is a packet-in from port 3 of VRF 101 with reg1 and reg3, as
// Open vSwitch sends it, and a field that is ignored.
var packetInBody = []byte{
	0xff, 0xff, 0xff, 0xff, 0, 5, 1, 40, 4, 0, 0, 0, 0, 0, 0, 9,
	0, 1, 0, 46, // five fields in 46 octets, padded to 48
	0x80, 0, 0, 4, 0, 0, 0, 3,
	0x80, 0, 4, 8, 0, 0, 0, 0, 0, 0, 0, 101,
	0, 1, 2, 4, 0, 0, 0, 7,
	0, 1, 6, 4, 0, 0, 0, 2,
	0x80, 0, 10, 2, 8, 0,
	0, 0, // the match's padding
	0, 0, // the message's
	'f', 'r', 'a', 'm', 'e',
}

var packetIn = PacketIn{
	InPort: 3, Metadata: 101, Reg: [registers]uint32{1: 7, 3: 2}, Frame: []byte("frame"),
}

func TestDecodePacketIn(t *testing.T) {
	got, err := decodePacketIn(packetInBody)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(packetIn, got); diff != "" {
		t.Error(diff)
	}
	for n := range len(packetInBody) - len("frame") {
		if _, err := decodePacketIn(packetInBody[:n]); !errors.Is(err, errShort) {
			t.Errorf("%d octets of it: %v", n, err)
		}
	}
}

func FuzzDecodePacketIn(f *testing.F) {
	f.Add(packetInBody)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := decodePacketIn(b)
		if err == nil && !bytes.HasSuffix(b, p.Frame) {
			t.Errorf("the frame %x is not the end of %x", p.Frame, b)
		}
	})
}

func FuzzStatistics(f *testing.F) {
	f.Add(make([]byte, 3*portStatsSize))
	entry := make([]byte, 56)
	entry[1] = 56
	f.Add(append(entry, entry...))
	f.Fuzz(func(t *testing.T, b []byte) {
		if flows, err := appendFlowStats(nil, b); err == nil && len(flows)*flowStatsSize > len(b) {
			t.Errorf("%d flows out of %d octets", len(flows), len(b))
		}
		if ports, err := appendPortStats(nil, b); err == nil && len(ports)*portStatsSize != len(b) {
			t.Errorf("%d ports out of %d octets", len(ports), len(b))
		}
	})
}

func FuzzReadMessage(f *testing.F) {
	f.Add(message{kind: typePacketIn, xid: 9, body: packetInBody}.appendTo(nil))
	f.Add([]byte{4, 0, 0, 7, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := bytes.NewReader(b)
		m, err := readMessage(r)
		if err != nil {
			return
		}
		rest, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		again := append(m.appendTo(nil), rest...)
		again[0] = b[0]
		if !bytes.Equal(again, b) {
			t.Errorf("%x became %x", b, again)
		}
	})
}
