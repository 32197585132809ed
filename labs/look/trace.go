package look

import (
	"context"
	"fmt"
	"net/netip"

	"pseudowan/hosts/probe"
	"pseudowan/status"
	"pseudowan/trace"
	"pseudowan/verify"
)

// Trace follows a packet from a host to an address: through the routers' tables,
// through their Open vSwitch, and with real packets. If lab is empty, it is the only
// running one.
func Trace(ctx context.Context, lab, host string, to netip.Addr) (status.Trace, error) {
	in, err := inspect(ctx, lab, "")
	if err != nil {
		return status.Trace{}, err
	}
	if err := in.needHost(host); err != nil {
		return status.Trace{}, err
	}
	sender, err := probe.Open(in.hosts)
	if err != nil {
		return status.Trace{}, err
	}
	defer sender.Close()
	in.port = sender.Port()
	return traceBy(ctx, struct {
		*inspection
		prober
	}{in, prober{hosts: sender, in: in}}, host, to)
}

// tracer is what follows packets: the nodes of this server, or of all sites of a lab.
type tracer interface {
	trace.Asker
	tables
	Path(context.Context, verify.Probe) ([]verify.Hop, error)
}

// traceBy follows a packet.
func traceBy(ctx context.Context, by tracer, host string, to netip.Addr) (status.Trace, error) {
	// Real packets go first: the routers learn neighbours from them.
	source, err := sourceOf(ctx, by, host, to)
	if err != nil {
		return status.Trace{}, err
	}
	hops, err := by.Path(ctx, verify.Probe{From: host, Source: source, Destination: to})
	if err != nil {
		return status.Trace{}, err
	}
	s, err := by.about(ctx, "", netip.PrefixFrom(to, to.BitLen()))
	if err != nil {
		return status.Trace{}, err
	}
	path, err := trace.Follow(ctx, s, by, host, source, to)
	if err != nil {
		return status.Trace{}, err
	}
	var seen []status.RealHop
	for _, h := range hops {
		seen = append(seen, status.RealHop{
			TTL: h.TTL, Address: h.Address, Node: h.Host, Refusal: h.Refusal, Millis: h.Took.Seconds() * 1000,
			Arrived: append([]string{}, h.Arrived...),
		})
	}
	return path.Beside(s, seen), nil
}

// sourceOf returns the address from which a host's kernel would send; an error if it
// would not send.
func sourceOf(ctx context.Context, by trace.Asker, host string, to netip.Addr) (netip.Addr, error) {
	r, err := by.Route(ctx, host, trace.HostPacket{Destination: to})
	if err != nil {
		return netip.Addr{}, err
	}
	if r.Refused != "" {
		return netip.Addr{}, fmt.Errorf("host %s does not send to %s: %s", host, to, r.Refused)
	}
	return r.Source, nil
}
