package store

import (
	"slices"
	"time"

	"pseudowan/labs/plan"
)

// Fault is what somebody has done to a link of a running lab.
type Fault struct {
	Cable plan.Cable    `json:"cable"`
	Down  bool          `json:"down,omitempty"`
	Loss  float64       `json:"loss,omitempty"` // 0 to 1
	Delay time.Duration `json:"delay,omitempty"`
	Rate  uint64        `json:"rate,omitempty"` // bits per second
	Means []string      `json:"means,omitempty"`
}

// Faults returns the faults of a lab. They are recorded before they are made, and
// until they are undone; a restarted container comes without.
func Faults(lab string) ([]Fault, error) {
	return readList[Fault](faultsFile(lab))
}

// SetFaults replaces the faults of a lab.
func SetFaults(lab string, list []Fault) error {
	return writeList(faultsFile(lab), list)
}

// CutAt reports whether somebody has set an interface of a node down.
func CutAt(list []Fault, node, iface string) bool {
	return slices.ContainsFunc(list, func(x Fault) bool {
		return x.Down && x.Cable.Down.Node == node && x.Cable.Down.Interface == iface
	})
}
