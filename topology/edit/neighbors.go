package edit

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// addNeighbor adds a session: with a host, with a router behind a NIC, or again with a
// router of the lab.
func (f *file) addNeighbor(t *topology.Topology, e Edit) error {
	switch {
	case slices.Contains(hostNames(t), e.Name):
		return f.addCustomer(t, e)
	case slices.Contains(routerNames(t), e.Name):
		return f.addLink(t, e)
	case !outsider(e.Name):
		return missing("host or router", e.Name, slices.Concat(hostNames(t), routerNames(t)))
	}
	return f.addOutsider(t, e)
}

// outsider reports whether a name is an address, or a prefix, of routers behind a NIC.
func outsider(name string) bool {
	_, err := netip.ParsePrefix(name)
	return err == nil || parsedAddress(name).IsValid()
}

// addCustomer gives an attachment of a host BGP with its router.
func (f *file) addCustomer(t *topology.Topology, e Edit) error {
	a, err := f.interfaceOf(t, e)
	if err != nil {
		return err
	}
	if a.BGP != nil {
		return fmt.Errorf("host %s has BGP with its router already (%s); `neighbor set` changes it", e.Name, a.Interface)
	}
	at, err := f.attachment(t, e.Name, a.Interface)
	if err != nil {
		return err
	}
	settings, err := f.within(at, "host "+e.Name, "bgp")
	if err != nil {
		return err
	}
	return f.set(settings, "bgp: of host "+e.Name, e.Settings)
}

// addOutsider adds a session with a router behind the NIC of a router.
func (f *file) addOutsider(t *topology.Topology, e Edit) error {
	for _, s := range t.Sessions {
		if s.PeerRouter == "" && s.Peer() == e.Name && (e.Router == "" || s.Router == e.Router) {
			return fmt.Errorf("router %s has a session with %s already; `neighbor set` changes it", s.Router, e.Name)
		}
	}
	var found []int
	for i, l := range t.Links {
		if l.NIC != "" && (e.Router == "" || l.Ends[0].Router == e.Router) && (e.Interface == "" || l.Ends[0].Interface == e.Interface) {
			found = append(found, i)
		}
	}
	switch {
	case len(found) == 0:
		return &NotFoundError{fmt.Sprintf("%s is behind no NIC: no router%s has a link with one", e.Name, ofRouter(e.Router))}
	case len(found) > 1:
		return fmt.Errorf("several links have a NIC; name the router and the interface behind which %s is", e.Name)
	}
	link, what, err := f.link(t, found[0])
	if err != nil {
		return err
	}
	if _, bgp := find(link, "bgp"); bgp != nil && bgp.Kind == yaml.ScalarNode && own(bgp, "") == nil {
		remove(link, "bgp") // none
	}
	settings, err := f.within(link, what, "bgp")
	if err != nil {
		return err
	}
	if err := written(settings, "bgp: of "+what, "neighbors"); err != nil {
		return err
	}
	one, err := node(map[string]any{"peer": e.Name})
	if err == nil {
		err = f.set(one, "neighbor "+e.Name, e.Settings)
	}
	if err != nil {
		return err
	}
	_, list := find(settings, "neighbors")
	switch {
	case list == nil:
		add(settings, "neighbors", &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Style: settings.Style, Content: []*yaml.Node{one}})
	case list.Kind != yaml.SequenceNode:
		return fmt.Errorf("neighbors: of %s is not a list in the file; edit the file, and `pseudowan up` it", what)
	default:
		if err := own(list, "neighbors: of "+what); err != nil {
			return err
		}
		list.Content = append(list.Content, one)
	}
	return nil
}

func ofRouter(name string) string {
	if name == "" {
		return ""
	}
	return " " + name
}

// addLink lets two routers have their sessions over a link again.
func (f *file) addLink(t *topology.Topology, e Edit) error {
	if e.Router == "" {
		return fmt.Errorf("router %s has sessions with the routers on its links; name the other one", e.Name)
	}
	if !slices.Contains(routerNames(t), e.Router) {
		return missing("router", e.Router, routerNames(t))
	}
	for i, l := range t.Links {
		if !joins(l, e.Router, e.Name) {
			continue
		}
		link, what, err := f.link(t, i)
		if err != nil {
			return err
		}
		if _, bgp := find(link, "bgp"); bgp == nil || bgp.Value != "none" {
			return fmt.Errorf("routers %s and %s have a session over %s already; `neighbor set` changes it", e.Router, e.Name, what)
		}
		remove(link, "bgp")
		if len(e.Settings) == 0 {
			return nil
		}
		settings, err := f.within(link, what, "bgp")
		if err != nil {
			return err
		}
		return f.set(settings, "bgp: of "+what, e.Settings)
	}
	return &NotFoundError{fmt.Sprintf("no link joins routers %s and %s", e.Router, e.Name)}
}

// joins reports whether a link has both routers.
func joins(l topology.Link, a, b string) bool {
	has := func(name string) bool {
		return slices.ContainsFunc(l.Ends, func(e topology.LinkEnd) bool { return e.Router == name })
	}
	return has(a) && has(b)
}

// link returns the mapping of a link. Both lists of links have the same order.
func (f *file) link(t *topology.Topology, i int) (link *yaml.Node, what string, err error) {
	var ends []string
	for _, e := range t.Links[i].Ends {
		ends = append(ends, e.Router+":"+e.Interface)
	}
	what = "the link of " + strings.Join(ends, " and ")
	_, list := find(f.top, "links")
	if list == nil || list.Kind != yaml.SequenceNode || len(list.Content) != len(t.Links) {
		return nil, what, fmt.Errorf("links: is not a list in the file; edit the file, and `pseudowan up` it")
	}
	if err := own(list, "links:"); err != nil {
		return nil, what, err
	}
	link = list.Content[i]
	if err := plain(link, what); err != nil {
		return nil, what, err
	}
	if err := written(link, what, "bgp", "ends"); err != nil {
		return nil, what, err
	}
	return link, what, own(link, what)
}

// setNeighbor changes settings of a session: those of the router's end.
func (f *file) setNeighbor(t *topology.Topology, e Edit) error {
	settings, what, err := f.session(t, e)
	if err != nil {
		return err
	}
	if err := takeable(settings, what, e.Settings); err != nil {
		return err
	}
	return f.set(settings, what, e.Settings)
}

// delNeighbor removes a session.
func (f *file) delNeighbor(t *topology.Topology, e Edit) error {
	s, a, err := sessionOf(t, e)
	switch {
	case err != nil:
		return err
	case s == nil:
		at, err := f.attachment(t, a.host, a.Interface)
		if err != nil {
			return err
		}
		if err := written(at, "host "+a.host, "bgp"); err != nil {
			return err
		}
		remove(at, "bgp")
		return nil
	}
	i, err := linkOf(t, s)
	if err != nil {
		return err
	}
	link, what, err := f.link(t, i)
	if err != nil {
		return err
	}
	if s.PeerRouter != "" {
		if t.Links[i].InterAS == topology.OptionA {
			return fmt.Errorf("%s belongs to VRFs, and is there for its session; `neighbor set %s shutdown=true` keeps that down", what, e.Name)
		}
		if len(t.Links[i].Ends) > 2 {
			return fmt.Errorf("%s has several sessions; `neighbor set %s shutdown=true` ends one", what, e.Name)
		}
		remove(link, "bgp")
		return f.set(link, what, map[string]any{"bgp": "none"})
	}
	return f.delOutsider(link, what, s)
}
