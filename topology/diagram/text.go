package diagram

import (
	"fmt"
	"strings"
)

// text draws a tree: routers, their links, VRFs and hosts.
func (s *scene) text() string {
	var b strings.Builder
	b.WriteString("lab " + s.name)
	if s.description != "" {
		b.WriteString(": " + s.description)
	}
	b.WriteString("\n")
	for i, r := range s.routers {
		branch(&b, "", i == len(s.routers)+len(s.segments)-1, r.branch(s.linksOf(i)))
	}
	for i, x := range s.segments {
		branch(&b, "", i == len(s.segments)-1, x.branch())
	}
	return b.String()
}

// tree is a line with the lines below it.
type tree struct {
	line  string
	below []tree
}

func (r router) branch(links []tree) tree {
	t := tree{line: r.name + "  " + strings.Join(r.facts, "  "), below: links}
	for _, g := range r.groups {
		vrf := tree{line: g.title() + "  " + strings.Join(g.details(), "  ")}
		for _, row := range g.rows {
			vrf.below = append(vrf.below, tree{line: row.name + "  " + strings.Join(row.facts, "  ")})
		}
		t.below = append(t.below, vrf)
	}
	return t
}

// linksOf describes each link of a router from its side.
func (s *scene) linksOf(router int) (out []tree) {
	for _, l := range s.links {
		for i, e := range l.ends {
			if e.router != router {
				continue
			}
			var others []string
			for j, o := range l.ends {
				if j != i {
					others = append(others, s.routers[o.router].name+":"+o.intf)
				}
			}
			line := fmt.Sprintf("%s  %s  to ", e.intf, strings.Join(e.addresses, " "))
			switch {
			case l.nic:
				line += strings.Join(l.middle, ", ")
			case l.middle != nil:
				line += "LAN with " + strings.Join(others, ", ")
			default:
				line += strings.TrimSpace(others[0] + "  " + l.bgp)
			}
			if i == 0 && l.takes() {
				line += "  path: " + strings.Join(l.path, ", ")
			}
			out = append(out, tree{line: line})
		}
	}
	return out
}

func branch(b *strings.Builder, indent string, last bool, t tree) {
	twig, further := "├─ ", "│  "
	if last {
		twig, further = "└─ ", "   "
	}
	b.WriteString(indent + twig + strings.TrimRight(t.line, " ") + "\n")
	for i, sub := range t.below {
		branch(b, indent+further, i == len(t.below)-1, sub)
	}
}
