package ovs

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/ovs/pipeline"
)

// Packet is an IP packet at a port, perhaps with one label.
type Packet struct {
	Port        uint32 // where it arrives
	DstMAC      net.HardwareAddr
	Label       *uint32  // nil: not labelled
	Under       []uint32 // labels under Label, the outermost first
	Source      netip.Addr
	Destination netip.Addr
	TTL         uint8
	// Ports of UDP, on which the choice between equal paths depends.
	SourcePort, DestinationPort uint16
}

// Fate is what the pipeline does with a packet.
type Fate struct {
	Passed  []Passed
	VRF     uint32       // of the last lookup; 0: none
	Route   netip.Prefix // of the last lookup; zero if there was none, as for a label with an adjacency
	Popped  *uint32
	Pushed  *uint32
	Stack   []uint32         // all labels with which it leaves, the outermost first
	Port    uint32           // egress port; 0: none
	DstMAC  net.HardwareAddr // of the next hop
	Punted  pipeline.Reason  // why it goes to the slow path; 0: it does not
	Copies  []string         // other egress ports: numbers, or Open vSwitch's names for several at once
	Refused string           // what the switch would not do; "": nothing
}

// Passed is a flow that a packet passed, or a table without one.
type Passed struct {
	Table    pipeline.Table
	Missed   bool // no flow of the table matched
	Match    string
	Priority uint16
	Cookie   pipeline.Cookie
	Actions  []string
}

// String returns the flow in one line.
func (p Passed) String() string {
	if p.Missed {
		return fmt.Sprintf("table %d: no flow matches", p.Table)
	}
	match := p.Match
	if match == "" {
		match = "anything"
	}
	return fmt.Sprintf("table %d: priority %d, %s: %s", p.Table, p.Priority, match, strings.Join(p.Actions, ", "))
}

// Fate returns what the current flows do with a packet. Nothing is sent.
func (s *Switch) Fate(ctx context.Context, p Packet) (Fate, error) {
	text, err := s.trace(ctx, p.terms()...)
	if err != nil {
		return Fate{}, err
	}
	fate, told := parseTrace(text, p.labels()...)
	if p.Label == nil {
		return fate, nil
	}
	if told.popped {
		fate.Popped = p.Label
	}
	if !told.returns || len(told.stack) > 0 {
		return fate, nil
	}
	return s.afterPop(ctx, p, fate, told)
}

// trace prints what the pipeline would do with a packet that flow describes in
// the syntax of ovs-ofctl(8), as in
// "in_port=3,ip,dl_dst=00:00:5e:00:01:01,nw_dst=30.1.0.2,nw_ttl=64".
// A packet in hexadecimal digits may follow.
func (s *Switch) trace(ctx context.Context, flow ...string) (string, error) {
	out, err := s.daemons.tools.run(ctx, nil, "ovs-appctl", append([]string{"ofproto/trace", s.cfg.Bridge}, flow...)...)
	if err != nil {
		return "", fmt.Errorf("trace %q: %w", flow, err)
	}
	return string(out), nil
}

// afterPop continues with the packet without its label: ofproto/trace does not
// know what is under a label.
func (s *Switch) afterPop(ctx context.Context, p Packet, first Fate, told telling) (Fate, error) {
	if told.protocol != protocolOf(p.Destination) {
		first.Refused = fmt.Sprintf("label %d is popped as that of an %s packet, but the packet is not one", *p.Label, told.protocol)
		return first, nil
	}
	actions := fmt.Sprintf("set_field:%d->metadata,set_field:%d->reg1,resubmit(,%d)",
		told.packet.number("metadata"), told.packet.number("reg1"), pipeline.TableTTL)
	p.Label, p.DstMAC = nil, nil
	out, err := s.daemons.tools.run(ctx, nil, "ovs-appctl", "ofproto/trace-packet-out", s.cfg.Bridge, p.flow(), actions)
	if err != nil {
		return Fate{}, fmt.Errorf("trace %q: %w", p.flow(), err)
	}
	rest, _ := parseTrace(string(out))
	rest.Passed = append(first.Passed, rest.Passed...)
	rest.Popped = first.Popped
	return rest, nil
}

func protocolOf(a netip.Addr) string {
	if a.Is4() {
		return "ip"
	}
	return "ipv6"
}

// labels returns the label stack, the outermost first.
func (p Packet) labels() []uint32 {
	if p.Label == nil {
		return nil
	}
	return append([]uint32{*p.Label}, p.Under...)
}

// terms returns the packet as arguments of ofproto/trace. Only as octets can it have
// several labels.
func (p Packet) terms() []string {
	if len(p.Under) == 0 {
		return []string{p.flow()}
	}
	return []string{fmt.Sprintf("in_port=%d", p.Port), hex.EncodeToString(p.frame())}
}

// frame returns the packet in octets, as far as the pipeline looks at it.
func (p Packet) frame() []byte {
	b := append(slices.Clone(p.DstMAC), 2, 0, 0, 0, 0, 1, 0x88, 0x47)
	labels := p.labels()
	for i, label := range labels {
		entry := label<<12 | uint32(p.TTL)
		if i == len(labels)-1 {
			entry |= 1 << 8
		}
		b = binary.BigEndian.AppendUint32(b, entry)
	}
	const udp, length = 17, 8
	if p.Destination.Is4() {
		b = append(b, 0x45, 0, 0, 20+length, 0, 0, 0, 0, p.TTL, udp, 0, 0)
	} else {
		b = append(b, 0x60, 0, 0, 0, 0, length, udp, p.TTL)
	}
	b = append(append(b, p.Source.AsSlice()...), p.Destination.AsSlice()...)
	b = binary.BigEndian.AppendUint16(b, p.SourcePort)
	b = binary.BigEndian.AppendUint16(b, p.DestinationPort)
	return append(b, 0, length, 0, 0)
}

// flow returns the packet in the syntax of ovs-ofctl(8).
func (p Packet) flow() string {
	terms := []string{fmt.Sprintf("in_port=%d", p.Port)}
	if len(p.DstMAC) > 0 {
		terms = append(terms, "dl_dst="+p.DstMAC.String())
	}
	switch {
	case p.Label != nil:
		terms = append(terms, "mpls", fmt.Sprintf("mpls_label=%d,mpls_bos=1,mpls_ttl=%d", *p.Label, p.TTL))
	case p.Destination.Is4():
		terms = append(terms, fmt.Sprintf("udp,nw_src=%s,nw_dst=%s", p.Source, p.Destination), p.upper())
	default:
		terms = append(terms, fmt.Sprintf("udp6,ipv6_src=%s,ipv6_dst=%s", p.Source, p.Destination), p.upper())
	}
	return strings.Join(terms, ",")
}

func (p Packet) upper() string {
	return fmt.Sprintf("nw_ttl=%d,udp_src=%d,udp_dst=%d", p.TTL, p.SourcePort, p.DestinationPort)
}
