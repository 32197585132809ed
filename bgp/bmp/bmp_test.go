package bmp

import (
	"encoding/hex"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/osrg/gobgp/v3/pkg/packet/bmp"
)

var (
	at   = time.Unix(0x66, 5000).UTC()
	open = octets("ffffffffffffffffffffffffffffffff 001d 01 04 fde8 005a 0a000001 00")
	peer = Peer{Distinguisher: [8]byte{0, 0, 0xfd, 0xe8, 0, 0, 0, 1}, Type: RDPeer, Address: netip.MustParseAddr("10.1.0.2"), AS: 65100, ID: netip.MustParseAddr("10.1.0.9")}
	six  = Peer{Flags: FlagPostPolicy | FlagOut, Address: netip.MustParseAddr("2001:db8::2"), AS: 65000, ID: netip.MustParseAddr("10.0.0.2")}
)

func octets(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

const (
	peerOctets = "01 00 0000fde800000001 0000000000000000000000000a010002 0000fe4c 0a010009 00000066 00000005"
	sixOctets  = "00 d0 0000000000000000 20010db8000000000000000000000002 0000fde8 0a000002 00000000 00000000"
)

// Every message is, octet by octet, what the RFCs say, and another implementation
// reads it.
func TestMessages(t *testing.T) {
	notification := octets("ffffffffffffffffffffffffffffffff 0015 03 06 02")
	for name, tt := range map[string]struct {
		got  []byte
		want string
	}{
		"initiation": {
			Initiation(Text(InfoSysName, "pe1"), Text(InfoSysDescr, "x"), Info{InfoBGPID, []byte{10, 0, 0, 1}}),
			"03 0000001a 04 0002 0003 706531 0001 0001 78 fffb 0004 0a000001",
		},
		"termination": {Termination(OutOfResources, "slow"), "03 00000014 05 0001 0002 0002 0000 0004 736c6f77"},
		"peer up": {
			PeerUp(peer, at, Peering{LocalAddress: netip.MustParseAddr("10.1.0.1"), LocalPort: 179, RemotePort: 40000, Sent: open, Received: open, Info: []Info{Text(InfoTableName, "red")}}),
			"03 00000085 03" + peerOctets + "0000000000000000000000000a010001 00b3 9c40" + hex.EncodeToString(open) + hex.EncodeToString(open) + "0003 0003 726564",
		},
		"peer down":  {PeerDown(six, time.Time{}, DownRemoteNotification, notification), "03 00000046 02" + sixOctets + "03" + hex.EncodeToString(notification)},
		"monitoring": {RouteMonitoring(six, time.Time{}, octets("ffffffffffffffffffffffffffffffff 0017 02 0000 0000")), "03 00000047 00" + sixOctets + "ffffffffffffffffffffffffffffffff 0017 02 0000 0000"},
		"statistics": {
			Statistics(peer, at, []Stat{{Type: StatRejected, Value: 7}, {Type: StatIn, Value: 8}, {Type: StatInFamily, AFI: 1, SAFI: 128, Value: 9}}),
			"03 00000057 01" + peerOctets + "00000003 0000 0004 00000007 0007 0008 0000000000000008 0009 000b 0001 80 0000000000000009",
		},
	} {
		if want := octets(tt.want); string(tt.got) != string(want) {
			t.Errorf("%s:\n%x, want\n%x", name, tt.got, want)
		}
		if m, err := bmp.ParseBMPMessage(tt.got); err != nil || int(m.Header.Length) != len(tt.got) {
			t.Errorf("%s: another implementation reads %+v, %v", name, m, err)
		}
	}
}

// Whatever a session is called, another implementation reads it.
func FuzzMessages(f *testing.F) {
	f.Add(uint8(1), uint8(0x40), []byte{10, 1, 0, 2}, uint32(65001), "red", []byte{3})
	f.Add(uint8(3), uint8(0), []byte{}, uint32(0), strings.Repeat("x", 70000), []byte{})
	f.Fuzz(func(t *testing.T, kind, flags uint8, address []byte, as uint32, text string, data []byte) {
		a, _ := netip.AddrFromSlice(address)
		p := Peer{Type: kind & 3, Flags: flags & 0x70, Address: a, AS: as, ID: netip.AddrFrom4([4]byte{1, 2, 3, 4})}
		for _, m := range [][]byte{
			Initiation(Text(InfoSysName, text)), Termination(0, text),
			PeerUp(p, at, Peering{LocalAddress: a, Sent: open, Received: open, Info: []Info{Text(InfoTableName, text)}}),
			PeerDown(p, at, DownLocal, []byte{0, 0}), Statistics(p, at, []Stat{{Type: StatIn, Value: uint64(as)}}),
		} {
			got, err := bmp.ParseBMPMessage(m)
			if err != nil || int(got.Header.Length) != len(m) {
				t.Fatalf("%x: %+v, %v", m, got, err)
			}
			if h := got.PeerHeader; got.Header.Type < TypeInitiation && (h.PeerAS != as || a.IsValid() && a.Compare(must(netip.AddrFromSlice(h.PeerAddress)).Unmap()) != 0 && !a.Is4In6()) {
				t.Fatalf("%x: %+v", m, h)
			}
		}
	})
}

func must(a netip.Addr, _ bool) netip.Addr { return a }
