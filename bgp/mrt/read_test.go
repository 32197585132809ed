package mrt

import (
	"bytes"
	"errors"
	"io"
	"net/netip"
	"strings"
	"testing"
	"time"
)

func TestReadsWhatItWrites(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	b := PeerIndexTable(at, netip.MustParseAddr("9.9.9.9"), "v", []Session{{PeerAS: 70000, Peer: netip.MustParseAddr("2001:db8::1"), PeerID: netip.MustParseAddr("1.1.1.1")}})
	b = append(b, Route(at, 0, 1, 128, []byte{0}, nil)...) // of another family
	b = append(b, Route(at, 1, 2, 1, []byte{20, 0x20, 1, 0xdf}, []Entry{{Attributes: []byte{1, 2, 3}}})...)
	r, err := NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	d, err := r.Next()
	if err != nil || d.Prefix.String() != "2001:d000::/20" || len(d.Entries) != 1 || d.Entries[0].Peer.AS != 70000 || !bytes.Equal(d.Entries[0].Attributes, []byte{1, 2, 3}) {
		t.Errorf("%+v, %v", d, err)
	}
	if _, err := r.Next(); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
}

func TestReadRefuses(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	whole := Route(at, 1, 1, 1, []byte{24, 8, 8, 8}, []Entry{{Attributes: []byte{1, 2, 3}}})
	long := bytes.Clone(whole)
	long[8] = 0x7f
	wide := bytes.Clone(whole)
	wide[headerLength+4] = 77
	for want, data := range map[string][]byte{
		"the dump is empty":                                                 nil,
		"record 1, at octet 0: the dump ends within it":                     whole[:5],
		"record 1, at octet 0: it has 2130706453 octets, more than 4194304": long,
		"record 1, at octet 0: a prefix of 77 bits":                         wide,
		"record 1, at octet 0: 8.8.8.0/24: a route of peer 0 of 0":          whole,
		"it is of type 17, not of a table dump":                             Message(at, Session{Peer: netip.MustParseAddr("1.1.1.1"), Local: netip.MustParseAddr("1.1.1.2")}, nil),
		"gzip: invalid header":                                              {0x1f, 0x8b, 9, 9, 9, 9, 9, 9, 9, 9, 9},
	} {
		r, err := NewReader(bytes.NewReader(data))
		if err == nil {
			_, err = r.Next()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func FuzzReader(f *testing.F) {
	at := time.Unix(1_700_000_000, 0)
	f.Add(append(PeerIndexTable(at, netip.MustParseAddr("9.9.9.9"), "v", []Session{{Peer: netip.MustParseAddr("1.1.1.1"), PeerID: netip.MustParseAddr("1.1.1.1")}}),
		Route(at, 1, 1, 1, []byte{24, 8, 8, 8}, []Entry{{Attributes: []byte{1, 2, 3}}})...))
	f.Add([]byte("BZh9"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := NewReader(bytes.NewReader(data))
		for err == nil {
			_, err = r.Next()
		}
	})
}
