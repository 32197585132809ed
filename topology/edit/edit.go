package edit

import (
	"fmt"
	"maps"
	"slices"

	"go.yaml.in/yaml/v3"

	"pseudowan/topology"
)

// Apply makes edits, one after another, in the text of the lab file t. The error names
// what cannot be done.
func Apply(t *topology.Topology, text []byte, edits []Edit) ([]byte, error) {
	if order := addsFirst(edits); order != nil {
		if out, err := apply(t, text, edits, order); err == nil {
			return out, nil
		}
	}
	order := make([]int, len(edits))
	for i := range order {
		order[i] = i
	}
	return apply(t, text, edits, order)
}

// apply makes edits in an order that leads to what the order that they have does, or to an
// error.
func apply(t *topology.Topology, text []byte, edits []Edit, order []int) ([]byte, error) {
	f, err := read(text)
	if err != nil {
		return nil, err
	}
	before, renumbers := t, false
	b := batch{hosts: map[string]int{}}
	for _, i := range order {
		e := edits[i]
		if b.hides(f, t, e) {
			if t, err = f.parse(t.Source); err != nil {
				return nil, err
			}
			b = batch{hosts: b.hosts}
		}
		f.early = func(host string) bool { return b.tooEarly(host, i) }
		if err := f.apply(t, e); err != nil {
			return nil, refusal(err, i, edits)
		}
		b.done(e, i)
		renumbers = renumbers || e.Op != RouteAdd && e.Op != RouteDel
	}
	if renumbers {
		return f.keepNumbers(before)
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
// would change with the names of others. New ones get numbers after those. It returns the
// text of the file.
func (f *file) keepNumbers(before *topology.Topology) ([]byte, error) {
	text, err := f.text()
	if err != nil {
		return nil, err
	}
	_, vrfs := find(f.top, "vrfs")
	if vrfs == nil || vrfs.Kind != yaml.MappingNode {
		return text, nil
	}
	after, err := topology.Parse(before.Source, text)
	if err != nil {
		return nil, err
	}
	changed := false
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
			return nil, err
		}
		changed = true
	}
	if !changed { // writing a large file takes as long as all else
		return text, nil
	}
	return f.text()
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
	if e.Name == "" {
		return fmt.Errorf("%s names nothing", e.Op)
	}
	if k, verb := kindOf(e.Op); k != nil {
		return f.change(k, verb, t, e)
	}
	do := map[Op]func(*topology.Topology, Edit) error{
		RouteAdd: f.addRoute, RouteDel: f.delRoute,
		HostAttach: f.attach, HostDetach: f.detach, HostMove: f.move,
		NeighborAdd: f.addNeighbor, NeighborSet: f.setNeighbor, NeighborDel: f.delNeighbor,
		RedistributeAdd: f.redistribute, RedistributeDel: f.redistribute,
		RouterSet: f.setRouter, BMPAdd: f.addStation, BMPDel: f.delStation,
	}[e.Op]
	if do == nil {
		return fmt.Errorf("there is no change %q", e.Op)
	}
	return do(t, e)
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

func hasVRF(t *topology.Topology, name string) bool {
	return slices.ContainsFunc(t.VRFs, func(v topology.VRF) bool { return v.Name == name })
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
