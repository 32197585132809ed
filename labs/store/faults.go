package store

import (
	"errors"
	"io/fs"
	"os"
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
	list, err := readJSON[[]Fault](faultsFile(lab))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// SetFaults replaces the faults of a lab.
func SetFaults(lab string, list []Fault) error {
	if len(list) > 0 {
		return writeJSON(faultsFile(lab), list)
	}
	if err := os.Remove(faultsFile(lab)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
