package trace

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"path/filepath"
	"testing"

	"pseudowan/status"
	"pseudowan/topology"
)

// recorded returns what the routers of a running lab hub-spoke reported.
func recorded(t *testing.T) *Snapshot {
	t.Helper()
	dir := filepath.Join("testdata", "hub-spoke")
	text, err := os.ReadFile(filepath.Join(dir, "lab.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	lab, err := topology.Parse("lab.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	s := &Snapshot{Topology: lab}
	for name, into := range map[string]any{
		"vrf": &s.VRFs, "interface": &s.Interfaces, "arp": &s.Neighbors, "flow": &s.Flows, "peer": &s.Peers, "rib": &s.RIB,
	} {
		b, err := os.ReadFile(filepath.Join(dir, name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(b, into); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	for i := range lab.Hosts { // the addresses that hosts formed from advertisements
		for j := range lab.Hosts[i].Attachments {
			a := &lab.Hosts[i].Attachments[j]
			for _, n := range s.Neighbors {
				if a.SLAAC && n.VRF != "" && a.RA.Has(n.Address) {
					a.Addresses = append(a.Addresses, netip.PrefixFrom(n.Address, 64))
				}
			}
		}
	}
	return s
}

// world answers for switches and hosts that follow the tables, except where a test
// lets them do otherwise.
type world struct {
	*Snapshot
	truth  *Snapshot // what the switches follow
	broken func(router string, p Packet, f *status.Forwarding)
	fates  func(router string, f *Fate)
	lost   map[string]bool // hosts without a route
	routes map[string]func(*HostRoute)
	rules  map[string]HostRules
}

func newWorld(t *testing.T) *world {
	return &world{Snapshot: recorded(t), truth: recorded(t), broken: func(string, Packet, *status.Forwarding) {}}
}

func (w *world) Fate(_ context.Context, router string, p Packet) (Fate, error) {
	truth := w.truth.byTables(router, p, status.Forwarding{})
	f := Fate{Forwarding: truth.Forwarding}
	w.broken(router, p, &f.Forwarding)
	f.Dropped = f.Stops != "" && (f.Stops != truth.Stops || !truth.slow)
	for _, n := range w.Neighbors {
		if f.To != "" && n.Router == router && n.Interface == f.Out && n.VRF != "" {
			f.DstMAC = n.MAC
		}
	}
	for _, i := range w.Interfaces {
		if f.Stops == "" && i.Router == router && i.Name == f.Out {
			f.Port = i.Port
		}
		if i.Router == f.To && i.VRF == "" {
			f.DstMAC = i.MAC
		}
	}
	if w.fates != nil {
		w.fates(router, &f)
	}
	return f, nil
}

// change makes a host route differently.
func (w *world) change(host string, how func(*HostRoute)) {
	w.routes = map[string]func(*HostRoute){host: how}
}

func (w *world) Label(context.Context, string, uint32) ([]status.Flow, error) { return nil, nil }

func (w *world) Rules(_ context.Context, host string) (HostRules, error) { return w.rules[host], nil }

func (w *world) Route(_ context.Context, host string, p HostPacket) (HostRoute, error) {
	r := w.route(host, p)
	if change := w.routes[host]; change != nil {
		change(&r)
	}
	if r.Interface == "gone" {
		return HostRoute{}, errors.New("no such process")
	}
	return r, nil
}

func (w *world) route(host string, p HostPacket) HostRoute {
	to := p.Destination
	for _, h := range w.Topology.Hosts {
		if h.Name != host || w.lost[host] {
			continue
		}
		var best HostRoute
		bits := -1
		for _, a := range h.Attachments {
			for _, p := range a.Addresses {
				if p.Addr() == to {
					return HostRoute{Interface: "lo", Source: to, Local: true}
				}
			}
			for _, p := range append(a.Routes, defaults(a)...) {
				if p.Contains(to) && p.Bits() > bits {
					bits, best = p.Bits(), HostRoute{Interface: a.Interface, Source: sourceFor(a, to)}
				}
			}
		}
		switch {
		case p.Arrives != "" && !h.Forward:
			return HostRoute{Refused: "it does not forward"}
		case bits >= 0:
			return best
		}
	}
	return HostRoute{Refused: "network is unreachable"}
}

func defaults(a topology.Attachment) []netip.Prefix {
	out := append([]netip.Prefix{}, a.Addresses...)
	if a.SLAAC {
		out = append(out, netip.MustParsePrefix("::/0"))
	}
	return out
}

func sourceFor(a topology.Attachment, to netip.Addr) netip.Addr {
	for _, p := range a.Addresses {
		if p.Addr().Is4() == to.Is4() {
			return p.Addr()
		}
	}
	return netip.Addr{}
}

// address returns the address of a host in a prefix.
func (s *Snapshot) address(t *testing.T, host, in string) netip.Addr {
	t.Helper()
	for _, h := range s.Topology.Hosts {
		for _, a := range h.Attachments {
			for _, p := range a.Addresses {
				if h.Name == host && netip.MustParsePrefix(in).Contains(p.Addr()) {
					return p.Addr()
				}
			}
		}
	}
	t.Fatalf("host %s has no address in %s", host, in)
	return netip.Addr{}
}
