package collector

import (
	"encoding/binary"
	"slices"
	"testing"

	"github.com/osrg/gobgp/v3/pkg/packet/bmp"
)

// FRR has no OPENs of a session whose connections collided, and sends headers instead.
func TestPeerUpWithoutOpens(t *testing.T) {
	whole, err := up(header(bmp.BMP_PEER_TYPE_GLOBAL, 0, "192.168.0.2"), 0).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	const before = bmp.BMP_HEADER_SIZE + bmp.BMP_PEER_HEADER_SIZE + 20
	first := int(binary.BigEndian.Uint16(whole[before+16:]))
	header := func(open []byte) []byte {
		h := slices.Clone(open[:19])
		binary.BigEndian.PutUint16(h[16:], 19)
		return h
	}
	sent, received := whole[before:before+first], whole[before+first:]
	for name, opens := range map[string][2][]byte{
		"none": {header(sent), header(received)}, "only the first": {sent, header(received)}, "only the second": {header(sent), received},
	} {
		msg := slices.Concat(whole[:before], opens[0], opens[1])
		binary.BigEndian.PutUint32(msg[1:], uint32(len(msg)))
		event, err := (&codec{up: make(map[peerKey]*peerUp)}).read(msg)
		e, ok := event.(peerUp)
		if err != nil || !ok {
			t.Errorf("%s: %v, %v", name, event, err)
			continue
		}
		if e.peer.as != 65002 || (e.localAS == 65001) != (len(opens[0]) > 19) || e.remoteID.IsValid() != (len(opens[1]) > 19) {
			t.Errorf("%s: %+v", name, e)
		}
	}
	cut := slices.Clone(whole[:before+10])
	binary.BigEndian.PutUint32(cut[1:], uint32(len(cut)))
	if event, err := (&codec{up: make(map[peerKey]*peerUp)}).read(cut); err == nil {
		t.Errorf("half an OPEN: %v", event)
	}
}
