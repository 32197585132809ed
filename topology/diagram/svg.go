package diagram

import (
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"strings"
)

const (
	ink      = "#1f2933"
	quiet    = "#5b6770"
	core     = "#37474f"
	cardFill = "#e8edf3"
	hubFill  = "#fff8e6"
	taken    = "#d55e00" // a path over links
)

// svg draws the layout. It uses no style sheet: not all presentation programs read
// one.
func (s *scene) svg() string {
	l := newLayout(s)
	below := l.height
	width, room := s.segmentRoom()
	l.width, l.height = max(l.width, width), l.height+room
	c := &canvas{}
	fmt.Fprintf(c, `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="%s" height="%s" viewBox="0 0 %[1]s %[2]s" font-family="Helvetica, Arial, 'DejaVu Sans', sans-serif">`+"\n",
		px(math.Ceil(l.width)), px(math.Ceil(l.height)))
	fmt.Fprintf(c, "<title>%s</title>\n", escape("lab "+s.name))
	c.WriteString(`<rect width="100%" height="100%" fill="#ffffff"/>` + "\n")
	c.text(margin, 32, large, ink, "start", true, s.name)
	if s.description != "" {
		c.text(margin+textWidth(s.name, large)+16, 32, normal, quiet, "start", false, s.description)
	}
	for i := range l.nodes {
		for _, ports := range l.nodes[i].ports {
			for _, p := range ports {
				if p.drawing != nil {
					c.link(p)
				}
			}
		}
	}
	for i, r := range s.routers {
		l.customers(c, r, l.nodes[i])
	}
	for i := range l.nodes {
		if i < len(s.routers) {
			c.router(s.routers[i], l.nodes[i])
		} else {
			c.hub(l.nodes[i])
		}
	}
	s.drawSegments(c, below)
	c.WriteString("</svg>\n")
	return c.String()
}

type canvas struct{ strings.Builder }

func (c *canvas) text(x, y, size float64, fill, anchor string, bold bool, words string) {
	weight := ""
	if bold {
		weight = ` font-weight="bold"`
	}
	fmt.Fprintf(c, `<text x="%s" y="%s" font-size="%s" fill="%s" text-anchor="%s"%s>%s</text>`+"\n",
		px(x), px(y), px(size), fill, anchor, weight, escape(words))
}

func (c *canvas) box(x, y, w, h, round float64, fill, stroke string, dash string) {
	if dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, dash)
	}
	fmt.Fprintf(c, `<rect x="%s" y="%s" width="%s" height="%s" rx="%s" fill="%s" stroke="%s" stroke-width="1.5"%s/>`+"\n",
		px(x), px(y), px(w), px(h), px(round), fill, stroke, dash)
}

func (c *canvas) path(d, stroke string, width float64, dash string) {
	if dash != "" {
		dash = fmt.Sprintf(` stroke-dasharray="%s"`, dash)
	}
	fmt.Fprintf(c, `<path d="%s" fill="none" stroke="%s" stroke-width="%s"%s/>`+"\n", d, stroke, px(width), dash)
}

// link draws a link with the words at both of its ends.
func (c *canvas) link(p *port) {
	q := p.far
	pull := max(40, math.Abs(q.bend-p.bend)/2)
	if p.out == q.out { // a link inside a column bends back
		pull = min(curve*0.9, 24+math.Abs(p.y-q.y)/6)
	}
	colour, width := core, 2.5
	if p.drawing.takes() {
		colour, width = taken, 5
	}
	c.path(fmt.Sprintf("M%s %sH%sC%s %s %s %s %s %sH%s",
		px(p.x), px(p.y), px(p.bend), px(p.toward(pull)), px(p.y), px(q.toward(pull)), px(q.y), px(q.bend), px(q.y), px(q.x)),
		colour, width, "")
	p.label(c)
	q.label(c)
	if words := p.drawing.words(); words != "" && p.drawing.middle == nil {
		c.badge((p.bend+q.bend)/2+p.bulge(q, pull), (p.y+q.y)/2, words)
	}
}

// bulge returns how far the middle of a link inside a column is from its ends.
func (p *port) bulge(q *port, pull float64) float64 {
	if p.out != q.out {
		return 0
	}
	return (p.toward(pull) - p.bend) * 3 / 4 // of a cubic curve
}

// badge writes words on a line.
func (c *canvas) badge(x, y float64, words string) {
	w := textWidth(words, small) + 6
	fmt.Fprintf(c, `<rect x="%s" y="%s" width="%s" height="16" fill="#ffffff"/>`+"\n", px(x-w/2), px(y-8), px(w))
	c.text(x, y+4, small, core, "middle", false, words)
}

// toward returns the x of a point beyond the bend, pull away from it.
func (p *port) toward(pull float64) float64 {
	if p.out == left {
		return p.bend - pull
	}
	return p.bend + pull
}

func (p *port) label(c *canvas) {
	x, anchor := p.x+6, "start"
	if p.out == left {
		x, anchor = p.x-6, "end"
	}
	for i, w := range p.words {
		y := p.y - 5
		if i > 0 {
			y = p.y + float64(i)*13
		}
		c.text(x, y, small, core, anchor, false, w)
	}
}

func (c *canvas) router(r router, n node) {
	c.box(n.x, n.y-n.height/2, n.width, n.height, 10, cardFill, core, "")
	y := n.y - float64(1+len(r.facts))*line/2 + 14
	c.text(n.x+n.width/2, y, 15, ink, "middle", true, r.name)
	for i, f := range r.facts {
		c.text(n.x+n.width/2, y+float64(i+1)*line-2, small, quiet, "middle", false, f)
	}
}

func (c *canvas) hub(n node) {
	words, dash := n.words(), ""
	if n.nic() {
		dash = "5 3"
	}
	c.box(n.x, n.y-n.height/2, n.width, n.height, 16, hubFill, core, dash)
	for i, w := range words {
		y := n.y + float64(i)*line - float64(len(words)-1)*line/2 + 4
		c.text(n.x+n.width/2, y, normal, ink, "middle", i == 0, w)
	}
}

func (n node) nic() bool {
	for _, ports := range n.ports {
		for _, p := range ports {
			return p.far.drawing.nic
		}
	}
	return false
}

// customers draws the VRFs of a router with their hosts, and the wires.
func (l *layout) customers(c *canvas, r router, n node) {
	y := n.y - r.groupsHeight()/2
	width := l.groupsWidth[n.side]
	boxX, wireX, edgeX := n.x+n.width+fan, n.x+n.width+fan, n.x+n.width
	if n.side == left {
		edgeX = n.x
		boxX = n.x - fan - width
		wireX = boxX + width
	}
	step := (n.height - 2*pad) / float64(len(r.groups)+1)
	for i, g := range r.groups {
		at := y + g.height()/2
		door := n.y - n.height/2 + pad + step*float64(i+1)
		mid := (edgeX + wireX) / 2
		c.path(fmt.Sprintf("M%s %sC%s %s %s %s %s %s", px(edgeX), px(door), px(mid), px(door), px(mid), px(at), px(wireX), px(at)),
			g.look.colour, 2, g.look.dash)
		c.group(g, boxX, y, width)
		y += g.height() + groupGap
	}
}

func (c *canvas) group(g group, x, y, width float64) {
	c.box(x, y, width, g.height(), 6, "#ffffff", g.look.colour, g.look.dash)
	at := y + pad + 8
	c.text(x+pad, at, normal, g.look.colour, "start", true, g.title())
	at = c.lines(x+pad+g.indent(), at, flow(g.details(), g.indent()))
	for _, r := range g.rows {
		c.text(x+pad, at, normal, ink, "start", false, r.name)
		at = c.lines(x+pad+g.nameWidth(), at, flow(r.facts, g.nameWidth()))
	}
}

// lines writes small lines and returns the y of the next one.
func (c *canvas) lines(x, y float64, words []string) float64 {
	for _, w := range words {
		c.text(x, y, small, quiet, "start", false, w)
		y += line
	}
	return y
}

// px formats a length with a tenth of a pixel.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func escape(s string) string {
	var b strings.Builder
	if err := xml.EscapeText(&b, []byte(s)); err != nil {
		panic(err) // a strings.Builder never fails
	}
	return b.String()
}
