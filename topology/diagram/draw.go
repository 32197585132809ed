package diagram

import (
	"fmt"
	"slices"
	"strings"

	"pseudowan/topology"
)

// Format is the format of a picture.
type Format string

// Mermaid is for Markdown pages, DOT for Graphviz, SVG for browsers, Text for
// terminals.
const (
	Mermaid Format = "mermaid"
	DOT     Format = "dot"
	SVG     Format = "svg"
	Text    Format = "text"
)

// Formats returns all formats.
func Formats() []Format { return []Format{Text, SVG, Mermaid, DOT} }

// Instance names a VRF on a router.
type Instance struct{ Router, VRF string }

// Labels are the MPLS labels that routers have allocated in VRFs, sorted.
type Labels map[Instance][]uint32

// Hop is where a path leaves a router.
type Hop struct {
	Router, Interface string
	Words             string // about it
}

// Draw draws a topology. labels may be nil. The links on which the hops of a path leave
// stand out.
func Draw(f Format, t *topology.Topology, labels Labels, path ...Hop) (string, error) {
	s := newScene(t, labels)
	s.mark(path)
	switch f {
	case Mermaid:
		return s.mermaid(), nil
	case DOT:
		return s.dot(), nil
	case SVG:
		return s.svg(), nil
	case Text:
		return s.text(), nil
	}
	var names []string
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	slices.Sort(names)
	return "", fmt.Errorf("unknown picture format %q: use one of %s", f, strings.Join(names, ", "))
}
