package diagram

import (
	"fmt"
	"slices"
	"strings"
)

// mermaid draws a flowchart (mermaid.js.org). Names are only in quoted labels, not
// in identifiers.
func (s *scene) mermaid() string {
	var b strings.Builder
	edges := 0
	var looks strings.Builder
	b.WriteString("---\ntitle: " + yamlQuote(s.name) + "\n---\nflowchart LR\n")
	for i, r := range s.routers {
		fmt.Fprintf(&b, "  r%d[[%s]]\n", i, mermaidLabel("<b>"+mermaidText(r.name)+"</b>", r.facts))
	}
	for i, l := range s.links {
		if l.middle == nil {
			a, z := l.ends[0], l.ends[1]
			fmt.Fprintf(&b, "  r%d ---|%s| r%d\n", a.router, mermaidLabel(mermaidText(s.endText(a)), append([]string{s.endText(z)}, l.path...)), z.router)
			l.mermaidPen(&looks, edges)
			edges++
			continue
		}
		shape := [2]string{"([", "])"}
		if l.nic {
			shape = [2]string{"{{", "}}"}
		}
		fmt.Fprintf(&b, "  l%d%s%s%s\n", i, shape[0], mermaidLabel(mermaidText(l.middle[0]), slices.Concat(l.middle[1:], l.path)), shape[1])
		for _, e := range l.ends {
			fmt.Fprintf(&b, "  r%d ---|%s| l%d\n", e.router, mermaidLabel(mermaidText(e.text()), nil), i)
			l.mermaidPen(&looks, edges)
			edges++
		}
	}
	s.mermaidHosts(&b, s.mermaidSegments(&b, edges))
	b.WriteString(looks.String())
	return b.String()
}

// mermaidPen makes an edge stand out if a path is over its link.
func (l link) mermaidPen(b *strings.Builder, edge int) {
	if l.takes() {
		fmt.Fprintf(b, "  linkStyle %d stroke:%s,stroke-width:5px\n", edge, taken)
	}
}

func (s *scene) mermaidHosts(b *strings.Builder, edges int) {
	var looks strings.Builder
	for i, h := range s.hosts() {
		fmt.Fprintf(b, "  h%d(%s)\n", i, mermaidLabel("<b>"+mermaidText(h.name)+"</b>", h.facts))
		fmt.Fprintf(&looks, "  style h%d stroke:%s\n", i, s.lookOf(h).colour)
		for _, w := range h.wires {
			fmt.Fprintf(b, "  r%d ---|%s| h%d\n", w.router, mermaidLabel(mermaidText(w.group.title()), w.group.edgeFacts()), i)
			fmt.Fprintf(&looks, "  linkStyle %d stroke:%[2]s,color:%[2]s\n", edges, w.group.look.colour)
			edges++
		}
		for _, x := range h.segments {
			fmt.Fprintf(b, "  s%d --- h%d\n", x, i)
			fmt.Fprintf(&looks, "  linkStyle %d stroke:%[2]s,color:%[2]s\n", edges, s.segments[x].look.colour)
			edges++
		}
	}
	b.WriteString(looks.String())
}

// edgeFacts returns the facts at the wire of a host, beside its VRF.
func (g group) edgeFacts() []string {
	if g.labels == "" {
		return nil
	}
	return []string{"labels " + g.labels}
}

func (e end) text() string { return strings.TrimSpace(e.intf + " " + strings.Join(e.addresses, " ")) }

// mermaidLabel quotes lines, the first of which is already markup.
func mermaidLabel(first string, rest []string) string {
	for _, line := range rest {
		first += "<br/>" + mermaidText(line)
	}
	return `"` + first + `"`
}

// mermaidText escapes what would end a quoted label or begin markup, by Mermaid's
// entity codes.
func mermaidText(s string) string {
	return strings.NewReplacer("#", "#35;", `"`, "#quot;", "<", "#lt;", ">", "#gt;", "&", "#amp;", "`", "#96;", "\n", " ").Replace(s)
}

func yamlQuote(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }
