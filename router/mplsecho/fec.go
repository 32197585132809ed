package mplsecho

import (
	"fmt"
	"net/netip"

	"pseudowan/bgp/vpn"
)

// FEC is what a label stands for (RFC 8029 section 3.2): a labelled BGP route or, with
// VPN, the route of a VPN.
type FEC struct {
	VPN    bool
	RD     vpn.RD // of the route of a VPN
	Prefix netip.Prefix
	Other  uint16 // the type of a FEC of another kind, of which no more is known; 0: it is of those
}

// String returns the FEC as it is written elsewhere: a VPN route behind its RD.
func (f FEC) String() string {
	switch {
	case f.Other != 0:
		return fmt.Sprintf("FEC of type %d", f.Other)
	case f.VPN:
		return f.RD.String() + ":" + f.Prefix.String()
	}
	return f.Prefix.String()
}

// Types of FECs.
const (
	fecVPNv4     = 6
	fecVPNv6     = 7
	fecLabeledv4 = 12
	fecLabeledv6 = 13
)

const rdLength = 8

// layout is that of a FEC: its type, whether an RD comes first, and the octets of the
// address behind.
type layout struct {
	kind    uint16
	vpn     bool
	address int
}

var layouts = []layout{{fecVPNv4, true, 4}, {fecVPNv6, true, 16}, {fecLabeledv4, false, 4}, {fecLabeledv6, false, 16}}

func (l layout) size() int {
	size := l.address + 1
	if l.vpn {
		size += rdLength
	}
	return size
}

// parseFECs reads a Target FEC Stack.
func parseFECs(b []byte) (list []FEC, err error) {
	subs, err := readTLVs(b)
	if err != nil {
		return nil, err
	}
	if len(subs) == 0 || len(subs) > maxFECs {
		return nil, fmt.Errorf("%w: a stack of %d FECs", errMalformed, len(subs))
	}
	for _, s := range subs {
		f, err := parseFEC(s)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

func parseFEC(s TLV) (f FEC, err error) {
	for _, l := range layouts {
		if l.kind != s.Type {
			continue
		}
		if len(s.Value) != l.size() {
			return f, fmt.Errorf("%w: a FEC of type %d has %d octets", errMalformed, s.Type, len(s.Value))
		}
		rest := s.Value
		if f.VPN = l.vpn; l.vpn {
			f.RD = vpn.UnknownRD([rdLength]byte(rest))
			rest = rest[rdLength:]
		}
		address, _ := netip.AddrFromSlice(rest[:l.address]) // of one of the two lengths
		f.Prefix = netip.PrefixFrom(address, int(rest[l.address])).Masked()
		if !f.Prefix.IsValid() {
			return f, fmt.Errorf("%w: a prefix of %d bits", errMalformed, rest[l.address])
		}
		return f, nil
	}
	if s.Type == 0 {
		return f, fmt.Errorf("%w: a FEC of type 0, which is reserved", errMalformed)
	}
	return FEC{Other: s.Type}, nil
}

// appendFECs appends the FECs whose kind is known.
func appendFECs(b []byte, list []FEC) []byte {
	for _, f := range list {
		for _, l := range layouts {
			if f.Other != 0 || l.vpn != f.VPN || l.address*8 != f.Prefix.Addr().BitLen() {
				continue
			}
			var value []byte
			if f.VPN {
				rd := f.RD.Bytes()
				value = append(value, rd[:]...)
			}
			value = append(append(value, f.Prefix.Addr().AsSlice()...), byte(f.Prefix.Bits()))
			b = appendTLV(b, TLV{l.kind, value})
		}
	}
	return b
}
