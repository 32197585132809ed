package ovs

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"

	"pseudowan/ovs/pipeline"
)

// Packet is an IP packet at a port, perhaps under one label.
type Packet struct {
	Port        uint32           // where it arrives
	DstMAC      net.HardwareAddr // that it is sent to
	Label       *uint32          // nil: not labelled
	Source      netip.Addr
	Destination netip.Addr
	TTL         uint8
}

// Fate is what the pipeline does with a packet.
type Fate struct {
	Passed  []Passed
	VRF     uint32       // that it was looked up in last; 0: none
	Route   netip.Prefix // that decided; zero where a label or nothing did
	Popped  *uint32
	Pushed  *uint32
	Port    uint32           // that it leaves by; 0: it does not
	DstMAC  net.HardwareAddr // of the next hop
	Punted  pipeline.Reason  // why it goes to the slow path; 0: it does not
	Refused string           // what the switch would not do; "" where nothing
}

// Passed is a flow that a packet passed.
type Passed struct {
	Table    pipeline.Table
	Missed   bool // no flow of the table matched
	Match    string
	Priority uint16
	Cookie   pipeline.Cookie
	Actions  []string
}

// String prints the flow in one line.
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

// Fate tells what becomes of a packet, by the flows that are in the switch now.
// Nothing is sent.
func (s *Switch) Fate(ctx context.Context, p Packet) (Fate, error) {
	text, err := s.Trace(ctx, p.flow())
	if err != nil {
		return Fate{}, err
	}
	fate, end := parseTrace(text)
	if p.Label == nil {
		return fate, nil
	}
	for _, step := range fate.Passed {
		for _, a := range step.Actions {
			if strings.HasPrefix(a, "pop_mpls:") {
				fate.Popped = p.Label
			}
		}
	}
	if !strings.Contains(end["Datapath actions"], "recirc(") {
		return fate, nil
	}
	return s.afterPop(ctx, p, fate, end["Final flow"])
}

// afterPop goes on where the packet comes back without its label: ofproto/trace
// itself does not know what is under one.
func (s *Switch) afterPop(ctx context.Context, p Packet, first Fate, final string) (Fate, error) {
	family := protocolOf(p.Destination)
	if popped, _, _ := strings.Cut(final, ","); popped != family {
		first.Refused = fmt.Sprintf("label %d is popped as the label of an %s packet, which it is not", *p.Label, popped)
		return first, nil
	}
	fields := fieldsOf(final)
	actions := fmt.Sprintf("set_field:%s->metadata,set_field:%s->reg1,resubmit(,%d)",
		fields.or("metadata", "0"), fields.or("reg1", "0"), pipeline.TableTTL)
	p.Label, p.DstMAC = nil, nil
	out, err := s.tools.run(ctx, nil, "ovs-appctl", "ofproto/trace-packet-out", s.cfg.Bridge, p.flow(), actions)
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

// flow is the packet in the syntax of ovs-ofctl(8).
func (p Packet) flow() string {
	terms := []string{fmt.Sprintf("in_port=%d", p.Port)}
	if len(p.DstMAC) > 0 {
		terms = append(terms, "dl_dst="+p.DstMAC.String())
	}
	switch {
	case p.Label != nil:
		terms = append(terms, "mpls", fmt.Sprintf("mpls_label=%d,mpls_bos=1,mpls_ttl=%d", *p.Label, p.TTL))
	case p.Destination.Is4():
		terms = append(terms, fmt.Sprintf("ip,nw_src=%s,nw_dst=%s,nw_ttl=%d,nw_proto=17", p.Source, p.Destination, p.TTL))
	default:
		terms = append(terms, fmt.Sprintf("ipv6,ipv6_src=%s,ipv6_dst=%s,nw_ttl=%d,nw_proto=17", p.Source, p.Destination, p.TTL))
	}
	return strings.Join(terms, ",")
}

var (
	flowLine = regexp.MustCompile(`^ ?([0-9]+)\. (?:(.*), )?priority ([0-9]+)(?:, cookie (0x[0-9a-f]+))?$`)
	missLine = regexp.MustCompile(`^ ?([0-9]+)\. No match\.$`)
)

// parseTrace reads what ofproto/trace prints. end holds its last lines by
// their headings.
func parseTrace(text string) (fate Fate, end map[string]string) {
	end = map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := flowLine.FindStringSubmatch(line); m != nil {
			fate.Passed = append(fate.Passed, passed(m))
			continue
		}
		if m := missLine.FindStringSubmatch(line); m != nil {
			table, _ := strconv.ParseUint(m[1], 10, 8)
			fate.Passed = append(fate.Passed, Passed{Table: pipeline.Table(table), Missed: true})
			continue
		}
		if heading, rest, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, " ") {
			end[heading] = rest
			continue
		}
		fate.action(strings.TrimSpace(line))
	}
	fate.conclude(fieldsOf(end["Final flow"]), end["Final flow"])
	return fate, end
}

func passed(m []string) Passed {
	table, _ := strconv.ParseUint(m[1], 10, 8)
	priority, _ := strconv.ParseUint(m[3], 10, 16)
	cookie, _ := strconv.ParseUint(m[4], 0, 64)
	return Passed{Table: pipeline.Table(table), Match: m[2], Priority: uint16(priority), Cookie: pipeline.Cookie(cookie)}
}

// action takes note of a line below a flow.
func (f *Fate) action(line string) {
	if len(f.Passed) == 0 || line == "" {
		return
	}
	last := &f.Passed[len(f.Passed)-1]
	if strings.HasPrefix(line, ">>") {
		f.Refused, f.Port = strings.Trim(line, "> "), 0
		return
	}
	if strings.HasPrefix(line, "->") {
		return // what an action has come to, which the final flow tells too
	}
	last.Actions = append(last.Actions, line)
	if port, ok := strings.CutPrefix(line, "output:"); ok {
		n, err := strconv.ParseUint(port, 10, 32)
		if err == nil {
			f.Port = uint32(n)
		}
	}
}

// conclude reads off the packet in the end what has become of it.
func (f *Fate) conclude(fields fields, final string) {
	f.VRF = fields.number("metadata")
	for _, p := range f.Passed {
		if p.Table == pipeline.TableRoute && p.Cookie.Kind() != pipeline.KindVRF {
			f.Route = routeOf(p.Match)
		}
		if p.Table == pipeline.TablePunt && !p.Missed {
			f.Punted = pipeline.Reason(fields.number("reg3"))
		}
	}
	if f.Port == 0 {
		return
	}
	if strings.HasPrefix(final, "mpls") {
		label := fields.number("mpls_label")
		f.Pushed = &label
	}
	f.DstMAC, _ = net.ParseMAC(fields["dl_dst"])
}

// routeOf is the prefix that a match of the route table names; without one it
// is the default route of its family.
func routeOf(match string) netip.Prefix {
	fields := fieldsOf(match)
	for _, name := range []string{"nw_dst", "ipv6_dst"} {
		text, ok := fields[name]
		if !ok {
			continue
		}
		if p, err := netip.ParsePrefix(text); err == nil {
			return p
		}
		if a, err := netip.ParseAddr(text); err == nil {
			return netip.PrefixFrom(a, a.BitLen())
		}
	}
	switch family, _, _ := strings.Cut(match, ","); family {
	case "ip":
		return netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	case "ipv6":
		return netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	}
	return netip.Prefix{}
}

// fields are the KEY=VALUE terms of a flow.
type fields map[string]string

func fieldsOf(flow string) fields {
	f := fields{}
	for term := range strings.SplitSeq(flow, ",") {
		if key, value, ok := strings.Cut(term, "="); ok {
			f[key] = value
		}
	}
	return f
}

func (f fields) or(key, absent string) string {
	if v, ok := f[key]; ok {
		return v
	}
	return absent
}

func (f fields) number(key string) uint32 {
	n, err := strconv.ParseUint(f[key], 0, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
