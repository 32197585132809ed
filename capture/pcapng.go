package capture

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"runtime"

	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

// File writes a pcapng file (draft-ietf-opsawg-pcapng), with an interface for each point,
// and comments on packets.
type File struct {
	w io.Writer
}

// NewFile writes the head of a file.
func NewFile(w io.Writer, comment string, points []Point) (*File, error) {
	of := func(p Point) pcapgo.NgInterface {
		return pcapgo.NgInterface{Name: p.String(), Description: p.About, LinkType: layers.LinkTypeEthernet, TimestampResolution: 9, OS: runtime.GOOS}
	}
	options := pcapgo.NgWriterOptions{SectionInfo: pcapgo.NgSectionInfo{Application: "pseudowan", OS: runtime.GOOS, Hardware: runtime.GOARCH, Comment: comment}}
	ng, err := pcapgo.NewNgWriterInterface(w, of(points[0]), options)
	if err != nil {
		return nil, err
	}
	for _, p := range points[1:] {
		if _, err := ng.AddInterface(of(p)); err != nil {
			return nil, err
		}
	}
	return &File{w}, ng.Flush()
}

// Numbers of the format.
const (
	enhancedPacket = 6
	optionComment  = 1
	optionFlags    = 2
	flagInbound    = 1
	flagOutbound   = 2
)

// Write writes a packet. The library has no options of packets, so the block is made here
// (section 4.3).
func (f *File) Write(p Packet) error {
	le := binary.LittleEndian
	if len(p.Data) > math.MaxInt32 {
		return fmt.Errorf("a packet of %d octets", len(p.Data))
	}
	stamp := uint64(p.Time.UnixNano())
	body := le.AppendUint32(nil, uint32(p.Point))
	body = le.AppendUint32(body, uint32(stamp>>32))
	body = le.AppendUint32(body, uint32(stamp))
	body = le.AppendUint32(body, uint32(len(p.Data)))
	body = le.AppendUint32(body, uint32(len(p.Data)))
	body = padded(append(body, p.Data...))
	if c := p.Comment(); c != "" {
		body = option(body, optionComment, []byte(c))
	}
	direction := uint32(flagInbound)
	if p.Out {
		direction = flagOutbound
	}
	body = option(body, optionFlags, le.AppendUint32(nil, direction))
	body = option(body, 0, nil)
	const frame = 12 // type and length, and the length again
	block := le.AppendUint32(le.AppendUint32(nil, enhancedPacket), uint32(len(body)+frame))
	block = le.AppendUint32(append(block, body...), uint32(len(body)+frame))
	_, err := f.w.Write(block)
	return err
}

func option(to []byte, code uint16, value []byte) []byte {
	to = binary.LittleEndian.AppendUint16(to, code)
	to = binary.LittleEndian.AppendUint16(to, uint16(len(value)))
	return padded(append(to, value...))
}

// padded fills up to 32 bits.
func padded(b []byte) []byte {
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}
