package trace

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"pseudowan/status"
	"pseudowan/topology"
)

// host moves the packet past a host, which receives or forwards it.
func (f *follower) host(ctx context.Context, at place) (place, error) {
	name := at.node
	f.path.Hops = append(f.path.Hops, status.Hop{Node: name, Kind: status.Host})
	passing := len(f.path.Hops) > 1
	i := slices.IndexFunc(f.Topology.Hosts, func(h topology.Host) bool { return h.Name == name })
	if i < 0 {
		f.path.Outcome = fmt.Sprintf("arrives at %s, which is not in the topology", name)
		return place{}, nil
	}
	p := HostPacket{Source: f.path.Source, Destination: f.path.Destination, Arrives: at.arrives}
	route, err := f.asker.Route(ctx, name, p)
	if ctx.Err() != nil {
		return place{}, ctx.Err()
	}
	if err != nil {
		f.end("reaches host %s, and what happens there is unknown: %v", name, err)
		return place{}, nil
	}
	if f.Topology.Hosts[i].Rewrites {
		f.doubt("host %s rewrites or drops packets (rewrites: in the file)", name)
	} else {
		f.rules(ctx, name)
	}
	switch {
	case passing && route.OwnMAC != "" && at.mac != "" && !strings.EqualFold(route.OwnMAC, at.mac):
		f.end("arrives at host %s with destination MAC %s, but %s has %s", name, at.mac, at.arrives, route.OwnMAC)
		return place{}, nil
	case route.Refused != "" && passing:
		f.path.Outcome = fmt.Sprintf("arrives at %s, which drops it: %s", name, route.Refused)
		return place{}, nil
	case route.Refused != "":
		f.path.Outcome = fmt.Sprintf("is not sent by host %s: %s", name, route.Refused)
		return place{}, nil
	case route.Local:
		f.path.Delivered, f.path.Outcome = name, "is delivered to "+name
		return place{}, nil
	}
	if !f.path.Source.IsValid() {
		f.path.Source = route.Source
	}
	if passing {
		f.ttl--
	}
	return f.enter(f.Topology.Hosts[i], route)
}

// doubt records that the packet may go another way from here on.
func (f *follower) doubt(format string, args ...any) {
	f.path.doubts = append(f.path.doubts, doubt{hop: len(f.path.Hops) - 1, text: fmt.Sprintf(format, args...)})
}

// end ends the path where it is unknown what happens to the packet.
func (f *follower) end(format string, args ...any) {
	f.path.Outcome = fmt.Sprintf(format, args...)
	f.path.doubts = append(f.path.doubts, doubt{len(f.path.Hops) - 1, "the packet " + f.path.Outcome, true})
}

// rules records what a host may do to the packet.
func (f *follower) rules(ctx context.Context, host string) {
	switch rules, err := f.asker.Rules(ctx, host); {
	case err != nil:
		f.doubt("the packet filter of host %s cannot be read: %v", host, err)
	default:
		if rules.Translates {
			f.doubt("host %s may translate addresses (NAT)", host)
		}
		if rules.Filters {
			f.path.filters = append(f.path.filters, doubt{hop: len(f.path.Hops) - 1, text: "host " + host + " filters packets"})
		}
	}
}

// enter finds the router's port at the other end of the interface that a host uses.
func (f *follower) enter(h topology.Host, route HostRoute) (place, error) {
	i := slices.IndexFunc(h.Attachments, func(a topology.Attachment) bool { return a.Interface == route.Interface })
	if i < 0 {
		f.end("leaves host %s by %s, which is not in the topology", h.Name, route.Interface)
		return place{}, nil
	}
	if segment := f.segment(h.Attachments[i].Segment); segment != nil {
		return f.acrossSegment(*segment, h, route), nil
	}
	port, ok := f.portOf(h.Name, h.Attachments[i])
	switch {
	case !ok:
		f.path.Outcome = fmt.Sprintf("ends at host %s: router %s has no port for its %s", h.Name, h.Attachments[i].Router, route.Interface)
		return place{}, nil
	case route.Silent:
		f.path.Outcome = fmt.Sprintf("ends at host %s: %s on %s", h.Name, f.silent(route.NextHop, ""), route.Interface)
		return place{}, nil
	case route.MAC != "" && port.MAC != "" && !strings.EqualFold(route.MAC, port.MAC):
		f.end("is sent by host %s to MAC %s, which it has for %s, but router %s has %s",
			h.Name, route.MAC, route.NextHop, port.Router, port.MAC)
		return place{}, nil
	}
	return place{node: port.Router, router: true, port: port.Port}, nil
}

// portOf returns the router's port of an attachment.
func (s *Snapshot) portOf(host string, a topology.Attachment) (status.Interface, bool) {
	i := slices.IndexFunc(s.Interfaces, func(i status.Interface) bool {
		return i.Router == a.Router && i.Host == host && slices.Equal(i.Addresses, a.Gateways)
	})
	if i < 0 {
		return status.Interface{}, false
	}
	return s.Interfaces[i], true
}

// interfaceAt returns the interface of a host at the other end of a router's port.
func (s *Snapshot) interfaceAt(port status.Interface) string {
	for _, h := range s.Topology.Hosts {
		if h.Name != port.Host {
			continue
		}
		for _, a := range h.Attachments {
			if a.Router == port.Router && slices.Equal(a.Gateways, port.Addresses) {
				return a.Interface
			}
		}
	}
	return ""
}
