package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/invopop/jsonschema"
)

// filePage returns the reference of the topology file, from its JSON Schema.
func filePage(p program) (string, error) {
	text, err := p.output(nil, "schema")
	if err != nil {
		return "", err
	}
	var s jsonschema.Schema
	if err := json.Unmarshal(text, &s); err != nil {
		return "", fmt.Errorf("pseudowan schema: %w", err)
	}
	plain(&s)
	r := reference{seen: map[string]string{}, told: map[string]string{}}
	r.section("", &s)
	for len(r.pending) > 0 {
		next := r.pending[0]
		r.pending = r.pending[1:]
		r.section(next.path, next.schema)
	}
	return note + fileIntro + r.text.String(), nil
}

const fileIntro = "# The topology file\n\n" +
	"One YAML file describes a lab. Routers, links, VRFs and hosts are enough: addresses of gateways, BGP\n" +
	"sessions, route distinguishers, MAC addresses and labels follow from them unless the file gives them.\n" +
	"`pseudowan validate FILE` reports every mistake with its line and remedy.\n\n" +
	"Editors complete and check a file that begins with\n\n" +
	"```yaml\n# yaml-language-server: $schema=pseudowan.schema.json\n```\n\n" +
	"once `pseudowan schema > pseudowan.schema.json` has written that file. Unknown keys are refused; keys that\n" +
	"begin with `x-` are yours, for YAML anchors. The [ready labs](labs.md) are examples with comments.\n"

// reference writes a section for each kind of mapping, breadth first.
type reference struct {
	text    strings.Builder
	pending []object
	seen    map[string]string // a mapping's JSON, and the path of its section
	told    map[string]string // a key's JSON, and the path of the section that has it
}

// many is how many shared keys are listed by reference to another section.
const many = 6

type object struct {
	path   string
	schema *jsonschema.Schema
}

func (r *reference) section(path string, s *jsonschema.Schema) {
	title := "At the top"
	if path != "" {
		title = "`" + path + "`"
	}
	fmt.Fprintf(&r.text, "\n## %s\n\n", title)
	shared := r.shared(s)
	for from, keys := range shared {
		fmt.Fprintf(&r.text, "%s as in [`%s`](#%s)", strings.Join(keys, ", "), from, anchor(from))
		if len(keys) == s.Properties.Len() {
			r.text.WriteString(".\n")
			return
		}
		r.text.WriteString(", and:\n\n")
	}
	r.text.WriteString("| key | value | |\n|---|---|---|\n")
	for e := s.Properties.Oldest(); e != nil; e = e.Next() {
		at := strings.TrimPrefix(path+"."+e.Key, ".")
		value := r.value(at, e.Value)
		if slices.Contains(s.Required, e.Key) {
			value += ", required"
		}
		told := r.told[identity(e.Key, e.Value)]
		if shared[told] != nil {
			continue
		}
		if told == "" {
			r.told[identity(e.Key, e.Value)] = path
		}
		fmt.Fprintf(&r.text, "| `%s` | %s | %s |\n", e.Key, cell(value), cell(e.Value.Description))
	}
}

// shared returns the keys of s that another section has, by section, if they
// are many; only of the section that has the most.
func (r *reference) shared(s *jsonschema.Schema) map[string][]string {
	by := map[string][]string{}
	best := ""
	for e := s.Properties.Oldest(); e != nil; e = e.Next() {
		if from := r.told[identity(e.Key, e.Value)]; from != "" {
			by[from] = append(by[from], "`"+e.Key+"`")
			if len(by[from]) > len(by[best]) {
				best = from
			}
		}
	}
	if len(by[best]) < many {
		return nil
	}
	return map[string][]string{best: by[best]}
}

// identity is equal for keys with the same meaning.
func identity(key string, s *jsonschema.Schema) string {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return key + " " + string(text)
}

// value describes the values allowed at path.
func (r *reference) value(path string, s *jsonschema.Schema) string {
	switch {
	case isText(s):
		return "text"
	case len(s.AnyOf) > 0:
		return r.choices(path, s.AnyOf)
	case len(s.Enum) > 0:
		return words(s.Enum)
	case s.Type == "array":
		return "list of " + r.value(path+"[]", s.Items)
	case s.Type == "object" && s.Properties != nil && s.Properties.Len() > 0:
		if s.Title != "" {
			path += " " + s.Title
		}
		return "[mapping](#" + anchor(r.describe(path, s)) + ")"
	case s.Type == "object":
		return "name: " + r.value(path+".NAME", s.AdditionalProperties)
	case s.Type == "boolean":
		return "`true` or `false`"
	case s.Type == "integer" || s.Type == "number":
		return s.Type + bounds(s)
	}
	return "text"
}

// choices joins the values allowed at path; a list of values that are also
// allowed alone is abbreviated.
func (r *reference) choices(path string, anyOf []*jsonschema.Schema) string {
	var out []string
	for i, s := range anyOf {
		said := r.value(path, s)
		if i > 0 && said == "list of "+out[0] {
			said = "a list of them"
		}
		if !slices.Contains(out, said) {
			out = append(out, said)
		}
	}
	return strings.Join(out, ", or ")
}

// plain removes from a schema that a value may be text with a placeholder, which is
// said once.
func plain(s *jsonschema.Schema) {
	if s == nil {
		return
	}
	if last := len(s.AnyOf) - 1; last == 1 && strings.HasPrefix(s.AnyOf[last].Pattern, `\{i`) {
		said := s.Description
		*s = *s.AnyOf[0]
		s.Description = said
	}
	if s.Properties != nil {
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			plain(p.Value)
		}
	}
	plain(s.AdditionalProperties)
	plain(s.Items)
	for _, one := range s.AnyOf {
		plain(one)
	}
}

// describe returns the path whose section describes s, and schedules that
// section if necessary.
func (r *reference) describe(path string, s *jsonschema.Schema) string {
	text, err := json.Marshal(s.Properties)
	if err != nil {
		panic(err) // it was read from JSON
	}
	if before, ok := r.seen[string(text)]; ok {
		return before
	}
	r.seen[string(text)] = path
	r.pending = append(r.pending, object{path, s})
	return path
}

// isText reports whether a schema accepts any scalar, as spelled.
func isText(s *jsonschema.Schema) bool {
	return len(s.AnyOf) == 3 && s.AnyOf[0].Type == "string" && s.AnyOf[1].Type == "number" && s.AnyOf[2].Type == "boolean"
}

func words(enum []any) string {
	out := make([]string, len(enum))
	for i, w := range enum {
		out[i] = fmt.Sprintf("`%v`", w)
	}
	return strings.Join(out, ", ")
}

func bounds(s *jsonschema.Schema) string {
	switch {
	case s.Minimum != "" && s.Maximum != "":
		return fmt.Sprintf(" from %s to %s", s.Minimum, s.Maximum)
	case s.Minimum != "" && s.Minimum != "0":
		return fmt.Sprintf(" from %s", s.Minimum)
	}
	return ""
}

// anchor returns the link target of a heading: its letters and digits.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '-', r == '_':
			return r
		case r == ' ':
			return '-'
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		}
		return -1
	}, heading)
}
