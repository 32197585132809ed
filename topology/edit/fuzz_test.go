package edit

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pseudowan/topology"
)

// No list of edits makes anything panic or changes the text that it is given, one that is
// taken is the same as JSON, and what is made of a file can be read, or is refused.
func FuzzParseEdits(f *testing.F) {
	for _, seed := range []string{
		"[{op: vrf-add, name: blue, settings: {rts: \"65000:2\", on: [pe1]}}, {op: vrf-del, name: blue}]",
		`[{"op": "route-add", "name": "red", "prefix": "172.16.0.0/16", "next_hop": "10.1.0.2"}, {"op": "host-del", "name": "c2"}]`,
		"- {op: host-move, name: h1, interface: eth0, settings: {to: office, addresses: 10.40.0.7/24}}\n- {op: lan-del, name: office}",
		"- {op: policy-set, name: used, terms: [{match: {prefixes: n}, set: {med: 010}}]}\n- {op: prefix-list-add, name: n, entries: [10.0.0.0/8 le 24]}",
		"- {op: neighbor-set, name: 192.168.9.2, settings: {password: &a x, med: *a}}\n- {op: bmp-del, name: pe1, settings: {to: 10.0.0.9}}",
		"- {op: redistribute-add, name: red, protocol: connected, settings: {connected: hosts}}\n- {op: neighbor-add, name: pe2, router: pe1}",
		"[{op: x}]", "[[]]", "{}", "- ", "[{op: vrf-add, name: .inf, settings: {1: {2: ~}, <<: {a: b}}}]", "&a [*a]",
	} {
		f.Add([]byte(seed))
	}
	t, err := topology.Parse("kinds.yaml", []byte(kindsLab))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(tt *testing.T, list []byte) {
		edits, err := ParseEdits(list)
		if err != nil {
			return
		}
		again, err := json.Marshal(edits)
		if err != nil {
			tt.Fatalf("%v: %+v", err, edits)
		}
		if twice, err := ParseEdits(again); err != nil || len(twice) != len(edits) {
			tt.Errorf("%v: as JSON: %s", err, again)
		}
		text := []byte(kindsLab)
		after, err := Apply(t, text, edits)
		if d := cmp.Diff(kindsLab, string(text)); d != "" {
			tt.Errorf("the text has changed:\n%s", d)
		}
		if err != nil {
			return
		}
		if same, err := Apply(t, text, edits); err != nil || !slices.Equal(after, same) {
			tt.Errorf("%v: the same edits give another text:\n%s", err, cmp.Diff(string(after), string(same)))
		}
		_, _ = topology.Parse("after.yaml", after) // it may refuse it
	})
}

// No word of a command line makes anything panic, and what it sets is in the file as it is
// read.
func FuzzParseSettings(f *testing.F) {
	for _, seed := range []string{"rd=65000:1", "rts=[1:1, \"1:2\"]", "max-routes=010", "x={1: 2}", "mac=", "a=*b", "a=&b [*b]", "a=!!binary aGk=", "n=\xff", "q=\"# no comment\"", "d=2026-01-02"} {
		f.Add(seed)
	}
	t, err := topology.Parse("kinds.yaml", []byte(kindsLab))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(tt *testing.T, word string) {
		settings, err := ParseSettings([]string{word})
		if err != nil {
			return
		}
		after, err := Apply(t, []byte(kindsLab), []Edit{{Op: VRFAdd, Name: "fuzz", Settings: settings}})
		if err != nil {
			return
		}
		_, _ = topology.Parse("after.yaml", after) // it may refuse it
	})
}
