package bfd

import (
	"log/slog"
	"net/netip"
	"slices"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// message is a control message of the kernel.
func message(kind int32, data ...byte) []byte {
	b := make([]byte, unix.CmsgSpace(len(data)))
	h := (*unix.Cmsghdr)(unsafe.Pointer(&b[0]))
	h.Level, h.Type = unix.SOL_IP, kind
	h.SetLen(unix.CmsgLen(len(data)))
	copy(b[unix.CmsgLen(0):], data)
	return b
}

// A peer on which nobody listens says so: the next packet learns of it, and is sent.
func TestNobodyListens(t *testing.T) {
	local := netip.MustParseAddr("127.0.0.1")
	key := Key{Local: local, Peer: netip.MustParseAddr("127.0.0.77"), Multihop: true}
	s := &sender{from: netip.AddrPortFrom(local, 0), to: key.endpoint()}
	t.Cleanup(s.close)
	log := slog.New(slog.DiscardHandler)
	packet := Out{Key: key, Data: Packet{State: Down, Multiplier: 3, My: 7}.Append(nil)}
	if s.send(log, packet) {
		t.Error("refused before anything was sent")
	}
	if !s.send(log, packet) {
		t.Error("nobody listens, and nobody says so")
	}
}

// What cannot be a packet of a peer does not get into the queue of those that can.
func TestTake(t *testing.T) {
	good := Packet{State: Down, Multiplier: 3, My: 7}.Append(nil)
	to := message(unix.IP_PKTINFO, 0, 0, 0, 0, 192, 0, 2, 1, 192, 0, 2, 1)
	for _, tt := range []struct {
		what     string
		multihop bool
		about    []byte
		data     []byte
		want     bool
	}{
		{"from the link", false, slices.Concat(to, message(unix.IP_TTL, 255, 0, 0, 0)), good, true},
		{"from beyond the link", false, slices.Concat(to, message(unix.IP_TTL, 254, 0, 0, 0)), good, false},
		{"over several hops", true, slices.Concat(to, message(unix.IP_TTL, 254, 0, 0, 0)), good, true},
		{"too short", true, slices.Concat(to, message(unix.IP_TTL, 255, 0, 0, 0)), good[:23], false},
		{"to nowhere", true, message(unix.IP_TTL, 255, 0, 0, 0), good, false},
	} {
		in, ok := listening{multihop: tt.multihop}.take(far, tt.about, tt.data)
		if ok != tt.want || ok && (in.Key != Key{near, far, tt.multihop} || !slices.Equal(in.Data, good)) {
			t.Errorf("%s: %+v, %t", tt.what, in, ok)
		}
	}
}
