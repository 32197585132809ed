package diagram

import (
	"fmt"
	"strings"

	"pseudowan/topology"
)

// segment is a LAN of hosts or a wire between two: a group of its own, and the VRFs
// of the routers on it.
type segment struct {
	group
	routers []wire
}

// alone is the look of a segment without a router.
var alone = look{colour: quiet, style: "solid"}

func newSegment(t *topology.Topology, x topology.Segment, index map[string]int, looks map[string]look) segment {
	out := segment{group: group{name: x.Name, look: alone}}
	for i, r := range x.Routers {
		if i == 0 {
			out.look = looks[r.VRF]
		}
		out.routers = append(out.routers, wire{index[r.Router], group{vrf: r.VRF, look: looks[r.VRF]}})
		out.facts = append(out.facts, fmt.Sprintf("%s VRF %s", r.Router, r.VRF))
	}
	out.facts = append(out.facts, texts(x.Subnets)...)
	out.facts = append(out.facts, serverFacts(x)...)
	for _, h := range t.Hosts {
		for i, a := range h.Attachments {
			if a.Segment == x.Name {
				out.rows = append(out.rows, newAttachment(h, i))
			}
		}
	}
	return out
}

// serverFacts says what the server does on a segment.
func serverFacts(x topology.Segment) []string {
	switch {
	case x.NIC != "":
		return []string{"NIC " + x.NIC + " of the server"}
	case x.Uplink != nil:
		return append([]string{"uplink by the server, " + string(x.Uplink.Mode)}, texts(x.Uplink.Addresses)...)
	}
	return nil
}

// dotSegments draws the segments, and their wires to the routers.
func (s *scene) dotSegments(b *strings.Builder) {
	for i, x := range s.segments {
		fmt.Fprintf(b, "  s%d [shape=ellipse, label=%s, color=\"%s\"];\n", i, dotQuote(x.name, x.facts...), x.look.colour)
		for _, w := range x.routers {
			fmt.Fprintf(b, "  r%d -- s%d [label=%s, color=\"%s\", fontcolor=\"%[4]s\", style=%s];\n",
				w.router, i, dotQuote(w.group.title()), w.group.look.colour, w.group.look.style)
		}
	}
}

// mermaidSegments draws the segments, and their wires to the routers. It returns the
// number of edges drawn, including those before.
func (s *scene) mermaidSegments(b *strings.Builder, edges int) int {
	for i, x := range s.segments {
		fmt.Fprintf(b, "  s%d([%s])\n", i, mermaidLabel("<b>"+mermaidText(x.name)+"</b>", x.facts))
		for _, w := range x.routers {
			fmt.Fprintf(b, "  r%d ---|%s| s%d\n", w.router, mermaidLabel(mermaidText(w.group.title()), nil), i)
			edges++
		}
	}
	return edges
}

// branch describes a segment with its hosts.
func (x segment) branch() tree {
	t := tree{line: x.title() + "  " + strings.Join(x.facts, "  ")}
	for _, row := range x.rows {
		t.below = append(t.below, tree{line: row.name + "  " + strings.Join(row.facts, "  ")})
	}
	return t
}

// segmentRoom returns the width and height of the boxes of the segments, below
// everything else.
func (s *scene) segmentRoom() (width, height float64) {
	for _, x := range s.segments {
		width = max(width, x.width()+2*margin)
		height += x.height() + groupGap
	}
	if height > 0 {
		height += blockGap
	}
	return width, height
}

// drawSegments draws the boxes of the segments, one below the other.
func (s *scene) drawSegments(c *canvas, y float64) {
	width := 0.0
	for _, x := range s.segments {
		width = max(width, x.width())
	}
	for _, x := range s.segments {
		c.group(x.group, margin, y, width)
		y += x.height() + groupGap
	}
}
