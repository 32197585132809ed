package sites

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/topology"
)

// Site is a part of a lab.
type Site struct {
	Name    string   // of its first router, as a label of the DNS (RFC 1123 section 2.1)
	Routers []string // in the order of the file
	Hosts   []string
}

// maxName leaves room in the 63 octets of a label for what Kubernetes adds.
const maxName = 40

// Divide divides a topology into sites of at most perSite routers. Routers that share a
// host or a segment of hosts are together, however many they are. With one router a
// site, a site keeps its name whatever else is edited.
func Divide(t *topology.Topology, perSite int) ([]Site, error) {
	if perSite < 1 {
		return nil, fmt.Errorf("%d routers a site: there must be at least one", perSite)
	}
	if err := refuse(t); err != nil {
		return nil, err
	}
	g := groupsOf(t)
	var all []Site
	for _, routers := range g.routers(t) {
		if last := len(all) - 1; last >= 0 && len(all[last].Routers)+len(routers) <= perSite {
			all[last].Routers = append(all[last].Routers, routers...)
			continue
		}
		all = append(all, Site{Routers: routers})
	}
	for i := range all {
		for _, h := range t.Hosts {
			if slices.ContainsFunc(all[i].Routers, func(r string) bool { return g.same("router "+r, "host "+h.Name) }) || i == 0 && !g.routed(t, h) {
				all[i].Hosts = append(all[i].Hosts, h.Name)
			}
		}
	}
	return all, name(t, all)
}

// Find returns the site with a name.
func Find(all []Site, name string) (Site, error) {
	var names []string
	for _, s := range all {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Site{}, fmt.Errorf("there is no site %s; the lab has %s", name, strings.Join(names, ", "))
}

// name gives the sites their names.
func name(t *topology.Topology, all []Site) error {
	seen := map[string]string{}
	for i := range all {
		first := all[i].Routers[0]
		label := Label(first)
		if label == "" || len(label) > maxName {
			return refused(t, "router "+first, fmt.Sprintf("its name makes no name of a site, which has 1 to %d letters, digits and hyphens", maxName), "name the router otherwise")
		}
		if other := seen[label]; other != "" {
			return refused(t, "router "+first, fmt.Sprintf("its site would be called %s, like that of router %s", label, other), "name one of them otherwise")
		}
		seen[label] = first
		all[i].Name = label
	}
	return nil
}

// Label turns a name into a label of the DNS: lower case, hyphens in the place of what a
// label cannot have.
func Label(name string) string {
	label := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return '-'
	}, name)
	return strings.Trim(label, "-")
}

// namespaces is the only runtime that hosts of a site can have.
const namespaces = "netns"

func refused(t *topology.Topology, element, message, remedy string) error {
	return topology.Problems{{File: t.Source, Element: element, Message: message, Remedy: remedy}}
}

// refuse refuses what exists on one server only.
func refuse(t *topology.Topology) error {
	for _, l := range t.Links {
		if l.NIC != "" {
			return refused(t, "nic "+l.NIC, "a lab of several sites cannot have an interface of a server", "make the router beyond it a router of the lab, or bring the lab up on one server")
		}
	}
	for _, s := range t.Segments {
		if s.OnServer() {
			return refused(t, "segment "+s.Name, "a lab of several sites has no server that the segment could lead to", "leave nic and uplink out, or bring the lab up on one server")
		}
	}
	for _, h := range t.Hosts {
		switch {
		case h.ContainerOnly != nil:
			return refused(t, "host "+h.Name, fmt.Sprintf("%s needs a container, and hosts of a site are namespaces inside its pod", h.ContainerOnly.Key), "leave it out, or bring the lab up on one server")
		case h.Machine != nil:
			return refused(t, "host "+h.Name, "is a virtual machine, which a pod cannot have", "leave machine out, or bring the lab up on one server")
		case h.Runtime != "" && h.Runtime != namespaces:
			return refused(t, "host "+h.Name, "its runtime is "+h.Runtime+", and hosts of a site are namespaces inside its pod", "leave runtime out")
		}
	}
	return nil
}
