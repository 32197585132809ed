package diagram

import (
	"cmp"
	"slices"
)

// Sizes, in pixels.
const (
	margin    = 28
	titleRoom = 56
	line      = 18 // height of a line of text
	small     = 11 // font sizes
	normal    = 13
	large     = 18
	fan       = 76 // between a router and its VRFs
	cardWidth = 148
	curve     = 96 // room in which links bend
	blockGap  = 26 // between the routers of a column
	groupGap  = 8
	pad       = 8
	groupText = 430 // width at which the facts of a VRF are wrapped
)

// separator separates facts in a line.
const separator = " · "

// side is the column of a node: routers with hosts are left and right, with their
// hosts on the outside; other nodes are in the middle.
type side int

const (
	left side = iota
	middle
	right
)

// layout is the position of everything.
type layout struct {
	scene         *scene
	width, height float64
	nodes         []node // routers first, then LANs and NICs
	groupsWidth   [3]float64
}

// node is a router, a LAN or a NIC.
type node struct {
	side   side
	y      float64 // of the centre
	x      float64 // of the left edge
	width  float64
	height float64 // of the card
	block  float64 // height with the VRFs beside it
	ports  [3][]*port
}

// port is where a link leaves a node. Its line is straight, below its words, up to
// bend.
type port struct {
	words   []string
	other   int // the node at the far end
	far     *port
	out     side // left or right
	x, y    float64
	bend    float64
	drawing *link
}

func newLayout(s *scene) *layout {
	l := &layout{scene: s, nodes: make([]node, len(s.routers))}
	for i, sd := range sides(s) {
		l.nodes[i] = node{side: sd, width: cardWidth}
	}
	l.connect()
	for i := range l.nodes {
		l.measure(i)
	}
	l.stack()
	l.columns()
	return l
}

// connect gives every link its ports, and a node if it is not a wire.
func (l *layout) connect() {
	for i := range l.scene.links {
		k := &l.scene.links[i]
		if k.middle == nil {
			l.join(k.ends[0].router, k.ends[1].router, k.ends[0].words(), k.ends[1].words(), k)
			continue
		}
		hub := len(l.nodes)
		l.nodes = append(l.nodes, node{side: middle, width: widest(k.middle, normal) + 4*pad})
		for _, e := range k.ends {
			l.join(e.router, hub, e.words(), nil, k)
		}
	}
}

func (l *layout) join(a, b int, atA, atB []string, k *link) {
	pa, pb := &port{words: atA, other: b, drawing: k}, &port{words: atB, other: a}
	pa.far, pb.far = pb, pa
	pa.out, pb.out = outlet(l.nodes[a].side, l.nodes[b].side), outlet(l.nodes[b].side, l.nodes[a].side)
	l.nodes[a].ports[pa.out] = append(l.nodes[a].ports[pa.out], pa)
	l.nodes[b].ports[pb.out] = append(l.nodes[b].ports[pb.out], pb)
}

// outlet returns the side on which a link leaves a node.
func outlet(from, to side) side {
	if from == right || from == middle && to == left {
		return left
	}
	return right
}

func (l *layout) measure(i int) {
	n := &l.nodes[i]
	lines := 0
	if i < len(l.scene.routers) {
		r := l.scene.routers[i]
		lines = 1 + len(r.facts)
		n.block = r.groupsHeight()
	} else {
		lines = len(n.words())
	}
	n.height = max(float64(lines)*line+2*pad, portsHeight(n.ports[left])+2*pad, portsHeight(n.ports[right])+2*pad)
	n.block = max(n.block, n.height)
}

// stack stacks the nodes of each column, centred, and then orders the ports of each
// node by where they lead.
func (l *layout) stack() {
	columns := [3][]int{}
	for _, i := range order(l.scene, l.nodes[:len(l.scene.routers)]) {
		columns[l.nodes[i].side] = append(columns[l.nodes[i].side], i)
	}
	for i := len(l.scene.routers); i < len(l.nodes); i++ {
		columns[middle] = append(columns[middle], i)
	}
	tallest := 0.0
	for _, c := range columns {
		tallest = max(tallest, l.columnHeight(c))
	}
	l.height = titleRoom + tallest + margin
	centre := titleRoom + tallest/2
	l.place(columns[left], centre)
	l.place(columns[right], centre)
	// Nodes in the middle go to the height of what they connect.
	slices.SortStableFunc(columns[middle], func(a, b int) int { return cmp.Compare(l.pull(a), l.pull(b)) })
	l.place(columns[middle], centre)
	for i := range l.nodes {
		l.orderPorts(&l.nodes[i])
	}
}

func (l *layout) columnHeight(column []int) (h float64) {
	for _, i := range column {
		h += l.nodes[i].block + blockGap
	}
	return h - blockGap
}

func (l *layout) place(column []int, centre float64) {
	y := centre - l.columnHeight(column)/2
	for _, i := range column {
		n := &l.nodes[i]
		n.y = y + n.block/2
		y += n.block + blockGap
	}
}

// pull returns the mean height of a node's neighbours outside the middle.
func (l *layout) pull(i int) float64 {
	sum, count := 0.0, 0.0
	for _, ports := range l.nodes[i].ports {
		for _, p := range ports {
			if far := l.nodes[p.other]; far.side != middle {
				sum, count = sum+far.y, count+1
			}
		}
	}
	if count == 0 {
		return 0
	}
	return sum / count
}

func (l *layout) orderPorts(n *node) {
	for _, ports := range n.ports {
		slices.SortStableFunc(ports, func(a, b *port) int {
			return cmp.Or(cmp.Compare(l.within(n, a), l.within(n, b)), cmp.Compare(l.nodes[a.other].y, l.nodes[b.other].y))
		})
		y := n.y - portsHeight(ports)/2
		for _, p := range ports {
			p.y = y + 16
			y += p.height()
		}
		if len(ports) == 1 && len(ports[0].words) <= 1 {
			ports[0].y = n.y
		}
	}
}

// within returns -1 or 1 for a link that stays in the node's column, upwards or
// downwards, else 0. Such links bend back and are outermost, so that they cross no
// others.
func (l *layout) within(n *node, p *port) int {
	if far := l.nodes[p.other]; far.side == n.side {
		return cmp.Compare(far.y, n.y)
	}
	return 0
}

// columns sets the x of everything.
func (l *layout) columns() {
	for i, r := range l.scene.routers {
		s := l.nodes[i].side
		for _, g := range r.groups {
			l.groupsWidth[s] = max(l.groupsWidth[s], g.width())
		}
	}
	x := float64(margin)
	for _, s := range []side{left, middle, right} {
		if !l.used(s) {
			continue
		}
		if s != left && l.used(left) || s == right && l.used(middle) {
			x += curve
		}
		x = l.column(s, x)
	}
	l.width = max(x+margin, 420)
}

func (l *layout) used(s side) bool {
	return slices.ContainsFunc(l.nodes, func(n node) bool { return n.side == s })
}

// column places one column at x and returns where it ends.
func (l *layout) column(s side, x float64) float64 {
	card := 0.0
	room := [3]float64{}
	for _, n := range l.nodes {
		if n.side != s {
			continue
		}
		card = max(card, n.width)
		for _, out := range []side{left, right} {
			for _, p := range n.ports[out] {
				if len(p.words) > 0 {
					room[out] = max(room[out], widest(p.words, small)+12)
				}
			}
		}
	}
	outside := 0.0
	if w := l.groupsWidth[s]; w > 0 {
		outside = w + fan
	}
	if s == left {
		x += outside
	}
	x += room[left]
	for i := range l.nodes {
		if n := &l.nodes[i]; n.side == s {
			n.x = x + (card-n.width)/2
			n.reach(x-room[left], x+card+room[right])
		}
	}
	x += card + room[right]
	if s == right {
		x += outside
	}
	return x
}

// reach gives the ports their lines, up to the bends of the column.
func (n *node) reach(leftBend, rightBend float64) {
	for _, p := range n.ports[left] {
		p.x, p.bend = n.x, leftBend
	}
	for _, p := range n.ports[right] {
		p.x, p.bend = n.x+n.width, rightBend
	}
}
