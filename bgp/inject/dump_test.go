package inject

import (
	"bytes"
	"compress/gzip"
	"net/netip"
	"strings"
	"testing"
	"time"

	gobgp "github.com/osrg/gobgp/v3/pkg/packet/bgp"

	"pseudowan/bgp/mrt"
)

var at = time.Unix(1_700_000_000, 0)

func nlri(p string) []byte {
	prefix := netip.MustParsePrefix(p)
	return append([]byte{byte(prefix.Bits())}, prefix.Addr().AsSlice()[:(prefix.Bits()+7)/8]...)
}

func dumpedAttributes(t testing.TB, path ...uint32) []byte {
	t.Helper()
	var out []byte
	for _, a := range []gobgp.PathAttributeInterface{
		gobgp.NewPathAttributeOrigin(0),
		gobgp.NewPathAttributeAsPath([]gobgp.AsPathParamInterface{gobgp.NewAs4PathParam(gobgp.BGP_ASPATH_ATTR_TYPE_SEQ, path)}),
		gobgp.NewPathAttributeNextHop("198.51.100.1"),
		gobgp.NewPathAttributeCommunities([]uint32{65001<<16 | 7}),
	} {
		b, err := a.Serialize()
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, b...)
	}
	// MP_REACH_NLRI of a dump has only the next hop (RFC 6396 section 4.3.4), which the library cannot read.
	return append(out, 0x80, 14, 17, 16, 0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
}

// dump is a dump of two peers.
func dump(t testing.TB) []byte {
	peers := []mrt.Session{
		{PeerAS: 100, Peer: netip.MustParseAddr("192.0.2.1"), PeerID: netip.MustParseAddr("1.1.1.1")},
		{PeerAS: 200, Peer: netip.MustParseAddr("2001:db8::2"), PeerID: netip.MustParseAddr("2.2.2.2")},
	}
	b := mrt.PeerIndexTable(at, netip.MustParseAddr("9.9.9.9"), "view", peers)
	one, two := dumpedAttributes(t, 100, 300), dumpedAttributes(t, 200, 400, 300)
	for i, r := range []struct {
		afi     uint16
		prefix  string
		entries []mrt.Entry
	}{
		{1, "8.8.8.0/24", []mrt.Entry{{Peer: 0, Since: at, Attributes: one}, {Peer: 1, Since: at, Attributes: two}}},
		{1, "8.8.4.0/24", []mrt.Entry{{Peer: 1, Since: at, Attributes: two}}},
		{1, "127.1.0.0/16", []mrt.Entry{{Peer: 0, Since: at, Attributes: one}}},
		{1, "30.1.0.0/24", []mrt.Entry{{Peer: 0, Since: at, Attributes: one}}},
		{1, "9.0.0.0/8", []mrt.Entry{{Peer: 0, Since: at, Attributes: []byte{0x40, 1, 1, 0}}}},
		{2, "2a00::/12", []mrt.Entry{{Peer: 0, Since: at, Attributes: one}}},
		{1, "8.8.8.0/24", []mrt.Entry{{Peer: 0, Since: at, Attributes: two}}},
	} {
		b = append(b, mrt.Route(at, uint32(i), r.afi, 1, nlri(r.prefix), r.entries)...)
	}
	return b
}

func TestDump(t *testing.T) {
	plain := dump(t)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(plain)
	z.Close()
	all := Dump{IPv4: true, IPv6: true, AS: 64999, Avoid: Avoid{netip.MustParsePrefix("30.1.0.0/16")}}
	for name, data := range map[string][]byte{"plain": plain, "gzip": zipped.Bytes()} {
		table, left, err := all.Table(bytes.NewReader(data))
		if err != nil {
			t.Fatal(name, err)
		}
		if got := routesOf(t, table); got != "8.8.8.0/24 64999 100 300, 8.8.4.0/24 64999 200 400 300, 2a00::/12 64999 100 300" {
			t.Errorf("%s: %s", name, got)
		}
		if left.Malformed != 1 || left.First == nil || left.Avoided != 1 || left.Unrouted != 1 || left.Twice != 1 {
			t.Errorf("%s: left out %+v", name, left)
		}
	}
	for want, d := range map[string]Dump{
		"8.8.8.0/24 200 400 300, 8.8.4.0/24 200 400 300": {IPv4: true, Peer: netip.MustParseAddr("2001:db8::2")},
		"8.8.8.0/24 100 300":                             {IPv4: true, Limit: 1},
		"2a00::/12 100 300":                              {IPv6: true},
	} {
		table, _, err := d.Table(bytes.NewReader(plain))
		if err != nil {
			t.Fatal(err)
		}
		if got := routesOf(t, table); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if _, _, err := (Dump{IPv4: true, Peer: netip.MustParseAddr("192.0.2.9")}).Table(bytes.NewReader(plain)); err == nil || !strings.Contains(err.Error(), "no route of peer 192.0.2.9") {
		t.Errorf("error %v", err)
	}
}

// routesOf are the prefixes with their AS paths.
func routesOf(t *testing.T, table *Table) string {
	t.Helper()
	var out []string
	for _, r := range table.Routes {
		a, err := gobgp.GetPathAttribute([]byte(table.Attributes[r.Attributes].Path[4:])) // after ORIGIN
		if err == nil {
			err = a.DecodeFromBytes([]byte(table.Attributes[r.Attributes].Path[4:]))
		}
		if err != nil {
			t.Fatal(err)
		}
		path := strings.TrimSuffix(strings.TrimPrefix(a.String(), "{AsPath: "), "}")
		out = append(out, r.Prefix.String()+" "+path)
	}
	return strings.Join(out, ", ")
}

func FuzzDump(f *testing.F) {
	whole := dump(f)
	f.Add(whole)
	f.Add(whole[:len(whole)-3])
	f.Add([]byte("BZh91AY&SY"))
	f.Add([]byte{0x1f, 0x8b, 8, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		table, _, err := Dump{IPv4: true, IPv6: true, AS: 64999}.Table(bytes.NewReader(data))
		if err != nil {
			return
		}
		e := encoder{vpnConfig(true)}
		for i, r := range table.Routes {
			b, n := e.announce(nil, table.Routes[i:i+1], table.Attributes[r.Attributes], i, 1)
			if n != 1 || len(b) > maxMessage {
				t.Fatalf("%s: %d routes in %d octets", r.Prefix, n, len(b))
			}
			if _, err := gobgp.ParseBGPMessage(b); err != nil {
				t.Fatalf("%s: %v", r.Prefix, err)
			}
		}
	})
}
