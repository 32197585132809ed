package slowpath

import (
	"encoding/binary"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// optionCopied marks an IPv4 option that every fragment carries; optionNone is
// one octet of padding.
const (
	optionCopied = 0x80
	optionNone   = 0x01
)

// handleTooBig makes the source send smaller packets or, if it allows fragmentation,
// sends fragments through the VRF.
func (r *Router) handleTooBig(res *Result, c call) {
	k := &r.in
	switch {
	case c.MTU < minIPv4MTU || len(k.raw) <= c.MTU:
		res.Ignored = "not longer than the MTU"
	case k.src.Is6() || k.pieces&dontFragment != 0:
		r.sendError(res, c, tooBig)
	case c.vrf == 0:
		res.Ignored = "no route table to send fragments through"
	default:
		for _, f := range fragment4(k, c.MTU) {
			res.Out = append(res.Out, Out{VRF: c.vrf, Frame: f})
		}
	}
}

// fragment4 fragments an IPv4 packet into frames with at most mtu octets of IP (RFC
// 791 section 3.2). A fragment is handled like a whole packet.
func fragment4(k *packet, mtu int) [][]byte {
	var frames [][]byte
	header := k.raw[:k.header]
	offset := int(k.pieces & offsetMask)
	for rest := k.payload; len(rest) > 0; {
		size := min(len(rest), (mtu-len(header))&^7)
		if len(header)+len(rest) <= mtu {
			size = len(rest)
		}
		more := size < len(rest) || k.pieces&moreFragments != 0
		frames = append(frames, piece(k, header, rest[:size], offset, more))
		rest, offset = rest[size:], offset+size/8
		if len(frames) == 1 {
			header = laterHeader(k)
		}
	}
	return frames
}

// laterHeader returns the header of all fragments but the first, without malformed
// options and those that are not copied.
func laterHeader(k *packet) []byte {
	header := append(make([]byte, 0, k.header), k.raw[:ipv4Header]...)
	var ip layers.IPv4
	if ip.DecodeFromBytes(k.raw, gopacket.NilDecodeFeedback) != nil {
		return header
	}
	for _, o := range ip.Options {
		if o.OptionType&optionCopied != 0 {
			header = append(append(header, o.OptionType, o.OptionLength), o.OptionData...)
		}
	}
	for len(header)%4 != 0 {
		header = append(header, optionNone)
	}
	return header
}

func piece(k *packet, header, data []byte, offset int, more bool) []byte {
	frame := make([]byte, 0, ethernetHeader+len(header)+len(data))
	frame = append(frame, k.eth.Contents...)
	frame = append(frame, header...)
	frame = append(frame, data...)
	ip := frame[ethernetHeader:][:len(header)]
	ip[0] = 4<<4 | byte(len(header)/4)
	binary.BigEndian.PutUint16(ip[2:], uint16(len(header)+len(data)))
	field := uint16(offset)
	if more {
		field |= moreFragments
	}
	binary.BigEndian.PutUint16(ip[6:], field)
	ip[10], ip[11] = 0, 0
	binary.BigEndian.PutUint16(ip[10:], gopacket.FoldChecksum(gopacket.ComputeChecksum(ip, 0)))
	return frame
}
