package random

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"pseudowan/topology"
)

// everything is a server that has all that labs may use.
var everything = Server{
	Uplinks: true,
	BIRD:    true, NICs: []string{"nic0", "nic1"}, Answers: true, Containers: true,
	Images: []string{"one:latest", "two"}, Builds: []string{"/srv/one", "/srv/two"},
}

// Edited labs are valid, and the same seeds make the same edits.
func TestEdits(t *testing.T) {
	for seed := range uint64(30) {
		server := everything
		if seed%2 == 0 {
			server = Server{BIRD: seed%4 == 0}
		}
		a, b := New("random", seed, server), New("random", seed, server)
		r, s := rand.New(rand.NewPCG(seed, 2)), rand.New(rand.NewPCG(seed, 2))
		for range 30 {
			before := a.File()
			what := a.Edit(r)
			text := a.File()
			if again := b.Edit(s); again != what || !bytes.Equal(text, b.File()) {
				t.Fatalf("seed %d makes two different edits: %q and %q", seed, what, again)
			}
			if bytes.Equal(before, text) {
				t.Fatalf("seed %d: %s changes nothing in\n%s", seed, what, text)
			}
			lab, err := topology.Parse("random.yaml", text, runtimes...)
			if err != nil {
				t.Fatalf("seed %d: after %s: %v\n%s", seed, what, err, text)
			}
			if ambiguous(lab) {
				t.Fatalf("seed %d: after %s routers have a choice:\n%s", seed, what, text)
			}
			if !server.Containers && slices.ContainsFunc(lab.Hosts, func(h topology.Host) bool { return h.ContainerOnly != nil || h.Runtime == "docker" }) {
				t.Fatalf("seed %d: after %s the lab needs containers:\n%s", seed, what, text)
			}
		}
	}
}

// differences reports at which places of the format an edit has changed, added or
// removed values.
func differences(before, after map[string]string) map[string]bool {
	out := map[string]bool{}
	for at, value := range after {
		switch old, had := before[at]; {
		case !had:
			out[general(at)+" added"] = true
		case old != value:
			out[general(at)+" changed"] = true
		}
	}
	for at := range before {
		if _, has := after[at]; !has {
			out[general(at)+" removed"] = true
		}
	}
	return out
}

// leaves returns the scalars and lists of a lab by their places.
func leaves(l *Editable) map[string]string {
	out := map[string]string{}
	collect(l.file, "", out)
	return out
}

func collect(v any, at string, out map[string]string) {
	switch v := v.(type) {
	case *mapping:
		for _, f := range v.fields {
			collect(f.value, at+"\t"+f.key, out)
		}
	case []any:
		for i, item := range v {
			if _, ok := item.(*mapping); ok {
				collect(item, fmt.Sprintf("%s\t[%d]", at, i), out)
			} else {
				out[at] += fmt.Sprint(item, " ")
			}
		}
		if len(v) == 0 {
			out[at] = "[]"
		}
	default:
		out[at] = fmt.Sprint(v)
	}
}

// general returns the place in the schema for a place in a file.
func general(at string) string {
	var out []string
	words := strings.Split(at, "\t")[1:]
	for i, w := range words {
		named := len(out) == 1 && slices.Contains([]string{"routers", "vrfs", "segments", "hosts", "outside", "policies", "prefix-lists"}, out[0]) ||
			len(out) == 2 && out[0] == "links" && out[1] == "ends" ||
			i == len(words)-1 && len(out) > 0 && slices.Contains([]string{"env", "files", "sysctls"}, out[len(out)-1]) ||
			len(out) > 0 && out[len(out)-1] == "services"
		switch {
		case strings.HasPrefix(w, "["):
		case named:
			out = append(out, "*")
		default:
			out = append(out, w)
		}
	}
	return strings.Join(out, ".")
}

// schemaPaths returns the places of values in the format.
func schemaPaths(t *testing.T) []string {
	t.Helper()
	text, err := topology.Schema()
	if err != nil {
		t.Fatal(err)
	}
	var s schema
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	out := s.paths("")
	slices.Sort(out)
	return slices.Compact(out)
}

// schema is the part of a JSON Schema that matters here.
type schema struct {
	AnyOf                []schema
	Type                 string
	Properties           map[string]schema
	AdditionalProperties json.RawMessage
	Items                *schema
}

func (s schema) paths(at string) (out []string) {
	for _, one := range s.AnyOf {
		out = append(out, one.paths(at)...)
	}
	below := func(key string) string { return strings.TrimPrefix(at+"."+key, ".") }
	switch {
	case len(s.AnyOf) > 0:
	case s.Type == "object":
		for key, one := range s.Properties {
			out = append(out, one.paths(below(key))...)
		}
		var named schema
		if json.Unmarshal(s.AdditionalProperties, &named) == nil {
			out = append(out, named.paths(below("*"))...)
		}
	case s.Items != nil:
		out = append(out, s.Items.paths(at)...)
	default:
		out = append(out, at)
	}
	return out
}
