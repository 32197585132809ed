package edit

import (
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// Op is what an edit does.
type Op string

// The operations.
const (
	VRFAdd     Op = "vrf-add"
	VRFSet     Op = "vrf-set"
	VRFDel     Op = "vrf-del"
	RouteAdd   Op = "route-add"
	RouteDel   Op = "route-del"
	HostAdd    Op = "host-add"
	HostDel    Op = "host-del"
	HostAttach Op = "host-attach"
	HostDetach Op = "host-detach"
)

// Edit is one change of a lab.
type Edit struct {
	Op        Op             `json:"op" enum:"vrf-add,vrf-set,vrf-del,route-add,route-del,host-add,host-del,host-attach,host-detach" doc:"What to do"`
	Name      string         `json:"name" minLength:"1" doc:"The VRF or the host"`
	Settings  map[string]any `json:"settings,omitempty" doc:"Keys of the topology file with their values; null takes a key back"`
	Router    string         `json:"router,omitempty" doc:"Of a route: the router, if the next hop is on several"`
	Prefix    netip.Prefix   `json:"prefix,omitzero" doc:"Of a route"`
	NextHop   netip.Addr     `json:"next_hop,omitzero" doc:"Of a route: an address on a subnet of an attachment"`
	Interface string         `json:"interface,omitempty" doc:"Of a host: what to detach"`
}

// String describes an edit, as the command that makes it.
func (e Edit) String() string {
	switch e.Op {
	case RouteAdd:
		return fmt.Sprintf("route add %s %s via %s", e.Name, e.Prefix, e.NextHop)
	case RouteDel:
		return fmt.Sprintf("route del %s %s", e.Name, e.Prefix)
	case HostDetach:
		return fmt.Sprintf("host detach %s %s", e.Name, e.Interface)
	}
	for i, c := range e.Op {
		if c == '-' {
			return string(e.Op[:i]) + " " + string(e.Op[i+1:]) + " " + e.Name
		}
	}
	return string(e.Op)
}

// Apply makes edits, one after another, in the text of the lab file t. The error names
// what cannot be done.
func Apply(t *topology.Topology, text []byte, edits []Edit) ([]byte, error) {
	f, err := read(text)
	if err != nil {
		return nil, err
	}
	before, renumbers := t, false
	var b batch
	for i, e := range edits {
		if b.hides(f, t, e) {
			if t, err = f.parse(t.Source); err != nil {
				return nil, err
			}
			b = batch{}
		}
		if err := f.apply(t, e); err != nil {
			return nil, refusal(err, i, edits)
		}
		b.done(e)
		renumbers = renumbers || e.Op != RouteAdd && e.Op != RouteDel
	}
	if renumbers {
		if err := f.keepNumbers(before); err != nil {
			return nil, err
		}
	}
	return f.text()
}

// Error is why one of several edits is refused.
type Error struct {
	Index int // among the edits
	Edit  Edit
	why   error
}

// Error implements error.
func (e *Error) Error() string { return fmt.Sprintf("%s: %v", e.Edit, e.why) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.why }

// refusal names the edit if there are several.
func refusal(why error, i int, edits []Edit) error {
	if len(edits) == 1 {
		return why
	}
	return &Error{i, edits[i], why}
}

// keepNumbers gives VRFs that were there before the numbers that they had: their RDs
// would change with the names of others. New ones get numbers after those.
func (f *file) keepNumbers(before *topology.Topology) error {
	_, vrfs := find(f.top, "vrfs")
	if vrfs == nil || vrfs.Kind != yaml.MappingNode {
		return nil
	}
	after, err := f.parse(before.Source)
	if err != nil {
		return err
	}
	used, last := map[int]bool{}, 0
	for name, n := range after.VRFNumbers {
		if was, stays := before.VRFNumbers[name]; stays {
			n = was
		}
		if _, stays := before.VRFNumbers[name]; stays {
			used[n], last = true, max(last, n)
		}
	}
	for i := 0; i+1 < len(vrfs.Content); i += 2 {
		name := vrfs.Content[i].Value
		was, stays := before.VRFNumbers[name]
		now := after.VRFNumbers[name]
		if !stays && used[now] {
			last++
			was = last
		}
		if was == 0 || was == now || given(vrfs.Content[i+1], "number", "rd") {
			continue
		}
		if err := f.set(vrfs.Content[i+1], "VRF "+name, map[string]any{"number": was}); err != nil {
			return err
		}
	}
	return nil
}

// given reports whether a mapping has one of some keys.
func given(mapping *yaml.Node, names ...string) bool {
	return slices.ContainsFunc(names, func(name string) bool { _, v := find(mapping, name); return v != nil })
}

func (f *file) parse(source string) (*topology.Topology, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	return topology.Parse(source, text)
}

func (f *file) apply(t *topology.Topology, e Edit) error {
	do := map[Op]func(*topology.Topology, Edit) error{
		VRFAdd: f.addVRF, VRFSet: f.setVRF, VRFDel: f.delVRF,
		RouteAdd: f.addRoute, RouteDel: f.delRoute,
		HostAdd: f.addHost, HostDel: f.delHost, HostAttach: f.attach, HostDetach: f.detach,
	}[e.Op]
	switch {
	case do == nil:
		return fmt.Errorf("there is no change %q", e.Op)
	case e.Name == "":
		return fmt.Errorf("%s names nothing", e.Op)
	}
	return do(t, e)
}

func (f *file) addVRF(t *topology.Topology, e Edit) error {
	vrfs, err := f.section("vrfs")
	if err != nil {
		return err
	}
	if f.has("vrfs", e.Name) || hasVRF(t, e.Name) {
		return fmt.Errorf("VRF %s exists already; `vrf set` changes it", e.Name)
	}
	return f.put(vrfs, e.Name, e.Settings)
}

func (f *file) setVRF(t *topology.Topology, e Edit) error {
	vrfs, err := f.section("vrfs")
	if err != nil {
		return err
	}
	if err := written(vrfs, "vrfs:", e.Name); err != nil {
		return err
	}
	_, value := find(vrfs, e.Name)
	switch {
	case value == nil && !hasVRF(t, e.Name):
		return noVRF(t, e.Name)
	case value == nil:
		value = &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		add(vrfs, e.Name, value)
	}
	if err := takeable(value, "VRF "+e.Name, e.Settings); err != nil {
		return err
	}
	return f.set(value, "VRF "+e.Name, e.Settings)
}

// takeable refuses to take back keys that a mapping does not have itself.
func takeable(mapping *yaml.Node, what string, settings map[string]any) error {
	if mapping.Kind == yaml.AliasNode {
		return own(mapping, what)
	}
	for _, key := range slices.Sorted(maps.Keys(settings)) {
		if _, has := find(mapping, key); has != nil || settings[key] != nil {
			continue
		}
		if err := written(mapping, what, key); err != nil {
			return err
		}
		return &NotFoundError{fmt.Sprintf("%s has no %s in the file", what, key)}
	}
	return nil
}

func (f *file) delVRF(t *topology.Topology, e Edit) error {
	vrfs, err := f.section("vrfs")
	if err != nil {
		return err
	}
	if err := written(vrfs, "vrfs:", e.Name); err != nil {
		return err
	}
	key, _ := find(vrfs, e.Name)
	if key == nil && !hasVRF(t, e.Name) {
		return noVRF(t, e.Name)
	}
	for _, h := range t.Hosts {
		for _, a := range h.Attachments {
			if a.VRF == e.Name && f.hasHost(h.Name) {
				return fmt.Errorf("host %s is in VRF %s (%s); detach or delete it first", h.Name, e.Name, a.Interface)
			}
		}
	}
	if key == nil {
		return fmt.Errorf("VRF %s is not in vrfs: of the file; it goes with the last host in it", e.Name)
	}
	remove(vrfs, e.Name)
	f.prune("vrfs")
	return nil
}

func hasVRF(t *topology.Topology, name string) bool {
	return slices.ContainsFunc(t.VRFs, func(v topology.VRF) bool { return v.Name == name })
}

func noVRF(t *topology.Topology, name string) error {
	var known []string
	for _, v := range t.VRFs {
		known = append(known, v.Name)
	}
	return missing("VRF", name, known)
}

func missing(kind, name string, known []string) error {
	msg := fmt.Sprintf("there is no %s %s", kind, name)
	if n := topology.Nearest(name, known); n != "" {
		msg += "; did you mean " + n + "?"
	}
	return &NotFoundError{msg}
}

// NotFoundError is what an edit names and the file does not have.
type NotFoundError struct{ message string }

func (e *NotFoundError) Error() string { return e.message }

// put adds a mapping under a name.
func (f *file) put(section *yaml.Node, name string, settings map[string]any) error {
	value := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	if err := f.set(value, name, settings); err != nil {
		return err
	}
	add(section, name, value)
	return nil
}
