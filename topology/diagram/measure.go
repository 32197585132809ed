package diagram

func (p *port) height() float64 {
	return float64(max(1, len(p.words)))*14 + 8
}

func portsHeight(ports []*port) (h float64) {
	for _, p := range ports {
		h += p.height()
	}
	return h
}

func (r router) groupsHeight() (h float64) {
	for i, g := range r.groups {
		if i > 0 {
			h += groupGap
		}
		h += g.height()
	}
	return h
}

func (g group) height() float64 {
	lines := len(flow(g.details(), g.indent()))
	for _, r := range g.rows {
		lines += len(flow(r.facts, g.nameWidth()))
	}
	return float64(lines)*line + 2*pad - 4
}

// flow wraps facts into at least one line, to the right of an indent.
func flow(facts []string, indent float64) (lines []string) {
	now := ""
	for _, f := range facts {
		switch longer := now + separator + f; {
		case now == "":
			now = f
		case indent+textWidth(longer, small) > groupText:
			lines, now = append(lines, now), f
		default:
			now = longer
		}
	}
	return append(lines, now)
}

// textWidth estimates the width of a text in the widest of the common fonts.
func textWidth(s string, size float64) float64 {
	return float64(len([]rune(s))) * size * 0.62
}

func widest(lines []string, size float64) (w float64) {
	for _, l := range lines {
		w = max(w, textWidth(l, size))
	}
	return w
}

func (g group) width() float64 {
	w := g.indent() + widest(flow(g.details(), g.indent()), small)
	for _, r := range g.rows {
		w = max(w, g.nameWidth()+widest(flow(r.facts, g.nameWidth()), small))
	}
	return w + 2*pad
}

// indent returns the width of the title, to the right of which details begin.
func (g group) indent() float64 { return textWidth(g.title(), normal) + 12 }

// nameWidth returns the width of the column of names.
func (g group) nameWidth() (w float64) {
	for _, r := range g.rows {
		w = max(w, textWidth(r.name, normal)+12)
	}
	return w
}

// words returns the interface with its first address, and the other addresses.
func (e end) words() []string {
	if len(e.addresses) == 0 {
		return []string{e.intf}
	}
	return append([]string{e.intf + " " + e.addresses[0]}, e.addresses[1:]...)
}

// words returns the lines of a LAN or NIC.
func (n *node) words() []string {
	for _, ports := range n.ports {
		for _, p := range ports {
			return p.far.drawing.middle
		}
	}
	return nil
}
