package vpn

// RouteLimit bounds the routes of a VRF. The zero limit is none.
type RouteLimit struct {
	Max         uint32 `json:"max"`                    // prefixes with a usable path; 0: no limit
	Threshold   uint32 `json:"threshold,omitempty"`    // percent of Max that is worth a warning; 0: 80
	WarningOnly bool   `json:"warning_only,omitempty"` // more routes are taken
}

// defaultThreshold is the percentage that is worth a warning.
const defaultThreshold = 80

// Near reports whether a number of routes is worth a warning.
func (l RouteLimit) Near(n int) bool {
	percent := l.Threshold
	if percent == 0 {
		percent = defaultThreshold
	}
	return l.Max > 0 && uint64(n)*100 >= uint64(l.Max)*uint64(percent)
}

// Full reports whether there is no room beside a number of routes.
func (l RouteLimit) Full(n int) bool { return l.Max > 0 && !l.WarningOnly && n >= int(l.Max) }
