package openflow

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// subfield is some bits of a field, counted from the least significant one.
type subfield struct {
	header       uint32
	offset, bits uint16
}

// subfieldNames are the fields in the notation of move and load, which Open vSwitch
// also has for those that OpenFlow names otherwise.
var subfieldNames = map[string]field{
	"NXM_OF_IN_PORT": {0, 0, 2}, "NXM_OF_IP_TOS": {0, 5, 1},
	"OXM_OF_MPLS_LABEL": {classBasic, 34, 4}, "OXM_OF_MPLS_TC": {classBasic, 35, 1},
	"NXM_NX_IP_TTL": {classNicira, 29, 1}, "NXM_NX_MPLS_TTL": {classNicira, 30, 1},
	"NXM_NX_REG0": register(0), "NXM_NX_REG1": register(1), "NXM_NX_REG2": register(2), "NXM_NX_REG3": register(3),
	"NXM_NX_REG4": register(4), "NXM_NX_REG5": register(5), "NXM_NX_REG6": register(6), "NXM_NX_REG7": register(7),
	"NXM_NX_REG8": register(8), "NXM_NX_REG9": register(9),
}

// wholeBits are the sizes of fields that are no whole octets.
var wholeBits = map[string]uint16{"OXM_OF_MPLS_LABEL": 20, "OXM_OF_MPLS_TC": 3}

// readSubfield reads FIELD[], FIELD[BIT] and FIELD[FIRST..LAST].
func readSubfield(text string) (subfield, error) {
	name, bits, ok := strings.Cut(strings.TrimSuffix(text, "]"), "[")
	f, known := subfieldNames[name]
	if !ok || !known {
		return subfield{}, fmt.Errorf("field %q is not known here", text)
	}
	whole := wholeBits[name]
	if whole == 0 {
		whole = uint16(8 * f.size)
	}
	s := subfield{header: f.header(), bits: whole}
	if bits == "" {
		return s, nil
	}
	first, last, ranged := strings.Cut(bits, "..")
	if !ranged {
		last = first
	}
	from, err1 := strconv.ParseUint(first, 10, 16)
	to, err2 := strconv.ParseUint(last, 10, 16)
	if err := errors.Join(err1, err2); err != nil {
		return s, err
	}
	if from > to || to >= uint64(whole) {
		return s, fmt.Errorf("%q has no bits %s", name, bits)
	}
	s.offset, s.bits = uint16(from), uint16(to-from+1)
	return s, nil
}

// place is the subfield as one number: its offset in 10 bits, its size less one in 6.
func (s subfield) place() uint16 { return s.offset<<6 | (s.bits - 1) }

// appendNicira appends the head of an action of Open vSwitch's own.
func appendNicira(b []byte, length, subtype uint16) []byte {
	b = be.AppendUint16(b, actionVendor)
	b = be.AppendUint16(b, length)
	b = be.AppendUint32(b, vendorNicira)
	return be.AppendUint16(b, subtype)
}

// appendMove reads FROM->TO.
func appendMove(b []byte, text string) ([]byte, error) {
	from, to, _ := strings.Cut(text, "->")
	src, err1 := readSubfield(from)
	dst, err2 := readSubfield(to)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if src.bits != dst.bits {
		return nil, fmt.Errorf("%d bits into %d", src.bits, dst.bits)
	}
	b = appendNicira(b, 24, niciraMove)
	b = be.AppendUint16(b, src.bits)
	b = be.AppendUint16(b, src.offset)
	b = be.AppendUint16(b, dst.offset)
	b = be.AppendUint32(b, src.header)
	return be.AppendUint32(b, dst.header), nil
}

// appendLoad reads VALUE->FIELD.
func appendLoad(b []byte, text string) ([]byte, error) {
	value, to, _ := strings.Cut(text, "->")
	dst, err := readSubfield(to)
	if err != nil {
		return nil, err
	}
	n, err := strconv.ParseUint(value, 0, min(int(dst.bits), 64))
	if err != nil {
		return nil, err
	}
	b = appendNicira(b, 24, niciraLoad)
	b = be.AppendUint16(b, dst.place())
	b = be.AppendUint32(b, dst.header)
	return be.AppendUint64(b, n), nil
}

// appendResubmit reads ",TABLE".
func appendResubmit(b []byte, text string) ([]byte, error) {
	table, ok := strings.CutPrefix(text, ",")
	n, err := strconv.ParseUint(table, 10, 8)
	if err == nil && !ok {
		err = errors.New("only to a table")
	}
	b = appendNicira(b, 16, niciraResubmit)
	b = be.AppendUint16(b, portInPort16)
	return append(b, uint8(n), 0, 0, 0), err
}

// appendMultipath reads FIELDS,BASIS,ALGORITHM,LINKS,ARGUMENT,DESTINATION.
func appendMultipath(b []byte, text string) ([]byte, error) {
	const symmetricL3L4UDP, highestRandomWeight = 3, 2
	args := strings.Split(text, ",")
	if len(args) != 6 || args[0] != "symmetric_l3l4+udp" || args[2] != "hrw" || args[4] != "0" {
		return nil, errors.New("is not known here")
	}
	basis, err := strconv.ParseUint(args[1], 10, 16)
	if err != nil {
		return nil, err
	}
	links, err := strconv.ParseUint(args[3], 10, 16)
	if err != nil {
		return nil, err
	}
	dst, err := readSubfield(args[5])
	if err != nil {
		return nil, err
	}
	if links == 0 || links > 1<<min(dst.bits, 16) {
		return nil, fmt.Errorf("%d links", links)
	}
	b = appendNicira(b, 32, niciraMultipath)
	b = be.AppendUint16(b, symmetricL3L4UDP)
	b = be.AppendUint16(b, uint16(basis))
	b = append(b, 0, 0) // padding
	b = be.AppendUint16(b, highestRandomWeight)
	b = be.AppendUint16(b, uint16(links-1))
	b = append(b, 0, 0, 0, 0, 0, 0) // argument, padding
	b = be.AppendUint16(b, dst.place())
	return be.AppendUint32(b, dst.header), nil
}

// appendCheckPktLarger reads OCTETS->FIELD[BIT].
func appendCheckPktLarger(b []byte, text string) ([]byte, error) {
	octets, to, _ := strings.Cut(text, "->")
	n, err1 := strconv.ParseUint(octets, 10, 16)
	dst, err2 := readSubfield(to)
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	if dst.bits != 1 {
		return nil, fmt.Errorf("a result in %d bits", dst.bits)
	}
	b = appendNicira(b, 24, niciraCheckPktLarger)
	b = be.AppendUint16(b, uint16(n))
	b = be.AppendUint16(b, dst.offset)
	b = be.AppendUint32(b, dst.header)
	return append(b, make([]byte, 6)...), nil
}

// appendController reads max_len=65535 with an optional meter_id=ID. Without a meter
// it is OpenFlow's own action.
func appendController(b []byte, text string) ([]byte, error) {
	rest, ok := strings.CutPrefix(text, "max_len=65535")
	if !ok {
		return nil, errors.New("is not known here")
	}
	if rest == "" {
		return appendOutputTo(b, PortController, math.MaxUint16), nil
	}
	id, ok := strings.CutPrefix(rest, ",meter_id=")
	if !ok {
		return nil, errors.New("is not known here")
	}
	n, err := strconv.ParseUint(id, 10, 32)
	b = appendNicira(b, 24, niciraController)
	b = append(b, make([]byte, 6)...)
	b = be.AppendUint16(b, controllerPropMeterID)
	b = be.AppendUint16(b, 8)
	return be.AppendUint32(b, uint32(n)), err
}
