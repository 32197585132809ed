package diagram

import (
	"fmt"
	"slices"
	"strings"
)

// dot draws for Graphviz: `dot -Tsvg`, `neato`, `fdp`.
func (s *scene) dot() string {
	var b strings.Builder
	fmt.Fprintf(&b, "graph %s {\n", dotQuote(s.name))
	b.WriteString("  graph [rankdir=LR, overlap=false, splines=true];\n  node [fontname=\"sans-serif\", fontsize=11, shape=box, style=rounded];\n  edge [fontname=\"sans-serif\", fontsize=9];\n")
	for i, r := range s.routers {
		fmt.Fprintf(&b, "  r%d [label=%s, style=filled, fillcolor=\"#e8edf3\"];\n", i, dotQuote(r.name, r.facts...))
	}
	for i, l := range s.links {
		if l.middle == nil {
			a, z := l.ends[0], l.ends[1]
			label := dotQuote(s.endText(a), append([]string{s.endText(z), l.bgp}, l.path...)...)
			fmt.Fprintf(&b, "  r%d -- r%d [label=%s, %s];\n", a.router, z.router, label, l.dotPen())
			continue
		}
		shape := "ellipse"
		if l.nic {
			shape = "hexagon"
		}
		fmt.Fprintf(&b, "  l%d [shape=%s, label=%s];\n", i, shape, dotQuote(l.middle[0], slices.Concat(l.middle[1:], l.path)...))
		for _, e := range l.ends {
			fmt.Fprintf(&b, "  r%d -- l%d [label=%s, %s];\n", e.router, i, dotQuote(e.intf, e.addresses...), l.dotPen())
		}
	}
	s.dotSegments(&b)
	s.dotHosts(&b)
	b.WriteString("}\n")
	return b.String()
}

// dotPen draws a link.
func (l link) dotPen() string {
	if l.takes() {
		return fmt.Sprintf("penwidth=5, color=%q", taken)
	}
	return "penwidth=2"
}

// endText returns an end of a wire with its router, for a label in the middle.
func (s *scene) endText(e end) string { return s.routers[e.router].name + ":" + e.text() }

func (s *scene) dotHosts(b *strings.Builder) {
	for i, h := range s.hosts() {
		fmt.Fprintf(b, "  h%d [label=%s, color=\"%s\"];\n", i, dotQuote(h.name, h.facts...), s.lookOf(h).colour)
		for _, w := range h.wires {
			look := w.group.look
			fmt.Fprintf(b, "  r%d -- h%d [label=%s, color=\"%s\", fontcolor=\"%[4]s\", style=%s];\n",
				w.router, i, dotQuote(w.group.title(), w.group.edgeFacts()...), look.colour, look.style)
		}
		for _, x := range h.segments {
			look := s.segments[x].look
			fmt.Fprintf(b, "  s%d -- h%d [color=\"%s\", style=%s];\n", x, i, look.colour, look.style)
		}
	}
}

// dotQuote returns lines as a double-quoted string.
func dotQuote(first string, rest ...string) string {
	lines := slices.DeleteFunc(append([]string{first}, rest...), func(l string) bool { return l == "" })
	for i, l := range lines {
		lines[i] = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", " ").Replace(l)
	}
	return `"` + strings.Join(lines, `\n`) + `"`
}
