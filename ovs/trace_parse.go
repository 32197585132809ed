package ovs

import (
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"pseudowan/ovs/pipeline"
)

var (
	flowLine = regexp.MustCompile(`^ ?([0-9]+)\. (?:(.*), )?priority ([0-9]+)(?:, cookie (0x[0-9a-f]+))?$`)
	missLine = regexp.MustCompile(`^ ?([0-9]+)\. No match\.$`)
	// sideLine begins a branch that does not come last: that of a packet that is
	// larger than its check allows.
	sideLine = regexp.MustCompile(`^ {4,}[0-9]+\. `)
)

// telling is the output of ofproto/trace, read line by line, with the packet
// after the actions so far. The last lines of the output do not suffice: the
// "Final flow" is the packet before its size is checked and what follows.
type telling struct {
	fate     Fate
	packet   fields
	protocol string // ip, ipv6 or mpls
	popped   bool
	stack    []uint32 // the labels now, the outermost first
	written  bool     // the outermost is not the one that it had before
	returns  bool     // the packet comes back to the first table, without its label
	aside    bool     // the lines are of a side branch
	out      []string // ports that it is sent to, as the actions name them
	check    sizeCheck
}

// sizeCheck is a check of a packet's size. The actions after it are printed
// twice: for a packet that is too large, and for one that is not.
type sizeCheck struct {
	step, actions int // how many had been printed
	packet        fields
	protocol      string
	stack         []uint32
}

// parseTrace reads the output of ofproto/trace for a packet that passes every
// check of its size, and arrives with labels, the outermost first.
func parseTrace(text string, labels ...uint32) (Fate, telling) {
	t := telling{packet: fields{}, check: sizeCheck{step: -1}, stack: slices.Clone(labels)}
	for line := range strings.Lines(text) {
		t.line(strings.TrimRight(line, "\n"))
	}
	t.conclude()
	return t.fate, t
}

func (t *telling) line(line string) {
	if m := flowLine.FindStringSubmatch(line); m != nil {
		t.step(passed(m))
		return
	}
	if m := missLine.FindStringSubmatch(line); m != nil {
		table, _ := strconv.ParseUint(m[1], 10, 8)
		t.step(Passed{Table: pipeline.Table(table), Missed: true})
		return
	}
	if heading, rest, ok := strings.Cut(line, ": "); ok && !strings.HasPrefix(line, " ") {
		t.heading(heading, rest)
		return
	}
	switch indented := len(line) - len(strings.TrimLeft(line, " ")); {
	case sideLine.MatchString(line):
		t.aside = true
	case t.aside && indented > 5: // the lines of a flow are indented by 4, the results of an action by 5
	default:
		t.aside = false
		t.action(strings.TrimSpace(line))
	}
}

func (t *telling) step(p Passed) {
	t.aside = false
	t.fate.Passed = append(t.fate.Passed, p)
}

func passed(m []string) Passed {
	table, _ := strconv.ParseUint(m[1], 10, 8)
	priority, _ := strconv.ParseUint(m[3], 10, 16)
	cookie, _ := strconv.ParseUint(m[4], 0, 64)
	return Passed{Table: pipeline.Table(table), Match: m[2], Priority: uint16(priority), Cookie: pipeline.Cookie(cookie)}
}

// heading reads a line about the whole packet.
func (t *telling) heading(heading, rest string) {
	switch heading {
	case "Flow":
		t.packet = fieldsOf(rest)
		switch first, _, _ := strings.Cut(rest, ","); {
		case first == "mpls":
			t.protocol = first
		case strings.HasSuffix(first, "6"): // ipv6, udp6, icmp6
			t.protocol = "ipv6"
		default:
			t.protocol = "ip"
		}
	case "Datapath actions":
		t.returns = strings.Contains(rest, "recirc(")
	}
}

// action reads a line below a flow.
func (t *telling) action(line string) {
	if line == "" {
		return
	}
	if strings.HasPrefix(line, ">>") {
		t.refuse(strings.Trim(line, "> "))
		return
	}
	if result, ok := strings.CutPrefix(line, "-> "); ok {
		if field, value, ok := strings.Cut(result, " is now "); ok {
			t.set(field, value)
		}
		return
	}
	if n := len(t.fate.Passed); n > 0 {
		step := &t.fate.Passed[n-1]
		if c := t.check; c.step == n && len(step.Actions) > c.actions && step.Actions[c.actions] == line {
			step.Actions = step.Actions[:c.actions]
			t.packet, t.protocol, t.stack, t.out = maps.Clone(c.packet), c.protocol, slices.Clone(c.stack), nil
		}
		step.Actions = append(step.Actions, line)
		if strings.HasPrefix(line, "check_pkt_larger(") {
			t.check = sizeCheck{n, len(step.Actions), maps.Clone(t.packet), t.protocol, slices.Clone(t.stack)}
		}
	}
	t.apply(line)
}

// apply applies an action to the packet.
func (t *telling) apply(action string) {
	verb, rest, _ := strings.Cut(action, ":")
	switch verb {
	case "set_field", "load":
		if value, field, ok := strings.Cut(rest, "->"); ok {
			t.set(field, value)
		}
	case "mod_dl_dst":
		t.packet.set("eth_dst", rest)
	case "push_mpls":
		t.protocol, t.written = "mpls", true
		t.stack = append([]uint32{0}, t.stack...)
	case "pop_mpls":
		t.popped, t.written = true, false
		t.stack = t.stack[min(1, len(t.stack)):]
		switch rest {
		case "0x0800":
			t.protocol = "ip"
		case "0x86dd":
			t.protocol = "ipv6"
		}
	case "output":
		t.out = append(t.out, rest)
	case "NORMAL", "FLOOD", "ALL", "IN_PORT", "LOCAL", "CONTROLLER":
		if n := len(t.fate.Passed); n == 0 || t.fate.Passed[n-1].Table != pipeline.TablePunt {
			t.out = append(t.out, verb)
		}
	}
	if label, ok := strings.CutPrefix(action, "set_mpls_label("); ok {
		t.set("mpls_label", strings.TrimSuffix(label, ")"))
	}
}

// set sets a field of the packet.
func (t *telling) set(field, value string) {
	t.packet.set(field, value)
	if field != "mpls_label" && otherNames[field] != "mpls_label" {
		return
	}
	t.written = true
	if len(t.stack) == 0 {
		t.stack = []uint32{0}
	}
	t.stack[0] = t.packet.number("mpls_label")
}

// refuse records that the last action was not carried out.
func (t *telling) refuse(why string) {
	t.fate.Refused = why
	if n := len(t.out); n > 0 {
		t.out = t.out[:n-1]
	}
}

// leaves sets the packet's egress port, the last of several.
func (t *telling) leaves() {
	f := &t.fate
	for _, out := range t.out {
		if n, err := strconv.ParseUint(out, 10, 32); err == nil {
			f.Port = uint32(n)
		}
	}
	for _, out := range t.out {
		if out != strconv.Itoa(int(f.Port)) && !slices.Contains(f.Copies, out) {
			f.Copies = append(f.Copies, out)
		}
	}
	switch {
	case f.Port != 0:
		f.Refused = ""
	case len(f.Copies) > 0:
		f.Refused, f.Copies = "leaves by "+strings.Join(f.Copies, " and ")+", as no flow of the router does", nil
	}
}

// conclude derives the packet's fate from its last state.
func (t *telling) conclude() {
	f := &t.fate
	t.leaves()
	f.VRF = t.packet.number("metadata")
	for _, p := range f.Passed {
		if p.Table == pipeline.TableRoute && p.Cookie.Kind() != pipeline.KindVRF {
			f.Route = routeOf(p.Match)
		}
		if p.Table == pipeline.TablePunt && !p.Missed {
			f.Punted = pipeline.Reason(t.packet.number("reg3"))
		}
	}
	if f.Port == 0 {
		return
	}
	f.Stack = t.stack
	if t.written && len(t.stack) > 0 {
		f.Pushed = &t.stack[0]
	}
	f.DstMAC, _ = net.ParseMAC(t.packet["dl_dst"])
}

// routeOf returns the prefix in a match of the route table; without one, the
// default route of its family.
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

// otherNames maps the names of fields in actions to those in flows.
var otherNames = map[string]string{
	"eth_dst": "dl_dst", "OXM_OF_ETH_DST[]": "dl_dst", "OXM_OF_MPLS_LABEL[]": "mpls_label", "OXM_OF_METADATA[]": "metadata",
	"NXM_NX_REG1[]": "reg1", "NXM_NX_REG1[0..30]": "reg1", "NXM_NX_REG3[]": "reg3",
}

func (f fields) set(field, value string) {
	if name, ok := otherNames[field]; ok {
		field = name
	}
	f[field] = value
}

func (f fields) number(key string) uint32 {
	n, err := strconv.ParseUint(f[key], 0, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}
