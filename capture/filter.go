package capture

import (
	"net/netip"
	"slices"
)

// Filter selects packets. Empty fields select all.
type Filter struct {
	VRF    string // name or RD
	Prefix netip.Prefix
	Label  *uint32
}

// Selects reports whether a packet is of the VRF, from or to the prefix, and has the label.
func (f Filter) Selects(n Names, p Packet) bool {
	if f.VRF != "" && p.VRF != f.VRF && p.RD != f.VRF && (p.VRF == "" || !slices.Contains(n.RDs[f.VRF], p.VRF)) {
		return false
	}
	if f.Prefix.IsValid() && !f.Prefix.Contains(p.Source.Unmap()) && !f.Prefix.Contains(p.Destination.Unmap()) {
		return false
	}
	return f.Label == nil || slices.Contains(p.Labels, *f.Label)
}
