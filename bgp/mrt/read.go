package mrt

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"
)

// Reader reads table dumps (TABLE_DUMP_V2, RFC 6396 section 4.3), plain or compressed with
// gzip or bzip2. The bytes may be anything: what it keeps of them is bounded.
type Reader struct {
	in     *bufio.Reader
	number int // of the record, from 1
	offset int64
	record []byte
	peers  []Peer
}

// Peer is a peer of the router whose table was dumped.
type Peer struct {
	Address netip.Addr
	AS      uint32
}

// Dumped is what a dump says of one prefix.
type Dumped struct {
	Prefix  netip.Prefix
	Entries []DumpedRoute
}

// DumpedRoute is the route of one peer. Attributes are as in Entry, and valid until the
// next call of Next.
type DumpedRoute struct {
	Peer       Peer
	Attributes []byte
}

// maxRecord limits a record: a prefix with a thousand peers takes a tenth of it.
const maxRecord = 4 << 20

// NewReader reads a dump.
func NewReader(r io.Reader) (*Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	magic, err := in.Peek(3)
	if err != nil && len(magic) == 0 {
		return nil, errors.New("the dump is empty")
	}
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		unzipped, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		in = bufio.NewReaderSize(unzipped, 1<<16)
	case string(magic) == "BZh":
		in = bufio.NewReaderSize(bzip2.NewReader(in), 1<<16)
	}
	return &Reader{in: in}, nil
}

// Next returns the next prefix of unicast routes; io.EOF at the end. Other errors name the
// record and where it begins in the uncompressed dump.
func (r *Reader) Next() (Dumped, error) {
	for {
		began := r.offset
		d, found, err := r.next()
		switch {
		case errors.Is(err, io.EOF) && r.number > 0:
			return d, io.EOF
		case errors.Is(err, io.EOF):
			return d, errors.New("the dump is empty")
		case err != nil:
			return d, fmt.Errorf("record %d, at octet %d: %w", r.number+1, began, err)
		}
		r.number++
		if found {
			return d, nil
		}
	}
}

// next reads a record; found is false if it is not of a prefix.
func (r *Reader) next() (d Dumped, found bool, err error) {
	var head [headerLength]byte
	if _, err := io.ReadFull(r.in, head[:]); err != nil {
		return d, false, cut(err, io.EOF)
	}
	kind, subtype, n := binary.BigEndian.Uint16(head[4:]), binary.BigEndian.Uint16(head[6:]), binary.BigEndian.Uint32(head[8:])
	switch {
	case kind != typeTableDumpV2:
		return d, false, fmt.Errorf("it is of type %d, not of a table dump (TABLE_DUMP_V2, type %d)", kind, typeTableDumpV2)
	case n > maxRecord:
		return d, false, fmt.Errorf("it has %d octets, more than %d", n, maxRecord)
	}
	if uint32(cap(r.record)) < n {
		r.record = make([]byte, n)
	}
	r.record = r.record[:n]
	if _, err := io.ReadFull(r.in, r.record); err != nil {
		return d, false, cut(err, io.ErrUnexpectedEOF)
	}
	r.offset += headerLength + int64(n)
	f := fields{b: r.record}
	switch subtype {
	case subtypePeerIndexTable:
		r.peers, err = f.peers()
	case subtypeRIBIPv4, subtypeRIBIPv6:
		d, err = f.prefix(subtype == subtypeRIBIPv6, r.peers)
		found = err == nil
	}
	return d, found, err
}

// cut names the end of a dump within a record.
func cut(err, end error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) && end != io.EOF:
		return errors.New("the dump ends within it")
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return err
}

// fields are the rest of a record. After a read beyond its end, all reads fail.
type fields struct {
	b     []byte
	short bool
}

var errShort = errors.New("it is shorter than what it says that it has")

func (f *fields) take(n int) []byte {
	if n > len(f.b) {
		f.b, f.short = nil, true
		return make([]byte, min(n, 16))
	}
	out := f.b[:n]
	f.b = f.b[n:]
	return out
}

func (f *fields) uint8() int     { return int(f.take(1)[0]) }
func (f *fields) uint16() int    { return int(binary.BigEndian.Uint16(f.take(2))) }
func (f *fields) uint32() uint32 { return binary.BigEndian.Uint32(f.take(4)) }

func (f *fields) addr(six bool) netip.Addr {
	if six {
		return netip.AddrFrom16([16]byte(f.take(16)))
	}
	return netip.AddrFrom4([4]byte(f.take(4)))
}

// peers reads a PEER_INDEX_TABLE (section 4.3.1).
func (f *fields) peers() ([]Peer, error) {
	f.take(4)
	if n := f.uint16(); n <= len(f.b) {
		f.take(n)
	} else {
		return nil, errShort
	}
	var list []Peer
	for n := f.uint16(); n > 0 && !f.short; n-- {
		const ipv6, as4 = 1, 2
		kind := f.uint8()
		f.take(4)
		p := Peer{Address: f.addr(kind&ipv6 != 0)}
		if kind&as4 != 0 {
			p.AS = f.uint32()
		} else {
			p.AS = uint32(f.uint16())
		}
		list = append(list, p)
	}
	if f.short {
		return nil, errShort
	}
	return list, nil
}

// prefix reads a RIB_IPV4_UNICAST or RIB_IPV6_UNICAST (section 4.3.2).
func (f *fields) prefix(six bool, peers []Peer) (d Dumped, err error) {
	f.take(4)
	bits, most := f.uint8(), 32
	if six {
		most = 128
	}
	if bits > most {
		return d, fmt.Errorf("a prefix of %d bits", bits)
	}
	var octets [16]byte
	copy(octets[:], f.take((bits+7)/8))
	addr := netip.AddrFrom4([4]byte(octets[:4]))
	if six {
		addr = netip.AddrFrom16(octets)
	}
	d.Prefix = netip.PrefixFrom(addr, bits).Masked()
	for n := f.uint16(); n > 0 && !f.short; n-- {
		peer := f.uint16()
		f.take(4)
		length := f.uint16()
		if peer >= len(peers) || length > len(f.b) {
			return d, fmt.Errorf("%s: a route of peer %d of %d, with attributes of %d octets where %d are left", d.Prefix, peer, len(peers), length, len(f.b))
		}
		d.Entries = append(d.Entries, DumpedRoute{peers[peer], f.take(length)})
	}
	if f.short {
		return d, errShort
	}
	return d, nil
}
