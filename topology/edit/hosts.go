package edit

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// attachmentKeys are those of an attachment, which a host with only one may have itself.
var attachmentKeys = topology.AttachmentKeys()

// delHost removes a host, from its series if it is one of many.
func (f *file) delHost(t *topology.Topology, name string) error {
	hosts, _, err := f.host(t, name)
	if err != nil {
		return err
	}
	remove(hosts, name)
	return nil
}

// host returns a host of hosts:, and the section. One of a series becomes a host of its
// own there.
func (f *file) host(t *topology.Topology, name string) (hosts, host *yaml.Node, err error) {
	if hosts, err = f.section("hosts"); err != nil {
		return nil, nil, err
	}
	if _, host = find(hosts, name); host != nil {
		return hosts, host, plain(host, "host "+name)
	}
	defer f.prune("hosts")
	if err := written(hosts, "hosts:", name); err != nil {
		return nil, nil, err
	}
	known := hostNames(t)
	if !slices.Contains(known, name) {
		return nil, nil, missing("host", name, known)
	}
	if err := f.takeOut(hosts, name); err != nil {
		return nil, nil, err
	}
	_, host = find(hosts, name)
	return hosts, host, nil
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
