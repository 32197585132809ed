package monitor

import (
	"slices"
	"strings"

	"pseudowan/bgp/bmp"
)

// Views is a set of the tables that a station is told.
type Views uint8

// The views: of sessions what the peer has announced and what it has been told,
// before and after policies, and the tables of VRFs.
const (
	InBefore Views = 1 << iota
	InAfter
	OutBefore
	OutAfter
	Local
)

// viewNames are the words of the views in files and tables.
var viewNames = []string{"adj-rib-in-pre", "adj-rib-in-post", "adj-rib-out-pre", "adj-rib-out-post", "loc-rib"}

// ViewNames lists the words of the views.
func ViewNames() []string { return slices.Clone(viewNames) }

// ViewsOf returns the views with the given names; unknown ones are ignored.
func ViewsOf(names []string) (v Views) {
	for _, n := range names {
		if i := slices.Index(viewNames, n); i >= 0 {
			v |= 1 << i
		}
	}
	return v
}

// Names lists the views of the set.
func (v Views) Names() (names []string) {
	for i, n := range viewNames {
		if v&(1<<i) != 0 {
			names = append(names, n)
		}
	}
	return names
}

// String returns the names of the views.
func (v Views) String() string { return strings.Join(v.Names(), ", ") }

// sessionViews are those of sessions, in the order in which they are dumped.
var sessionViews = []Views{InBefore, InAfter, OutBefore, OutAfter}

// flags are what the header of a message about a view says.
func (v Views) flags() uint8 {
	switch v {
	case InAfter:
		return bmp.FlagPostPolicy
	case OutBefore:
		return bmp.FlagOut
	case OutAfter:
		return bmp.FlagOut | bmp.FlagPostPolicy
	}
	return 0
}
