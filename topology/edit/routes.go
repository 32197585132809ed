package edit

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// addRoute adds a static route of a VRF: the host behind which it is announces it.
func (f *file) addRoute(t *topology.Topology, e Edit) error {
	if !hasVRF(t, e.Name) {
		return missing("VRF", e.Name, vrfNames(t))
	}
	if !e.Prefix.IsValid() || e.Prefix != e.Prefix.Masked() || !e.NextHop.IsValid() {
		return fmt.Errorf("a route needs a prefix without bits beyond its length, and the address of its next hop")
	}
	h, a, err := behind(t, e)
	if err != nil {
		return err
	}
	if f.early(h) {
		return fmt.Errorf("host %s is not there yet", h)
	}
	if slices.ContainsFunc(a.Statics, func(s topology.Static) bool { return s.Prefix == e.Prefix && s.NextHop == e.NextHop }) {
		return fmt.Errorf("VRF %s has the route %s via %s already", e.Name, e.Prefix, e.NextHop)
	}
	at, err := f.attachment(t, h, a.Interface)
	if err != nil {
		return err
	}
	one := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle} // not by node: there may be thousands
	for _, pair := range [][2]string{{"next-hop", e.NextHop.String()}, {"prefix", e.Prefix.String()}} {
		value := &yaml.Node{Kind: yaml.ScalarNode}
		value.SetString(pair[1])
		add(one, pair[0], value)
	}
	list, err := announced(at, h)
	switch {
	case err != nil:
		return err
	case list == nil:
		add(at, "announce", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: at.Style, Content: []*yaml.Node{one}})
	case list.Kind == yaml.SequenceNode:
		list.Content = append(list.Content, one)
	default: // one, without brackets
		first := *list
		*list = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: at.Style, Content: []*yaml.Node{&first, one}}
	}
	return nil
}

// behind finds the attachment that a next hop is on.
func behind(t *topology.Topology, e Edit) (host string, found topology.Attachment, err error) {
	own := false
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			on := slices.ContainsFunc(a.Gateways, func(g netip.Prefix) bool { return g.Contains(e.NextHop) && g.Addr() != e.NextHop })
			if a.VRF != e.Name || e.Router != "" && a.Router != e.Router || !on {
				continue
			}
			has := slices.ContainsFunc(a.Addresses, func(p netip.Prefix) bool { return p.Addr() == e.NextHop })
			switch {
			case host == "" || has && !own:
				host, found, own = h.Name, a, has
			case has == own && host != h.Name:
				return "", found, fmt.Errorf("next hop %s of VRF %s is behind host %s and host %s; name the router", e.NextHop, e.Name, host, h.Name)
			}
		}
	}
	if host == "" {
		return "", found, &NotFoundError{fmt.Sprintf("next hop %s is on no subnet of a host in VRF %s", e.NextHop, e.Name)}
	}
	return host, found, nil
}

// announced returns what an attachment announces, to be changed; nil if it announces
// nothing.
func announced(at *yaml.Node, host string) (*yaml.Node, error) {
	if err := written(at, "host "+host, "announce"); err != nil {
		return nil, err
	}
	_, list := find(at, "announce")
	if list == nil {
		return nil, nil
	}
	return list, own(list, "announce: of host "+host)
}

// attachment returns the mapping of an attachment: of the host itself if it has only
// one.
func (f *file) attachment(t *topology.Topology, host, iface string) (*yaml.Node, error) {
	_, h, err := f.host(t, host)
	if err != nil {
		return nil, err
	}
	if _, list := find(h, "attach"); list == nil {
		if err := written(h, "host "+host, "attach"); err != nil {
			return nil, err
		}
		return h, own(h, "host "+host)
	}
	list, err := attachments(h, host)
	if err != nil {
		return nil, err
	}
	for _, one := range list.Content {
		if _, name := find(one, "interface"); name.Value == iface {
			return one, own(one, "an attachment of host "+host)
		}
	}
	return nil, missing("interface of host "+host, iface, nil)
}

// delRoute removes a static route of a VRF.
func (f *file) delRoute(t *topology.Topology, e Edit) error {
	if !hasVRF(t, e.Name) {
		return missing("VRF", e.Name, vrfNames(t))
	}
	removed := false
	for _, h := range t.Hosts {
		for _, a := range t.AtRouters(h) {
			is := func(s topology.Static) bool {
				return s.Prefix == e.Prefix && (!e.NextHop.IsValid() || s.NextHop == e.NextHop)
			}
			if a.VRF != e.Name || e.Router != "" && a.Router != e.Router || !slices.ContainsFunc(a.Statics, is) {
				continue
			}
			at, err := f.attachment(t, h.Name, a.Interface)
			if err != nil {
				return err
			}
			gone, err := withdraw(at, e, h.Name)
			if err != nil {
				return err
			}
			if !gone {
				return fmt.Errorf("the route %s of VRF %s leads to a LAN of host %s (lans:), not to what it announces; edit the file, and `pseudowan up` it", e.Prefix, e.Name, h.Name)
			}
			removed = true
		}
	}
	if !removed {
		return &NotFoundError{fmt.Sprintf("VRF %s has no static route %s", e.Name, e.Prefix)}
	}
	return nil
}

// withdraw removes a prefix from the announcements of an attachment.
func withdraw(at *yaml.Node, e Edit, host string) (bool, error) {
	list, err := announced(at, host)
	if list == nil || err != nil {
		return false, err
	}
	is := func(n *yaml.Node) bool {
		if n.Kind == yaml.AliasNode {
			n = n.Alias
		}
		if n.Kind == yaml.MappingNode {
			_, prefix := find(n, "prefix")
			_, hop := find(n, "next-hop")
			return prefix != nil && prefix.Value == e.Prefix.String() && (!e.NextHop.IsValid() || hop == nil || hop.Value == e.NextHop.String())
		}
		return n.Value == e.Prefix.String()
	}
	if list.Kind != yaml.SequenceNode {
		if !is(list) {
			return false, nil
		}
		remove(at, "announce")
		return true, nil
	}
	before := len(list.Content)
	list.Content = slices.DeleteFunc(list.Content, is)
	if len(list.Content) == 0 {
		remove(at, "announce")
	}
	return len(list.Content) < before, nil
}
