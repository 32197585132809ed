package capture

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// Packet is one captured frame and what it is.
type Packet struct {
	Point  int // index of where it was captured
	Time   time.Time
	Out    bool // it left the node there
	Data   []byte
	Labels []uint32 // from the top of the stack
	VRF    string   // "" if unknown, or between routers
	RD     string
	Egress string // the router that has assigned the last label

	Source, Destination netip.Addr // of the innermost IP header; zero without

	from, to string // the hosts of these addresses
	route    string // the prefix that the last label serves
	summary  string
}

// Read finds out what a frame is.
func (n Names) Read(at Point, p Packet) Packet {
	decoded := gopacket.NewPacket(p.Data, layers.LayerTypeEthernet, gopacket.DecodeOptions{Lazy: false, NoCopy: true})
	p.VRF = at.VRF
	mac := ""
	for _, l := range decoded.Layers() {
		switch l := l.(type) {
		case *layers.Ethernet:
			mac = l.DstMAC.String()
		case *layers.MPLS:
			p.Labels = append(p.Labels, l.Label)
		case *layers.IPv4:
			p.Source, _ = netip.AddrFromSlice(l.SrcIP)
			p.Destination, _ = netip.AddrFromSlice(l.DstIP)
		case *layers.IPv6:
			p.Source, _ = netip.AddrFromSlice(l.SrcIP)
			p.Destination, _ = netip.AddrFromSlice(l.DstIP)
		}
	}
	if len(p.Labels) > 0 {
		if b, ok := n.binding(mac, p.Labels[len(p.Labels)-1]); ok {
			p.VRF, p.RD, p.Egress = b.VRF, b.RD, b.Router
			if b.Prefix.IsValid() {
				p.route = b.Prefix.String()
			}
		}
	}
	p.from, p.to = n.host(p.VRF, p.Source), n.host(p.VRF, p.Destination)
	p.summary = summaryOf(decoded)
	return p
}

// Comment says what the frame is, beyond what any decoder shows.
func (p Packet) Comment() string {
	var words []string
	if len(p.Labels) > 0 {
		label := "label " + joined(p.Labels)
		if p.VRF != "" {
			label += fmt.Sprintf(" = VRF %s (%s) of %s", p.VRF, p.RD, p.Egress)
		}
		if p.route != "" {
			label += " " + p.route
		}
		words = append(words, label)
	} else if p.VRF != "" {
		words = append(words, "VRF "+p.VRF)
	}
	for _, end := range []struct {
		address netip.Addr
		host    string
	}{{p.Source, p.from}, {p.Destination, p.to}} {
		if end.host != "" {
			words = append(words, end.address.String()+" is "+end.host)
		}
	}
	return strings.Join(words, "; ")
}

// joined writes a stack of labels, from the top.
func joined(labels []uint32) string {
	var words []string
	for _, l := range labels {
		words = append(words, fmt.Sprint(l))
	}
	return strings.Join(words, "/")
}

// Line is the packet in one line for a terminal.
func (p Packet) Line(at Point) string {
	direction := "in "
	if p.Out {
		direction = "out"
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s %s ", p.Time.Format("15:04:05.000000"), at, direction)
	if len(p.Labels) > 0 {
		fmt.Fprintf(&b, "label %s ", joined(p.Labels))
	}
	if p.VRF != "" {
		fmt.Fprintf(&b, "VRF %s ", p.VRF)
	}
	b.WriteString(p.ends())
	fmt.Fprintf(&b, "%s, %d octets", p.summary, len(p.Data))
	return b.String()
}

// ends writes the addresses, with the hosts that have them.
func (p Packet) ends() string {
	if !p.Source.IsValid() {
		return ""
	}
	named := func(a netip.Addr, host string) string {
		if host == "" {
			return a.String()
		}
		return a.String() + " (" + host + ")"
	}
	return named(p.Source, p.from) + " > " + named(p.Destination, p.to) + ": "
}
