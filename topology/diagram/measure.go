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

// flow breaks facts into lines that fit beside what is indent wide. There is
// one at least.
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

// textWidth estimates the width of a text. Fonts differ: this is the widest of
// the common ones.
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

// indent is what the title takes of the lines of details.
func (g group) indent() float64 { return textWidth(g.title(), normal) + 12 }

// nameWidth is the width of the column of names.
func (g group) nameWidth() (w float64) {
	for _, r := range g.rows {
		w = max(w, textWidth(r.name, normal)+12)
	}
	return w
}
