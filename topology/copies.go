package topology

import (
	"fmt"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"
	"go.yaml.in/yaml/v3"
)

// maxFilled bounds the text that placeholders make of a small file, in octets.
const maxFilled = 64 << 20

// numbers is a range of numbers: 4-10, or one.
type numbers struct{ from, to int }

// rawSeries is many hosts: one for each VRF of some rows, or copies of one host.
type rawSeries struct {
	rawRows
	copies entries[rawHost]
	copied bool // it has copies instead of rows
}

// rawCopies is a series of copies of a host, whose scalars have placeholders.
type rawCopies struct {
	At    pos            `json:"-"`
	Name  value[string]  `json:"name" jsonschema:"required" doc:"Name of each host. {i} is its number; {i:03} has leading zeros, {i:x} and {i:02x} are hexadecimal. They may stand in every value of the host, in quotes, and mean themselves in ${i} and {{i}}."`
	Count value[int]     `json:"count" jsonschema:"minimum=1,maximum=10000" doc:"Number of hosts. They are numbered from 1."`
	Range value[numbers] `json:"range" doc:"Numbers of the hosts, such as 4-10, instead of count."`
	rawHost
}

func (s *rawSeries) read(d *decoder, n *yaml.Node) {
	head := copiesHead(d, n)
	if head == nil {
		d.structure(reflect.ValueOf(&s.rawRows).Elem(), n)
		return
	}
	s.copied = true
	from, to := head.numbers(d)
	for i := from; i <= to && d.copies <= maxHosts; i++ {
		d.copies++
		one, good := copyOf(d, n, i)
		if !good {
			return // the others have the same mistakes
		}
		s.copies = append(s.copies, entry[rawHost]{one.Name, one.rawHost})
	}
}

// copiesHead returns the keys of a series that say how many copies it has; nil if it
// is one by rows.
func copiesHead(d *decoder, n *yaml.Node) *rawCopies {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	head := &rawCopies{At: at(n)}
	found := map[string]bool{}
	for _, p := range d.pairs(n) {
		found[p.key.Value] = true
		switch p.key.Value {
		case "name":
			d.within(".name", func() { head.Name.read(d, p.value) })
		case "count":
			d.within(".count", func() { head.Count.read(d, p.value) })
		case "range":
			d.within(".range", func() { head.Range.read(d, p.value) })
		}
	}
	switch {
	case found["count"] || found["range"]:
	case found["on"] || found["rows"] || !found["to"] && !found["attach"]:
		return nil
	}
	return head
}

// numbers returns the first and the last number of the copies, and refuses a series
// that has none.
func (c *rawCopies) numbers(d *decoder) (from, to int) {
	switch {
	case c.Count.bad || c.Range.bad:
		return 1, 0
	case c.Count.has && c.Range.has:
		d.refuse(c.Range.at, d.element(), "has count: and range:", "keep one of them")
	case c.Count.has && (c.Count.v < 1 || c.Count.v > maxHosts):
		d.refuse(c.Count.at, d.element(), fmt.Sprintf("%d copies", c.Count.v), fmt.Sprintf("use a number from 1 to %d", maxHosts))
	case c.Name.missing():
		d.refuse(c.At, d.element(), "has no name", `add name: "host{i}"`)
	case c.Count.has:
		return 1, c.Count.v
	case c.Range.has:
		return c.Range.v.from, c.Range.v.to
	default:
		d.refuse(c.At, d.element(), "does not say how many hosts it has", "add count: 10, or range: 4-10")
	}
	return 1, 0
}

// copyOf decodes the host with a number, and reports whether nothing was refused.
func copyOf(d *decoder, n *yaml.Node, i int) (*rawCopies, bool) {
	before := len(d.problems)
	one := new(rawCopies)
	d.number = &i
	defer func() { d.number = nil }()
	d.structure(reflect.ValueOf(one).Elem(), n)
	one.rawHost.At = one.At
	for _, p := range placeholder.FindAllString(one.Name.v, -1) {
		d.refuse(one.Name.at, d.element(), fmt.Sprintf("unknown placeholder %s in %q", p, one.Name.v), "use {i}, {i:03}, {i:x} or {i:02x}")
	}
	return one, len(d.problems) == before && d.nodes < maxNodes
}

var copyNumber = regexp.MustCompile(`\{i(?::(?:0([1-9]))?(x?))?\}`)

// fill replaces the placeholders of a scalar of a copy.
func (d *decoder) fill(n *yaml.Node) string {
	if d.number == nil || d.filled > maxFilled || !strings.Contains(n.Value, "{i") {
		return n.Value
	}
	var b strings.Builder
	rest := n.Value
	for _, m := range copyNumber.FindAllStringSubmatchIndex(n.Value, -1) {
		done := len(n.Value) - len(rest)
		if m[0] > 0 && strings.ContainsRune("${", rune(n.Value[m[0]-1])) || n.Value[m[0]:m[1]] == "{i:}" {
			continue
		}
		b.WriteString(rest[:m[0]-done])
		b.WriteString(numberAs(*d.number, submatch(n.Value, m, 1), submatch(n.Value, m, 2)))
		rest = n.Value[m[1]:]
	}
	b.WriteString(rest)
	if d.filled += b.Len(); d.filled > maxFilled {
		d.wrong(n, fmt.Sprintf("placeholders make more than %d MiB of text", maxFilled>>20), "make fewer copies, or put into them what they have in common without a placeholder")
	}
	return b.String()
}

func submatch(s string, m []int, k int) string {
	if m[2*k] < 0 {
		return ""
	}
	return s[m[2*k]:m[2*k+1]]
}

// numberAs writes a number, in hexadecimal and with leading zeros if so wanted.
func numberAs(n int, width, hexadecimal string) string {
	digits := strconv.Itoa(n)
	if hexadecimal != "" {
		digits = strconv.FormatInt(int64(n), 16)
	}
	w, _ := strconv.Atoi(width)
	return strings.Repeat("0", max(0, w-len(digits))) + digits
}

// placeholderPattern is that of scalars with a placeholder, in the schema.
const placeholderPattern = `\{i(:(0[1-9]x?|x))?\}`

// JSONSchema implements the reflector's interface for schemas of types.
func (rawSeries) JSONSchema() *jsonschema.Schema {
	copies := withPlaceholders(schemaOf[rawCopies]())
	copies.Title = "with count or range"
	return either(schemaOf[rawRows](), copies)
}

// withPlaceholders returns a schema of what s allows once the placeholders are
// replaced.
func withPlaceholders(s *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	out := *s
	out.AdditionalProperties, out.Items = withPlaceholders(s.AdditionalProperties), withPlaceholders(s.Items)
	if s.Properties != nil {
		out.Properties = jsonschema.NewProperties()
		for p := s.Properties.Oldest(); p != nil; p = p.Next() {
			out.Properties.Set(p.Key, withPlaceholders(p.Value))
		}
	}
	out.AnyOf = nil
	for _, one := range s.AnyOf {
		if one.Type == "string" && one.Pattern == "" && one.Enum == nil {
			return s // any text
		}
		out.AnyOf = append(out.AnyOf, withPlaceholders(one))
	}
	limited := s.Type == "string" && (s.Pattern != "" || s.Enum != nil) || s.Type == "integer" || s.Type == "number" || s.Type == "boolean"
	if !limited {
		return &out
	}
	described := out.Description
	out.Description = ""
	both := either(&out, pattern(placeholderPattern))
	both.Description = described
	return both
}
