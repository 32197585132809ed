package trace

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"pseudowan/status"
)

// Path is a packet's path as Open vSwitch forwards it, with what the tables say at
// each router.
type Path struct {
	status.Trace
	site    string  // outside the lab, that the packet leaves for
	onward  bool    // it leaves for a router outside the lab, whose paths may lead back
	doubts  []doubt // in the order of the hops
	filters []doubt // hosts on the path that may drop the packet
}

// doubt is why the path of a packet is unknown from a hop on.
type doubt struct {
	hop  int
	text string
	ends bool // the path ends here, and its outcome says why
}

// maxNodes limits the nodes of a path. A loop ends there, as by its TTL.
const maxNodes = 64

// follower follows one packet.
type follower struct {
	*Snapshot
	asker Asker
	path  Path
	ttl   uint8
}

// Follow follows a packet from a host to an address. If source is zero, the host's
// kernel chooses it.
func Follow(ctx context.Context, s *Snapshot, a Asker, from string, source, to netip.Addr) (Path, error) {
	f := follower{Snapshot: s, asker: a, ttl: 64}
	f.path.From, f.path.Source, f.path.Destination = from, source, to
	f.path.Hops, f.path.Real, f.path.Disagreements, f.path.CannotTell = []status.Hop{}, []status.RealHop{}, []string{}, []string{}
	at, err := f.host(ctx, place{node: from})
	for err == nil && at.node != "" {
		if len(f.path.Hops) >= maxNodes || f.ttl <= 1 {
			f.path.Outcome = "loops until its TTL expires"
			break
		}
		if at.router {
			at, err = f.router(ctx, at)
		} else {
			at, err = f.host(ctx, at)
		}
	}
	return f.path, err
}

// place is where the packet is next; without a node the path has ended.
type place struct {
	node    string
	router  bool
	port    uint32
	label   *uint32
	under   []uint32
	arrives string // the interface of a host; "" if unknown
	mac     string // the destination MAC; "" if unknown
}

// router moves the packet past a router: it asks both the tables and Open vSwitch,
// and follows the latter.
func (f *follower) router(ctx context.Context, at place) (place, error) {
	p := Packet{Port: at.port, Label: at.label, Under: at.under, Source: f.path.Source, Destination: f.path.Destination, TTL: f.ttl}
	fate, err := f.asker.Fate(ctx, at.node, p)
	if err != nil {
		return place{}, fmt.Errorf("router %s: %w", at.node, err)
	}
	if err := f.learn(ctx, at); err != nil {
		return place{}, err
	}
	f.ttl--
	next := f.beyond(at.node, fate)
	fate.To = next.node
	tables := f.byTables(at.node, p, fate.Forwarding)
	if f.unexplained(at, fate) {
		tables.Forwarding = fate.Forwarding // transit: the VRF tables do not apply
	}
	f.path.Hops = append(f.path.Hops, status.Hop{Node: at.node, Kind: status.Router, Tables: &tables.Forwarding, Switch: &fate.Forwarding})
	f.compare(at, tables, fate)
	if fate.Port == 0 {
		f.stop(at.node, tables, fate)
		return place{}, nil
	}
	if next.node == "" {
		f.leave(at.node, tables.VRF, fate)
	}
	return next, nil
}

// unexplained reports whether a switch swaps a label of which the tables know nothing.
func (f *follower) unexplained(at place, fate Fate) bool {
	if at.label == nil || fate.Popped != nil || fate.Pushed == nil || len(f.LSPs) > 0 {
		return false
	}
	_, known := f.label(at.node, *at.label)
	return !known
}

// learn asks a router for the label of a packet, if the snapshot does not have it.
func (f *follower) learn(ctx context.Context, at place) error {
	labels := at.under
	if at.label != nil {
		labels = append([]uint32{*at.label}, labels...)
	}
	for _, label := range labels {
		if _, known := f.label(at.node, label); known {
			continue
		}
		rows, err := f.asker.Label(ctx, at.node, label)
		if err != nil {
			return fmt.Errorf("router %s: %w", at.node, err)
		}
		f.Flows = append(f.Flows, rows...)
	}
	return nil
}

// beyond returns the node at the other end of a router's port: a host, or the router
// that has the MAC.
func (f *follower) beyond(router string, fate Fate) place {
	out, ok := f.port(router, fate.Port)
	if !ok {
		return place{}
	}
	if segment := f.segment(out.Host); segment != nil {
		return f.onSegment(*segment, router, netip.Addr{}, fate.DstMAC)
	}
	if far, ok := f.acrossVRFs(out, fate.DstMAC); ok {
		return far
	}
	if out.Host != "" {
		return place{node: out.Host, arrives: f.interfaceAt(out), mac: fate.DstMAC}
	}
	for _, other := range f.routers() {
		for _, i := range f.core(other) {
			if other != router && strings.EqualFold(i.MAC, fate.DstMAC) {
				next := place{node: other, router: true, port: i.Port, label: fate.Pushed}
				if len(fate.Stack) > 0 {
					next.label, next.under = &fate.Stack[0], fate.Stack[1:]
				}
				return next
			}
		}
	}
	return place{}
}

// acrossVRFs returns the port of the router at the other end of a link of VRFs; false if a
// port is not of one.
func (s *Snapshot) acrossVRFs(out status.Interface, mac string) (place, bool) {
	router, intf, ok := s.endOfVRF(out.Host)
	if !ok {
		return place{}, false
	}
	for _, i := range s.Interfaces {
		if i.Router == router && i.Name == intf && strings.EqualFold(i.MAC, mac) {
			return place{node: i.Router, router: true, port: i.Port}, true
		}
	}
	return place{}, true
}

// stop ends the path at a router.
func (f *follower) stop(router string, tables lookup, fate Fate) {
	vrf := tables.VRF
	if vrf == "" {
		vrf = fate.VRF
	}
	why := fate.Stops
	switch {
	case tables.lost(fate): // nobody answers
	case tables.Stops == forRouter:
		f.path.Delivered, f.path.Outcome = router, "is delivered to router "+router
		return
	case tables.Stops != "":
		why = tables.Stops
	}
	f.path.Outcome = fmt.Sprintf("ends at router %s: %s", router, where(vrf, why))
}

func where(vrf, what string) string {
	if vrf == "" {
		return what
	}
	return "VRF " + vrf + ": " + what
}

// compare records how Open vSwitch differs from the tables.
func (f *follower) compare(at place, tables lookup, fate Fate) {
	for _, text := range differences(at.label, tables, fate) {
		f.path.Disagreements = append(f.path.Disagreements, fmt.Sprintf("router %s: %s", at.node, text))
	}
}

// lost reports whether the switch drops a packet that the router has to answer.
func (l lookup) lost(fate Fate) bool {
	return l.slow && l.Stops != "" && fate.Dropped
}

func differences(label *uint32, tables lookup, fate Fate) []string {
	if len(fate.Copies) == 0 {
		return ways(label, tables, fate)
	}
	return append(ways(label, tables, fate), fmt.Sprintf("VRF %s: Open vSwitch also sends a copy out of %s", tables.VRF, strings.Join(fate.Copies, " and ")))
}

// ways compares where the packet goes by the tables and by Open vSwitch.
func ways(label *uint32, tables lookup, fate Fate) []string {
	subject := "VRF " + tables.VRF
	if label != nil && tables.VRF == "" {
		subject = fmt.Sprintf("label %d", *label)
	} else if label != nil {
		subject = fmt.Sprintf("label %d of VRF %s", *label, tables.VRF)
	} else if tables.Prefix.IsValid() {
		subject += fmt.Sprintf(": route %s", tables.Prefix)
	}
	switch {
	case tables.lost(fate):
		return []string{fmt.Sprintf("%s: the flow is missing or wrong: by the tables the router answers the packet itself (%s), in Open vSwitch it %s",
			subject, tables.Stops, fate.Stops)}
	case tables.Stops == "" && fate.Stops != "":
		return []string{fmt.Sprintf("%s: the flow is missing or wrong: the tables send the packet out of %s%s, in Open vSwitch it %s",
			subject, tables.Out, under(tables.Pushed), fate.Stops)}
	case tables.Stops != "" && fate.Stops == "":
		return []string{fmt.Sprintf("Open vSwitch has a flow that the tables do not explain: it sends the packet out of %s%s; by the tables: %s",
			fate.Out, under(fate.Pushed), where(tables.VRF, tables.Stops))}
	case tables.Stops != "":
		return nil
	}
	var out []string
	if fate.VRF != "" && tables.VRF != fate.VRF {
		out = append(out, fmt.Sprintf("Open vSwitch uses VRF %s, the tables say VRF %s", fate.VRF, tables.VRF))
	}
	if fate.Prefix.IsValid() && tables.Prefix.IsValid() && fate.Prefix != tables.Prefix {
		out = append(out, fmt.Sprintf("VRF %s: Open vSwitch uses route %s, the longest match in the tables is %s", tables.VRF, fate.Prefix, tables.Prefix))
	}
	if !slices.Equal(fate.Stack, tables.Stack) {
		out = append(out, fmt.Sprintf("%s: the packet leaves Open vSwitch with labels %s, BGP says %s", subject, stack(fate.Stack), stack(tables.Stack)))
	} else if number(fate.Pushed) != number(tables.Pushed) {
		out = append(out, fmt.Sprintf("%s: Open vSwitch pushes label %s, BGP says %s", subject, number(fate.Pushed), number(tables.Pushed)))
	}
	if fate.Out != tables.Out || fate.To != tables.To && tables.To != "" {
		out = append(out, fmt.Sprintf("%s: Open vSwitch sends out of %s to %s, the tables say %s to %s",
			subject, fate.Out, nobody(fate.To), tables.Out, nobody(tables.To)))
	} else if tables.mac != "" && fate.DstMAC != "" && !strings.EqualFold(tables.mac, fate.DstMAC) {
		out = append(out, fmt.Sprintf("%s: Open vSwitch sends to MAC %s, the neighbour has %s", subject, fate.DstMAC, tables.mac))
	}
	return out
}

func under(label *uint32) string {
	if label == nil {
		return ""
	}
	return fmt.Sprintf(" with label %d", *label)
}

// stack writes labels, the outermost first.
func stack(labels []uint32) string {
	if len(labels) == 0 {
		return "none"
	}
	words := make([]string, len(labels))
	for i := range labels {
		words[i] = fmt.Sprint(labels[i])
	}
	return strings.Join(words, " ")
}

func number(label *uint32) string {
	if label == nil {
		return "none"
	}
	return fmt.Sprint(*label)
}

func nobody(node string) string {
	if node == "" {
		return "nobody"
	}
	return node
}
