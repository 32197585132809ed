package edit

import (
	"fmt"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// attachmentKeys are those of an attachment, which a host with only one may have itself.
var attachmentKeys = topology.AttachmentKeys()

func (f *file) addHost(t *topology.Topology, e Edit) error {
	hosts, err := f.section("hosts")
	if err != nil {
		return err
	}
	if f.has("hosts", e.Name) || hasHost(t, e.Name) {
		return fmt.Errorf("host %s exists already; `host attach` gives it another interface", e.Name)
	}
	return f.put(hosts, e.Name, e.Settings)
}

func (f *file) delHost(t *topology.Topology, e Edit) error {
	hosts, _, err := f.host(t, e.Name)
	if err != nil {
		return err
	}
	remove(hosts, e.Name)
	f.prune("hosts")
	return nil
}

// hasHost reports whether the file has a host, perhaps in a series, after the edits so
// far.
func (f *file) hasHost(name string) bool {
	_, series := find(f.top, "series")
	return series != nil || f.has("hosts", name)
}

// host returns a host of hosts: and the section.
func (f *file) host(t *topology.Topology, name string) (hosts, host *yaml.Node, err error) {
	if hosts, err = f.section("hosts"); err != nil {
		return nil, nil, err
	}
	_, host = find(hosts, name)
	if host != nil {
		return hosts, host, plain(host, "host "+name)
	}
	if err := written(hosts, "hosts:", name); err != nil {
		return nil, nil, err
	}
	f.prune("hosts")
	var known []string
	for _, h := range t.Hosts {
		if h.Name == name {
			return nil, nil, fmt.Errorf("host %s is one of a series; edit the file (pseudowan export), and `pseudowan up` it", name)
		}
		known = append(known, h.Name)
	}
	return nil, nil, missing("host", name, known)
}

// attachmentsOf returns the list of a host's attachments, each with the name of its
// interface.
func (f *file) attachmentsOf(t *topology.Topology, host string) (*yaml.Node, error) {
	_, value, err := f.host(t, host)
	if err != nil {
		return nil, err
	}
	return attachments(value, host)
}

// attach gives a host another attachment.
func (f *file) attach(t *topology.Topology, e Edit) error {
	list, err := f.attachmentsOf(t, e.Name)
	if err != nil {
		return err
	}
	one := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Style: yaml.FlowStyle}
	if err := f.set(one, "host "+e.Name, e.Settings); err != nil {
		return err
	}
	if _, given := find(one, "interface"); given == nil {
		if err := f.set(one, "host "+e.Name, map[string]any{"interface": free(list)}); err != nil {
			return err
		}
	}
	if len(list.Content) == 1 {
		if err := f.keepRoutes(t, e.Name, list.Content[0]); err != nil {
			return err
		}
	}
	list.Content = append(list.Content, one)
	return nil
}

// keepRoutes writes down the default routes that a host has because it has only one
// attachment.
func (f *file) keepRoutes(t *topology.Topology, host string, only *yaml.Node) error {
	i := slices.IndexFunc(t.Hosts, func(h topology.Host) bool { return h.Name == host })
	if given(only, "routes") || i < 0 || len(t.Hosts[i].Attachments) != 1 {
		return nil
	}
	var routes []any
	for _, p := range t.Hosts[i].Attachments[0].Routes {
		routes = append(routes, p.String())
	}
	for _, r := range t.Hosts[i].Attachments[0].NextHops {
		routes = append(routes, map[string]string{"prefix": r.Prefix.String(), "via": r.Via.String()})
	}
	if len(routes) == 0 {
		return nil
	}
	return f.set(only, "host "+host, map[string]any{"routes": routes})
}

// attachments returns the list of a host's attachments, each with the name of its
// interface, so that it keeps it when others come and go.
func attachments(host *yaml.Node, name string) (*yaml.Node, error) {
	list, err := attached(host, name)
	if err != nil {
		return nil, err
	}
	what := "an attachment of host " + name
	for i, one := range list.Content {
		if err := plain(one, what); err != nil {
			return nil, err
		}
		if err := written(one, what, "interface"); err != nil {
			return nil, err
		}
		if given(one, "interface") {
			continue
		}
		if err := own(one, what); err != nil {
			return nil, err
		}
		value := &yaml.Node{Kind: yaml.ScalarNode}
		value.SetString(fmt.Sprintf("eth%d", i))
		add(one, "interface", value)
	}
	return list, nil
}

// attached returns a host's attach: as a list, and makes it of what the host has itself.
func attached(host *yaml.Node, name string) (*yaml.Node, error) {
	if err := own(host, "host "+name); err != nil {
		return nil, err
	}
	_, list := find(host, "attach")
	if list == nil {
		return gathered(host, name)
	}
	if err := own(list, "attach: of host "+name); err != nil {
		return nil, err
	}
	switch list.Kind {
	case yaml.SequenceNode:
	case yaml.MappingNode:
		one := *list
		*list = yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{&one}}
	default:
		return nil, fmt.Errorf("attach: of host %s is neither a list nor a mapping; edit the file, and `pseudowan up` it", name)
	}
	return list, nil
}

// gathered moves the keys of a host that are of an attachment into a list under attach.
func gathered(host *yaml.Node, name string) (*yaml.Node, error) {
	if err := written(host, "host "+name, append([]string{"attach"}, attachmentKeys...)...); err != nil {
		return nil, err
	}
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
	one := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := 0; i+1 < len(host.Content); {
		if slices.Contains(attachmentKeys, host.Content[i].Value) {
			one.Content = append(one.Content, host.Content[i], host.Content[i+1])
			host.Content = slices.Delete(host.Content, i, i+2)
			continue
		}
		i += 2
	}
	if len(one.Content) > 0 {
		list.Content = []*yaml.Node{one}
	}
	add(host, "attach", list)
	return list, nil
}

// free returns the first name of an interface that no attachment has.
func free(list *yaml.Node) string {
	for i := 0; ; i++ {
		name := fmt.Sprintf("eth%d", i)
		taken := func(one *yaml.Node) bool { _, v := find(one, "interface"); return v != nil && v.Value == name }
		if !slices.ContainsFunc(list.Content, taken) {
			return name
		}
	}
}

func (f *file) detach(t *topology.Topology, e Edit) error {
	list, err := f.attachmentsOf(t, e.Name)
	if err != nil {
		return err
	}
	var known []string
	for i, one := range list.Content {
		_, name := find(one, "interface")
		if name.Value != e.Interface {
			known = append(known, name.Value)
			continue
		}
		if len(list.Content) == 1 {
			return fmt.Errorf("%s is the only interface of host %s; `host del` removes the host", e.Interface, e.Name)
		}
		list.Content = slices.Delete(list.Content, i, i+1)
		return nil
	}
	return missing("interface of host "+e.Name, e.Interface, known)
}

// addRoute adds a static route of a VRF: the host behind which it is announces it.
func (f *file) addRoute(t *topology.Topology, e Edit) error {
	if !hasVRF(t, e.Name) {
		return noVRF(t, e.Name)
	}
	if !e.Prefix.IsValid() || e.Prefix != e.Prefix.Masked() || !e.NextHop.IsValid() {
		return fmt.Errorf("a route needs a prefix without bits beyond its length, and the address of its next hop")
	}
	h, a, err := behind(t, e)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(a.Statics, func(s topology.Static) bool { return s.Prefix == e.Prefix && s.NextHop == e.NextHop }) {
		return fmt.Errorf("VRF %s has the route %s via %s already", e.Name, e.Prefix, e.NextHop)
	}
	at, err := f.attachment(t, h, a.Interface)
	if err != nil {
		return err
	}
	one, err := node(map[string]string{"prefix": e.Prefix.String(), "next-hop": e.NextHop.String()})
	if err != nil {
		return err
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
		return noVRF(t, e.Name)
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
