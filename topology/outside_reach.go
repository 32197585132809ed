package topology

import (
	"net/netip"
	"slices"
)

// beyond names, for Reaches, what is behind a NIC. Nothing of the lab has such a
// name.
func (o Outside) beyond() string { return o.Router + ":" + o.Interface }

// withOutside returns the topology as if the routers behind the NICs were of the
// lab, and the sites behind them hosts of theirs: what route targets and
// sessions let hosts reach follows for both alike. Without sites it is t itself.
func (t *Topology) withOutside() *Topology {
	if len(t.Outside) == 0 {
		return t
	}
	out := *t
	out.Routers, out.Links, out.Sessions = slices.Clone(t.Routers), slices.Clone(t.Links), slices.Clone(t.Sessions)
	out.VRFs, out.Hosts = slices.Clone(t.VRFs), slices.Clone(t.Hosts)
	added := make(map[string]bool)
	for _, o := range t.Outside {
		if !added[o.beyond()] {
			added[o.beyond()] = true
			out.addRouterBeyond(o)
		}
		out.VRFs = append(out.VRFs, VRF{
			Router: o.beyond(), Name: o.Name, Import: o.Import, Export: o.Export, RedistributeConnected: RedistributeHosts,
		})
		out.Hosts = append(out.Hosts, o.host())
	}
	return &out
}

// host is the site as a host of the router behind the NIC.
func (o Outside) host() Host {
	a := Attachment{Router: o.beyond(), VRF: o.Name, Routes: []netip.Prefix{defaultRoute4, defaultRoute6}}
	for _, addr := range o.Addresses {
		a.Addresses = append(a.Addresses, netip.PrefixFrom(addr, addr.BitLen()))
	}
	return Host{Name: o.Name, Attachments: []Attachment{a}}
}

// addRouterBeyond adds the router behind a NIC: its end of the link, and its
// view of the sessions.
func (t *Topology) addRouterBeyond(o Outside) {
	as := t.systems()[o.Router]
	beyond := Router{Name: o.beyond()}
	for i := range t.Sessions {
		s := &t.Sessions[i]
		if !s.over(o.Router, o.Interface) {
			continue
		}
		if s.PeerPrefix.IsValid() { // one of those who may come
			for s.PeerAddress = s.PeerPrefix.Addr().Next(); s.PeerAddress == s.LocalAddress; {
				s.PeerAddress = s.PeerAddress.Next()
			}
		}
		s.PeerRouter, beyond.AS = beyond.Name, s.PeerAS
		settings := s.Settings
		settings.ImportPolicy, settings.ExportPolicy = nil, nil // what its own are is not known
		t.Sessions = append(t.Sessions, Session{
			Router: beyond.Name, Interface: o.Interface, LocalAddress: s.PeerAddress, PeerAddress: s.LocalAddress,
			PeerAS: as, PeerRouter: o.Router, Settings: settings,
		})
	}
	t.Routers = append(t.Routers, beyond)
	for i, l := range t.Links {
		if l.NIC != "" && len(l.Ends) == 1 && l.Ends[0].Router == o.Router && l.Ends[0].Interface == o.Interface {
			far := l.Ends[0]
			far.Router = beyond.Name
			t.Links[i].Ends = []LinkEnd{l.Ends[0], far}
		}
	}
}
