package router

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strconv"

	"pseudowan/ovs"
	"pseudowan/status"
)

// Packet is an IP packet that arrives at a port of the router, possibly with a label
// that the router assigned.
type Packet struct {
	Port        uint32     `json:"port"`
	Label       *uint32    `json:"label"`
	Under       []uint32   `json:"under,omitempty"` // labels under it, the outermost first
	Source      netip.Addr `json:"source"`
	Destination netip.Addr `json:"destination"`
	TTL         uint8      `json:"ttl"`
	// UDP ports, which influence the choice between equally good paths.
	SourcePort      uint16 `json:"source_port"`
	DestinationPort uint16 `json:"destination_port"`
}

// Fate is what the router's Open vSwitch does with a packet.
type Fate struct {
	status.Forwarding
	Port    uint32 `json:"port"`    // by which it leaves; 0 if it does not
	DstMAC  string `json:"dst_mac"` // of the next hop
	Dropped bool   `json:"dropped"` // it goes nowhere, not even to the slow path

	Copies []string `json:"copies"` // where else it goes: interfaces, or Open vSwitch's names for several ports
}

// Fate asks what Open vSwitch would do with a packet. Nothing is sent.
func (c *Client) Fate(ctx context.Context, p Packet) (f Fate, err error) {
	err = c.send(ctx, http.MethodPost, "fate", p, &f)
	return f, err
}

func (a *agent) postFate(w http.ResponseWriter, q *http.Request) {
	p, ok := asked[Packet](w, q)
	if !ok {
		return
	}
	f, err := a.fate(q.Context(), p)
	a.answer(w, f, err)
}

// fate asks the switch, and replaces its numbers with the router's names.
func (a *agent) fate(ctx context.Context, p Packet) (Fate, error) {
	mac, err := inLoop(ctx, a.loop, func() net.HardwareAddr { return a.loop.macOf(p.Port) })
	if err != nil {
		return Fate{}, err
	}
	if mac == nil {
		return Fate{}, fmt.Errorf("no port %d", p.Port)
	}
	f, err := a.sw.Fate(ctx, ovs.Packet{
		Port: p.Port, DstMAC: mac, Label: p.Label, Under: p.Under, Source: p.Source, Destination: p.Destination, TTL: p.TTL,
		SourcePort: p.SourcePort, DestinationPort: p.DestinationPort,
	})
	if err != nil {
		return Fate{}, err
	}
	return inLoop(ctx, a.loop, func() Fate { return a.loop.named(f) })
}

// macOf returns the router's MAC on a port; nil if there is no such port.
func (l *loop) macOf(port uint32) net.HardwareAddr {
	if p := l.links.Port(port); p != nil {
		return p.HardwareAddr
	}
	if p := l.ports.Port(port); p != nil {
		return p.HardwareAddr
	}
	return nil
}

func (l *loop) named(f ovs.Fate) Fate {
	out := Fate{Port: f.Port, DstMAC: f.DstMAC.String()}
	out.Prefix, out.Popped, out.Pushed, out.Passed = f.Route, f.Popped, f.Pushed, texts(f.Passed)
	if l.cfg.Transport != nil {
		out.Stack = f.Stack
	}
	if v := l.vrfs.ByID(f.VRF); v != nil {
		out.VRF, out.RD = v.Name, v.RD.String()
	}
	if f.Port != 0 {
		out.Out = portNames(l.cfg)[f.Port]
		if out.Out == "" {
			out.Out = fmt.Sprintf("port %d, which the router does not have", f.Port)
		}
	}
	for _, to := range f.Copies {
		if n, err := strconv.ParseUint(to, 10, 32); err == nil {
			to = cmp.Or(portNames(l.cfg)[uint32(n)], "port "+to)
		}
		out.Copies = append(out.Copies, to)
	}
	switch {
	case f.Refused != "":
		out.Stops, out.Dropped = f.Refused, true
	case f.Punted != 0:
		out.Stops = "goes to the slow path: " + f.Punted.String()
	case f.Port == 0:
		out.Stops, out.Dropped = "is dropped", true
		if n := len(f.Passed); n > 0 {
			out.Stops += " in " + f.Passed[n-1].String()
		}
	}
	return out
}
