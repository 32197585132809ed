package edit

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// customer is an attachment of a host with BGP.
type customer struct {
	host string
	topology.Attachment
}

// sessionOf returns the session that an edit is about: between routers and with routers
// behind a NIC as the router sees it, with a host as its attachment.
func sessionOf(t *topology.Topology, e Edit) (*topology.Session, customer, error) {
	var sessions []*topology.Session
	for i := range t.Sessions {
		if s := &t.Sessions[i]; (e.Router == "" || s.Router == e.Router) && (s.PeerRouter == e.Name || s.Peer() == e.Name) &&
			(e.Interface == "" || s.Interface == e.Interface) {
			sessions = append(sessions, s)
		}
	}
	sessions = append(sessions, sessionsOfVRFs(t, e)...)
	customers := customersOf(t, e)
	switch len(sessions) + len(customers) {
	case 0:
		return nil, customer{}, &NotFoundError{fmt.Sprintf("no router%s has a session with %s", ofRouter(e.Router), e.Name)}
	case 1:
		if len(customers) > 0 {
			return nil, customers[0], nil
		}
		return sessions[0], customer{}, nil
	}
	return nil, customer{}, fmt.Errorf("there are several sessions with %s; name the router whose peer it is, and if need be the interface", e.Name)
}

// sessionsOfVRFs returns the sessions on links of VRFs, one for each end whatever the number
// of its IP versions, which have the same settings.
func sessionsOfVRFs(t *topology.Topology, e Edit) (out []*topology.Session) {
	for _, l := range t.Links {
		for i, near := range l.Ends {
			if l.InterAS != topology.OptionA || e.Router != "" && near.Router != e.Router || e.Interface != "" && near.Interface != e.Interface {
				continue
			}
			far := l.Ends[1-i]
			if far.Router == e.Name || slices.ContainsFunc(near.BGP.Sessions, func(s topology.CustomerSession) bool { return s.PeerAddress == parsedAddress(e.Name) }) {
				out = append(out, &topology.Session{Router: near.Router, Interface: near.Interface, PeerRouter: far.Router, Settings: near.BGP.Settings})
			}
		}
	}
	return out
}

// customersOf returns the attachments with BGP of a host, by its name or an address.
func customersOf(t *topology.Topology, e Edit) (out []customer) {
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			has := slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Addr() == parsedAddress(e.Name) })
			at := t.AtRouters(topology.Host{Attachments: []topology.Attachment{a}})
			on := e.Router == "" || slices.ContainsFunc(at, func(x topology.Attachment) bool { return x.Router == e.Router })
			if a.BGP != nil && (h.Name == e.Name || has) && on && (e.Interface == "" || a.Interface == e.Interface) {
				out = append(out, customer{h.Name, a})
			}
		}
	}
	return out
}

// linkOf returns the index of the link that a session is on.
func linkOf(t *topology.Topology, s *topology.Session) (int, error) {
	for i, l := range t.Links {
		if slices.ContainsFunc(l.Ends, func(e topology.LinkEnd) bool { return e.Router == s.Router && e.Interface == s.Interface }) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("the session of %s with %s follows from core:, and has the settings of defaults: bgp:; edit the file, and `pseudowan up` it", s.Router, s.Peer())
}

// session returns the mapping with the settings of a session.
func (f *file) session(t *topology.Topology, e Edit) (settings *yaml.Node, what string, err error) {
	s, a, err := sessionOf(t, e)
	if err != nil {
		return nil, "", err
	}
	if s == nil {
		at, err := f.attachment(t, a.host, a.Interface)
		if err != nil {
			return nil, "", err
		}
		return f.customer(at, a.host)
	}
	i, err := linkOf(t, s)
	if err != nil {
		return nil, "", err
	}
	link, what, err := f.link(t, i)
	if err != nil {
		return nil, what, err
	}
	if s.PeerRouter == "" {
		return f.outsider(link, what, s)
	}
	end, err := f.end(link, what, s.Router+":"+s.Interface)
	if err != nil {
		return nil, what, err
	}
	what = "end " + s.Router + ":" + s.Interface
	settings, err = f.within(end, what, "bgp")
	return settings, "bgp: of " + what, err
}

// customer returns bgp: of an attachment as a mapping.
func (f *file) customer(at *yaml.Node, host string) (*yaml.Node, string, error) {
	what := "host " + host
	settings, err := f.within(at, what, "bgp")
	if err == nil && settings.Kind == yaml.ScalarNode { // the AS alone
		as := *settings
		*settings = yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
		add(settings, "as", &as)
	}
	return settings, "bgp: of " + what, err
}

// end returns the settings of an end of a link, which gets a mapping of ends for that.
func (f *file) end(link *yaml.Node, what, name string) (*yaml.Node, error) {
	_, ends := find(link, "ends")
	if err := own(ends, "ends: of "+what); err != nil {
		return nil, err
	}
	if ends.Kind == yaml.SequenceNode {
		mapping := yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: ends.Style}
		for _, one := range ends.Content {
			mapping.Content = append(mapping.Content, one, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle})
		}
		*ends = mapping
	}
	return f.within(ends, what, name)
}

// outsider returns the settings of the session with a router behind a NIC.
func (f *file) outsider(link *yaml.Node, what string, s *topology.Session) (*yaml.Node, string, error) {
	what = "bgp: of " + what
	settings, err := f.within(link, what, "bgp")
	if err != nil {
		return nil, what, err
	}
	if err := written(settings, what, "peer", "neighbors"); err != nil {
		return nil, what, err
	}
	if one, _ := neighborIn(settings, s); one != nil {
		return one, "neighbor " + s.Peer(), own(one, "neighbor "+s.Peer())
	}
	if _, list := find(settings, "neighbors"); list != nil {
		return nil, what, fmt.Errorf("the settings of the session with %s are also those of neighbors:; edit the file, and `pseudowan up` it", s.Peer())
	}
	return settings, what, nil
}

// neighborIn returns the item of neighbors: that a session is, and the list.
func neighborIn(settings *yaml.Node, s *topology.Session) (one, list *yaml.Node) {
	_, list = find(settings, "neighbors")
	if list == nil || list.Kind != yaml.SequenceNode {
		return nil, list
	}
	for _, n := range list.Content {
		if _, peer := find(n, "peer"); peer != nil && (peer.Value == s.Peer() || parsedAddress(peer.Value) == s.PeerAddress && s.PeerAddress.IsValid()) {
			return n, list
		}
	}
	return nil, list
}

// delOutsider removes the session with a router behind a NIC.
func (f *file) delOutsider(link *yaml.Node, what string, s *topology.Session) error {
	_, settings := find(link, "bgp")
	if err := own(settings, "bgp: of "+what); err != nil {
		return err
	}
	one, list := neighborIn(settings, s)
	if one == nil && list != nil {
		if err := written(settings, "bgp: of "+what, "peer"); err != nil {
			return err
		}
		remove(settings, "peer") // its other settings are those of neighbors:, too
		return nil
	}
	if one != nil {
		if err := own(list, "neighbors: of "+what); err != nil {
			return err
		}
		list.Content = slices.DeleteFunc(list.Content, func(n *yaml.Node) bool { return n == one })
		if _, peer := find(settings, "peer"); len(list.Content) > 0 || peer != nil {
			return nil
		}
	}
	remove(link, "bgp")
	return nil
}
