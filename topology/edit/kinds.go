package edit

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/bgp/policy"
	"pseudowan/topology"
)

// verb is what is done to a thing with a name.
type verb int

const (
	adds verb = iota
	sets
	dels
)

// kind is what has names of its own in a section of the file.
type kind struct {
	section string
	noun    string                            // in messages
	again   string                            // what to do with one that is there already
	names   func(*topology.Topology) []string // all that there are, also those that other sections imply
	implied string                            // how one goes that its section does not have
	keeps   func(*topology.Topology, string) error
	del     func(*file, *topology.Topology, string) error // nil: it is a key of its section
	list    func(Edit) any                                // the list that one is; nil: it is a mapping with the settings
	ops     [3]Op                                         // by verb; "": there is none
}

var kinds = []kind{
	{
		section: "vrfs", noun: "VRF", again: "`vrf set` changes it", names: vrfNames, keeps: hostsOfVRF,
		implied: "it goes with the last host in it", ops: [3]Op{VRFAdd, VRFSet, VRFDel},
	},
	{section: "hosts", noun: "host", again: "`host attach` gives it another interface", names: hostNames, del: (*file).delHost, ops: [3]Op{adds: HostAdd, dels: HostDel}},
	{section: "segments", noun: "LAN", again: "`host attach` and `host move` connect hosts to it", names: lanNames, keeps: hostsOnLAN, ops: [3]Op{adds: LANAdd, dels: LANDel}},
	{section: "policies", noun: "policy", again: "`policy set` replaces its terms", names: policyNames, keeps: usesOfPolicy, list: func(e Edit) any { return e.Terms }, ops: [3]Op{PolicyAdd, PolicySet, PolicyDel}},
	{
		section: "prefix-lists", noun: "prefix list", again: "`prefix-list set` replaces its entries", names: listNames, keeps: usesOfList,
		list: func(e Edit) any { return e.Entries }, ops: [3]Op{PrefixListAdd, PrefixListSet, PrefixListDel},
	},
}

// kindOf returns the kind that an operation is about; nil if it is about something else.
func kindOf(op Op) (*kind, verb) {
	for i := range kinds {
		if v := slices.Index(kinds[i].ops[:], op); v >= 0 && op != "" {
			return &kinds[i], verb(v)
		}
	}
	return nil, 0
}

// change adds, sets or removes one of a kind.
func (f *file) change(k *kind, v verb, t *topology.Topology, e Edit) error {
	section, err := f.section(k.section)
	if err != nil {
		return err
	}
	defer f.prune(k.section)
	there := f.has(k.section, e.Name) || slices.Contains(k.names(t), e.Name)
	if v == adds {
		if there {
			return fmt.Errorf("%s %s exists already; %s", k.noun, e.Name, k.again)
		}
		return f.put(k, section, e)
	}
	if v == dels && k.del != nil {
		return k.del(f, t, e.Name)
	}
	if err := written(section, k.section+":", e.Name); err != nil {
		return err
	}
	if !there {
		return missing(k.noun, e.Name, k.names(t))
	}
	if v == sets {
		return f.replace(k, section, e)
	}
	if err := k.keeps(t, e.Name); err != nil {
		return err
	}
	if !f.has(k.section, e.Name) {
		return fmt.Errorf("%s %s is not in %s: of the file; %s", k.noun, e.Name, k.section, k.implied)
	}
	remove(section, e.Name)
	return nil
}

// put adds what an edit describes under its name.
func (f *file) put(k *kind, section *yaml.Node, e Edit) error {
	if k.list != nil {
		return f.set(section, k.noun+" "+e.Name, map[string]any{e.Name: k.list(e)})
	}
	value := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if err := f.set(value, e.Name, e.Settings); err != nil {
		return err
	}
	add(section, e.Name, value)
	return nil
}

// replace gives what is there, or is implied, other keys, or another list.
func (f *file) replace(k *kind, section *yaml.Node, e Edit) error {
	what := k.noun + " " + e.Name
	if k.list != nil {
		if _, old := find(section, e.Name); own(old, what) != nil {
			return own(old, what)
		}
		return f.set(section, what, map[string]any{e.Name: k.list(e)})
	}
	_, value := find(section, e.Name)
	if value == nil {
		value = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		add(section, e.Name, value)
	}
	if err := takeable(value, what, e.Settings); err != nil {
		return err
	}
	return f.set(value, what, e.Settings)
}

// has reports whether a section of the file has a name.
func (f *file) has(section, name string) bool {
	_, all := find(f.top, section)
	if all == nil {
		return false
	}
	_, value := find(all, name)
	return value != nil
}

// named lists the names of a list.
func named[T any](list []T, name func(T) string) (names []string) {
	for _, x := range list {
		names = append(names, name(x))
	}
	return names
}

func vrfNames(t *topology.Topology) []string {
	return named(t.VRFs, func(v topology.VRF) string { return v.Name })
}

func hostNames(t *topology.Topology) []string {
	return named(t.Hosts, func(h topology.Host) string { return h.Name })
}

func lanNames(t *topology.Topology) []string {
	return named(t.Segments, func(s topology.Segment) string { return s.Name })
}

func policyNames(t *topology.Topology) []string {
	return named(t.Policies, func(p policy.Policy) string { return p.Name })
}

func listNames(t *topology.Topology) []string {
	return named(t.PrefixLists, func(l topology.PrefixList) string { return l.Name })
}

func routerNames(t *topology.Topology) []string {
	return named(t.Routers, func(r topology.Router) string { return r.Name })
}

// attachedTo refuses to remove what a host is attached to.
func attachedTo(t *topology.Topology, what string, is func(topology.Attachment) bool) error {
	for _, h := range t.Hosts {
		if i := slices.IndexFunc(h.Attachments, is); i >= 0 {
			return fmt.Errorf("host %s is %s (%s); detach, move or delete it first", h.Name, what, h.Attachments[i].Interface)
		}
	}
	return nil
}

func hostsOfVRF(t *topology.Topology, name string) error {
	for _, s := range t.Segments {
		if slices.ContainsFunc(s.Routers, func(r topology.SegmentRouter) bool { return r.VRF == name }) {
			return fmt.Errorf("LAN %s is in VRF %s; delete it first", s.Name, name)
		}
	}
	return attachedTo(t, "in VRF "+name, func(a topology.Attachment) bool { return a.VRF == name })
}

func hostsOnLAN(t *topology.Topology, name string) error {
	return attachedTo(t, "on LAN "+name, func(a topology.Attachment) bool { return a.Segment == name })
}

// usesOfPolicy refuses to remove a policy that a VRF or a session has.
func usesOfPolicy(t *topology.Topology, name string) error {
	used := func(lists ...[]string) bool {
		return slices.ContainsFunc(lists, func(l []string) bool { return slices.Contains(l, name) })
	}
	for _, v := range t.VRFs {
		if used(v.ImportPolicy, v.ExportPolicy) {
			return fmt.Errorf("VRF %s has the policy %s; `vrf set` takes it from there first", v.Name, name)
		}
	}
	for _, s := range t.Sessions {
		if used(s.ImportPolicy, s.ExportPolicy) {
			return fmt.Errorf("the session of %s with %s has the policy %s; `neighbor set` takes it from there first", s.Router, s.Peer(), name)
		}
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			if a.BGP != nil && used(a.BGP.ImportPolicy, a.BGP.ExportPolicy) {
				return fmt.Errorf("the session with host %s has the policy %s; `neighbor set` takes it from there first", h.Name, name)
			}
		}
	}
	return nil
}

// usesOfList refuses to remove a prefix list that a policy or another list names.
func usesOfList(t *topology.Topology, name string) error {
	for _, l := range t.PrefixLists {
		if l.Name == name && len(l.Users) > 0 {
			return fmt.Errorf("%s names the prefix list %s; `policy set` or `prefix-list set` takes it from there first", l.Users[0], name)
		}
	}
	return nil
}
