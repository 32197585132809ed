package random

import (
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// kept are the keys that no edit changes.
var kept = []string{
	"name",     // another name is another lab
	"datapath", // depends on the server, not on the lab

	// Hardly a link of a random lab can be one of VRFs: most of its other keys forbid it.
	"links.vrf", "links.ends.*.vrf",

	// Random labs have no routers outside of them that tell labels.
	"core.neighbors",

	// Without a DHCP server, a lab with these would wait for one.
	"hosts.*.duid", "hosts.*.delegated", "hosts.*.delegated.length", "hosts.*.delegated.to",
	"hosts.*.attach.delegated", "hosts.*.attach.delegated.length", "hosts.*.attach.delegated.to",
}

// isKept reports whether no edit changes a key. Hosts could not read passwords that
// stand elsewhere; whether a command listens or ends does not depend on the file.
func isKept(path string) bool {
	machine := slices.Contains([]string{"kernel", "rootfs", "append", "firmware"}, path[strings.LastIndexByte(path, '.')+1:]) // of virtual machines, which random labs do not have
	return machine || slices.Contains(kept, path) || strings.HasPrefix(path, "core.neighbors.") || strings.HasSuffix(path, ".services.*.port") || strings.HasSuffix(path, ".services.*.once") || strings.HasSuffix(path, ".password.env") || strings.HasSuffix(path, ".password.file")
}

// The edits change, add and remove every key that the format has.
func TestEditsKnowEveryKey(t *testing.T) {
	s := search{T: t, missing: map[string]bool{}}
	paths := schemaPaths(t)
	for _, path := range paths {
		if copied, isSeries := strings.CutPrefix(path, "series."); isSeries && slices.Contains(paths, "hosts.*."+copied) {
			continue // edits know it at the host
		}
		for _, how := range []string{"changed", "added", "removed"} {
			// Those have only one value, or another one that is hardly ever valid there.
			if !isKept(path) && !slices.Contains([]string{"links.ends.*.bgp changed", "core changed", "core.transport changed", "links.port-type changed", "links.inter-as changed"}, path+" "+how) {
				s.missing[path+" "+how] = true
			}
		}
	}
	const labs = 60
	for seed := uint64(0); seed < labs && len(s.missing) > 0; seed++ {
		s.through(New("random", seed, everything), rand.New(rand.NewPCG(seed, 6)), 12*int(seed+1)) // the last ones are rare
	}
	t.Logf("%d edits", s.edits)
	for _, what := range slices.Sorted(maps.Keys(s.missing)) {
		t.Errorf("%s in none of %d edits of %d labs", what, s.edits, labs)
	}
}

// search looks for edits that do what none has done yet. Edit would find them all,
// too, but takes minutes for those that few labs can have.
type search struct {
	*testing.T
	missing map[string]bool // places of the format, and what is to happen there
	edits   int
}

// through edits a lab, with some tries for each place.
func (s *search) through(l *Editable, r *rand.Rand, tries int) {
	for range 20 { // sessions behind a NIC have many keys, and most labs no NIC; policies are named by others
		l.try(r, borrow)
		l.try(r, uplink)
		l.try(r, outside)
		l.try(r, func(e *editor) string { return e.towards(oneOf(e, "policies", "prefix-lists"), "added") })
	}
	before := leaves(l)
	edit := func(one func(*editor) string) {
		if l.try(r, one) == "" {
			return
		}
		s.edits++
		after := leaves(l)
		for what := range differences(before, after) {
			path, _, _ := strings.Cut(what, " ")
			if slices.Contains(kept, path) {
				s.Fatalf("%s", what)
			}
			delete(s.missing, what)
		}
		before = after
	}
	all := func() {
		for _, change := range changes {
			edit(change)
		}
	}
	all()
	for _, path := range s.paths() {
		for n := 0; n < tries && s.wants(path) != ""; n++ {
			edit(func(e *editor) string { return e.towards(path, s.wants(path)) })
		}
	}
	all()
}

// paths are the places of the format where something is missing, in an order that
// does not change.
func (s *search) paths() (out []string) {
	for what := range s.missing {
		path, _, _ := strings.Cut(what, " ")
		out = append(out, path)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wants returns what is still to happen at a place; "" if it is nothing. A value
// is changed before it is removed.
func (s *search) wants(path string) string {
	for _, how := range []string{"changed", "added", "removed"} {
		if s.missing[path+" "+how] {
			return how
		}
	}
	return ""
}

// towards makes a change that one might also make, at a place where it can be what
// is wanted.
func (e *editor) towards(path, how string) string {
	words := strings.Split(path, ".")
	switch e.IntN(8) {
	case 0, 1: // some keys only come and go with others
		return oneOf(e, changes...)(e)
	case 2, 3: // what a host can have depends on its addresses
		if words[0] == "hosts" {
			words = strings.Split(oneOf(e, "hosts.*.addresses", "hosts.*.attach.addresses"), ".")
		}
	}
	for i := len(words) - 1; i >= 0; i-- { // a place without its own key comes with the key that it is part of
		var found []key
		for _, k := range keys {
			if k.name != words[i] {
				continue
			}
			if at := e.placesIn(k, strings.Join(words[:i], "."), how); len(at) > 0 {
				found = append(found, key{k.name, func(e *editor) []place { return chosen(k.at(e), at) }, k.value})
			}
		}
		if len(found) > 0 {
			return e.key(oneOf(e, found...))
		}
	}
	return ""
}

// placesIn returns the indexes of those places of a key that are in a part of the
// format: if the key is to be changed or removed, those that have it if there are any,
// else those that have not.
func (e *editor) placesIn(k key, part, how string) []int {
	var with, without []int
	for i := range k.at(e.trial()) {
		trial := e.trial() // place.get may add mappings
		m := k.at(trial)[i].get()
		switch {
		case partOf(trial.file, "", m) != part:
		case m.get(k.name) != nil:
			with = append(with, i)
		default:
			without = append(without, i)
		}
	}
	if len(without) == 0 || how != "added" && len(with) > 0 {
		return with
	}
	return without
}

func (e *editor) trial() *editor { return &editor{server: e.server, file: copied(e.file).(*mapping)} }

func chosen(of []place, at []int) []place {
	var out []place
	for _, i := range at {
		out = append(out, of[i])
	}
	return out
}

// partOf returns where in the format a mapping of the file is; "-" if it is not in v.
func partOf(v any, at string, m *mapping) string {
	switch v := v.(type) {
	case *mapping:
		if v == m {
			return general(at)
		}
		for _, f := range v.fields {
			if found := partOf(f.value, at+"\t"+f.key, m); found != "-" {
				return found
			}
		}
	case []any:
		for _, item := range v {
			if found := partOf(item, at+"\t[]", m); found != "-" {
				return found
			}
		}
	}
	return "-"
}
