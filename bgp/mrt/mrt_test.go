package mrt

import (
	"bytes"
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/bgp"
	"github.com/osrg/gobgp/v3/pkg/packet/mrt"
)

func octets(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

var (
	at   = time.Unix(0x66, 5000)
	old  = Session{PeerAS: 4200000001, LocalAS: 65000, Peer: netip.MustParseAddr("10.1.0.2"), Local: netip.MustParseAddr("10.1.0.1"), PeerID: netip.MustParseAddr("1.1.1.1"), AS2: true}
	six  = Session{PeerAS: 65002, LocalAS: 65000, Peer: netip.MustParseAddr("2001:db8::2"), Local: netip.MustParseAddr("2001:db8::1"), PeerID: netip.MustParseAddr("2.2.2.2")}
	keep = octets("ffffffffffffffffffffffffffffffff 0013 04")
)

func TestRecords(t *testing.T) {
	attrs := octets("40010100 400206020100000001 400304c0a80002")
	for name, tt := range map[string]struct {
		got  []byte
		want string
	}{
		"message of 2 octets": {Message(at, old, keep), "00000066 0011 0001 00000027 00000005 5ba0 fde8 0000 0001 0a010002 0a010001" + hex.EncodeToString(keep)},
		"message":             {Message(at, six, keep), "00000066 0011 0004 00000043 00000005 0000fdea 0000fde8 0000 0002 20010db8000000000000000000000002 20010db8000000000000000000000001" + hex.EncodeToString(keep)},
		"state":               {StateChange(at, old, OpenConfirm, Established), "00000066 0011 0005 0000001c 00000005 fa56ea01 0000fde8 0000 0001 0a010002 0a010001 0005 0006"},
		"peers": {PeerIndexTable(at, netip.MustParseAddr("10.0.0.1"), "red", []Session{old, six}),
			"00000066 000d 0001 00000031 0a000001 0003 726564 0002 02 01010101 0a010002 fa56ea01 03 02020202 20010db8000000000000000000000002 0000fdea"},
		"route":   {Route(at, 7, 1, 1, octets("18 0a0200"), []Entry{{1, at, attrs}}), "00000066 000d 0002 00000026 00000007 18 0a0200 0001 0001 00000066 0014" + hex.EncodeToString(attrs)},
		"generic": {Route(at, 8, 1, 128, octets("70 003e81 0000fde800000001 0a0200"), []Entry{{0, at, nil}}), "00000066 000d 0006 00000020 00000008 0001 80 70 003e81 0000fde800000001 0a0200 0001 0000 00000066 0000"},
	} {
		if want := octets(tt.want); !bytes.Equal(tt.got, want) {
			t.Errorf("%s:\n%x, want\n%x", name, tt.got, want)
		}
		h := &mrt.MRTHeader{}
		if err := h.DecodeFromBytes(tt.got); err != nil || int(h.Len) != len(tt.got)-headerLength {
			t.Errorf("%s: header %+v, %v", name, h, err)
		}
	}
	h := &mrt.MRTHeader{}
	raw := Route(at, 7, 1, 1, octets("18 0a0200"), []Entry{{1, at, attrs}})
	if err := h.DecodeFromBytes(raw); err != nil {
		t.Fatal(err)
	}
	m, err := mrt.ParseMRTBody(h, raw[headerLength:])
	if err != nil {
		t.Fatal(err)
	}
	rib := m.Body.(*mrt.Rib)
	if rib.Prefix.String() != "10.2.0.0/24" || len(rib.Entries) != 1 || rib.Entries[0].PathAttributes[1].(*bgp.PathAttributeAsPath).Value[0].GetAS()[0] != 1 {
		t.Errorf("another implementation reads %s", rib)
	}
}
