package look

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"time"

	"pseudowan/hosts/probe"
	"pseudowan/topology"
	"pseudowan/verify"
)

// prober sends the probes of verify from the lab's hosts.
type prober struct {
	hosts *probe.Prober
	in    *inspection
}

// sendWindow is how many requests wait for their answers at once.
const sendWindow = 256

// Send implements verify.Prober.
func (p prober) Send(ctx context.Context, probes []verify.Probe, v verify.Schedule) ([]verify.Observation, error) {
	list := make([]probe.Probe, len(probes))
	for i, q := range probes {
		list[i] = probe.Probe{From: q.From, Source: q.Source, Destination: q.Destination, Ping: v.Pings[q.Destination]}
	}
	window := 0
	if !v.Refusals { // all of them should be answered
		window = sendWindow
	}
	enough := false
	results, err := p.hosts.Send(ctx, list, probe.Schedule{
		Tries: v.Tries, Every: v.Every, Wait: v.Wait, Window: window, Progress: v.Progress,
		Settled: func(r probe.Result) bool {
			enough = enough || v.Enough != nil && v.Enough(observationOf(r))
			return enough || len(r.Answered) > 0 || r.Replied || v.Refusals && len(r.Errors) > 0
		},
	})
	if err != nil {
		return nil, err
	}
	out := make([]verify.Observation, len(results))
	for i, r := range results {
		out[i] = observationOf(r)
	}
	return out, nil
}

func observationOf(r probe.Result) verify.Observation {
	return verify.Observation{Answered: r.Answered, Arrived: r.Arrived, Strayed: r.Strayed, Replied: r.Replied, Error: errorOf(r)}
}

// errorOf returns the error that a host or a router reported about a probe.
func errorOf(r probe.Result) string {
	if len(r.Errors) > 0 {
		return r.Errors[len(r.Errors)-1].String()
	}
	if r.Refused != nil {
		return fmt.Sprintf("the host does not send it: %v", r.Refused)
	}
	return ""
}

// Limits of a path: hops, and the attempts to reach each.
const (
	maxHops   = 16
	pathTries = 4
	pathEvery = 300 * time.Millisecond
)

// Path implements verify.Prober. All TTLs are sent at once, and repeatedly, because
// routers limit the rate of their errors.
func (p prober) Path(ctx context.Context, q verify.Probe) ([]verify.Hop, error) {
	list := make([]probe.Probe, maxHops)
	foreign := p.in.isForeign(q.Destination)
	for i := range list {
		list[i] = probe.Probe{From: q.From, Source: q.Source, Destination: q.Destination, TTL: i + 1, Ping: foreign}
	}
	results, err := p.hosts.Send(ctx, list, probe.Schedule{
		Tries: pathTries, Every: pathEvery, Wait: pathEvery,
		Settled: func(r probe.Result) bool { return r.Replied || len(r.Answered)+len(r.Errors) > 0 },
	})
	if err != nil {
		return nil, err
	}
	var hops []verify.Hop
	for i, r := range results {
		h := verify.Hop{TTL: i + 1, Took: r.Took, Arrived: r.Arrived}
		switch {
		case len(r.Answered) > 0:
			h.Address, h.Host = q.Destination, r.Answered[0]
			return append(hops, h), nil
		case r.Replied:
			h.Address = q.Destination
			return append(hops, h), nil
		case len(r.Errors) > 0:
			h.Address = r.Errors[0].By
			if !r.Errors[0].TimeExceeded() {
				h.Refusal = r.Errors[0].Words()
				return append(hops, h), nil
			}
		}
		hops = append(hops, h)
	}
	return heard(hops), nil
}

// heard removes the hops after the first that arrived at a host, and all but one
// of the silent ones at the end.
func heard(hops []verify.Hop) []verify.Hop {
	if i := slices.IndexFunc(hops, func(h verify.Hop) bool { return len(h.Arrived) > 0 }); i >= 0 {
		return hops[:i+1]
	}
	n := len(hops)
	for n > 1 && !hops[n-1].Address.IsValid() && !hops[n-2].Address.IsValid() {
		n--
	}
	return hops[:n]
}

// deaf finds the hosts that cannot be tested, and why. Each first probes itself, so
// that its silence does not count as a fault of the lab.
func (p prober) deaf(ctx context.Context) (map[string]string, error) {
	var probes []probe.Probe
	for _, h := range p.in.topology.Hosts {
		if addresses := verify.AddressesOf(h); len(addresses) > 0 && !slices.Contains(p.in.missing, h.Name) && !slices.Contains(p.in.far, h.Name) {
			probes = append(probes, probe.Probe{From: h.Name, Destination: p.own(h, addresses)})
		}
	}
	results, err := p.hosts.Send(ctx, probes, probe.Schedule{
		Tries: 4, Every: 250 * time.Millisecond, Wait: time.Second,
		Settled: func(r probe.Result) bool { return len(r.Answered) > 0 },
	})
	if err != nil {
		return nil, err
	}
	deaf := make(map[string]string)
	for i, r := range results {
		if slices.Contains(r.Answered, probes[i].From) {
			continue
		}
		why := fmt.Sprintf("host %s gets no answer from its own address %s", probes[i].From, probes[i].Destination)
		if said := errorOf(r); said != "" {
			why += " (" + said + ")"
		}
		if rules, err := p.in.Rules(ctx, probes[i].From); err == nil && rules.Filters {
			why += "; it filters packets"
		}
		deaf[probes[i].From] = why
	}
	return deaf, nil
}

// own returns an address that the host has now, or the first that it should have.
func (p prober) own(h topology.Host, addresses []netip.Addr) netip.Addr {
	ph, _ := p.in.host(h.Name)
	for _, a := range addresses {
		if r, err := ph.Route(probe.Packet{Destination: a}); err == nil && r.Local {
			return a
		}
	}
	return addresses[0]
}
