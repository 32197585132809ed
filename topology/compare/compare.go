package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pseudowan/support"
	"pseudowan/topology"
)

// Names say in messages where each of two topologies comes from.
type Names struct{ Only, Other string }

// Lines lists how a topology differs from another, a line each, in an order that depends
// on names alone. only says where something is that the other lacks, as in "only in the
// running lab"; other names the other, as in "the file".
func Lines(a, b *topology.Topology, n Names) []string {
	var out []string
	if a.Name != b.Name {
		out = append(out, fmt.Sprintf("the lab is %s, in %s %s", a.Name, n.Other, b.Name))
	}
	left, right := things(a), things(b)
	var names []string
	for name := range left {
		names = append(names, name)
	}
	for name := range right {
		if _, both := left[name]; !both {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, topology.CompareNames)
	for _, name := range names {
		x, here := left[name]
		y, there := right[name]
		switch {
		case !there:
			out = append(out, fmt.Sprintf("%s: only in %s", name, n.Only))
		case !here:
			out = append(out, fmt.Sprintf("%s: only in %s", name, n.Other))
		default:
			out = append(out, settings(name, x, y, n.Other)...)
		}
	}
	return out
}

// settings lists the settings of one thing that differ.
func settings(name string, x, y map[string]any, other string) (out []string) {
	keys := maps.Clone(x)
	maps.Copy(keys, y)
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		before, after := text(hide(key, x[key])), text(hide(key, y[key]))
		switch {
		case text(x[key]) == text(y[key]):
		case key == "password":
			out = append(out, fmt.Sprintf("%s: the password is another in %s", name, other))
		case before == after:
			out = append(out, fmt.Sprintf("%s: %s differs in something secret", name, key))
		default:
			out = append(out, fmt.Sprintf("%s: %s is %s, in %s %s", name, key, before, other, after))
		}
	}
	return out
}

// hidden stands for what is not printed.
const hidden = "(hidden)"

// hide returns the value of a key without secrets: passwords, what is named like one, and
// the environment and the files of hosts, where anything may be.
func hide(key string, v any) any {
	if v == nil {
		return nil
	}
	if support.Named(key) {
		return hidden
	}
	switch v := v.(type) {
	case map[string]any:
		if key == "env" || key == "files" {
			return hidden
		}
		out := map[string]any{}
		for k, inner := range v {
			out[k] = hide(k, inner)
		}
		return out
	case []any:
		out := make([]any, len(v))
		option := ""
		for i, inner := range v {
			out[i] = hide(option, inner)
			option = optionOf(inner)
		}
		return out
	case string:
		return unnamed.Text(v)
	}
	return v
}

// optionOf returns the name of an option of a command whose value is the next word; "" for
// any other word.
func optionOf(word any) string {
	s, _ := word.(string)
	if !strings.HasPrefix(s, "-") || strings.Contains(s, "=") {
		return ""
	}
	return strings.TrimLeft(s, "-")
}

// unnamed hides what a text itself names as secret, such as an option of a command.
var unnamed = support.NewMask(nil)

// text is a value in a line.
func text(v any) string {
	if v == nil {
		return "not given"
	}
	if s, ok := v.(string); ok {
		return s
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fmt.Sprint(v)
	}
	return string(bytes.TrimSpace(b.Bytes()))
}

// things takes a topology apart.
func things(t *topology.Topology) map[string]map[string]any {
	all := map[string]map[string]any{}
	for _, r := range t.Routers {
		all["router "+r.Name] = fields(r, "name")
	}
	for _, l := range t.Links {
		all["link "+linkName(l)] = fields(l)
	}
	for _, s := range t.Sessions {
		all[fmt.Sprintf("session of %s with %s", s.Router, s.Peer())] = fields(s, "router", "peer_address", "peer_prefix")
	}
	for _, v := range t.VRFs {
		all[fmt.Sprintf("VRF %s on %s", v.Name, v.Router)] = fields(v, "name", "router")
	}
	for _, s := range t.Segments {
		all["segment "+s.Name] = fields(s, "name")
	}
	for _, p := range t.Policies {
		all["policy "+p.Name] = fields(p, "name")
	}
	for _, h := range t.Hosts {
		all["host "+h.Name] = fields(h, "name", "attach")
		for _, a := range h.Attachments {
			all["host "+h.Name+" "+a.Interface] = fields(a, "interface", "statics")
		}
		for _, a := range t.AtRouters(h) {
			for _, s := range a.Statics {
				all[fmt.Sprintf("route %s via %s in VRF %s of %s", s.Prefix, s.NextHop, a.VRF, a.Router)] = nil
			}
		}
	}
	for _, o := range t.Outside {
		all["outside "+o.Name] = fields(o, "name")
	}
	for _, e := range t.Expect {
		all["expect "+e.String()] = nil
	}
	return all
}

// linkName names a link by its ends.
func linkName(l topology.Link) string {
	name := ""
	for i, e := range l.Ends {
		if i > 0 {
			name += " -- "
		}
		name += e.Router + ":" + e.Interface
	}
	return name
}

// fields returns the settings of a part by their JSON keys, without those that name it.
func fields(part any, without ...string) map[string]any {
	data, err := json.Marshal(part)
	if err != nil {
		return map[string]any{"": err.Error()}
	}
	var all map[string]any
	if err := json.Unmarshal(data, &all); err != nil {
		return map[string]any{"": err.Error()}
	}
	for _, key := range without {
		delete(all, key)
	}
	return all
}
