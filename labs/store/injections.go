package store

import (
	"path/filepath"

	"pseudowan/labs/plan"
)

// Injection is a speaker that somebody has added to a running lab.
type Injection struct {
	plan.Injection
	PID  int    `json:"pid,omitempty"` // of its process; 0: it has not started
	What string `json:"what"`          // its routes, for people
	Kept bool   `json:"kept,omitempty"`
}

// injectionsFile lists the speakers of a lab.
func injectionsFile(lab string) string { return filepath.Join(RunDir(lab), ".inject.json") }

// InjectionLog is where a speaker's process writes why it ends.
func InjectionLog(lab, name string) string { return filepath.Join(RunDir(lab), "."+name+".log") }

// Injections returns the speakers of a lab. They are recorded before they are made, and
// until they are removed.
func Injections(lab string) ([]Injection, error) {
	return readList[Injection](injectionsFile(lab))
}

// SetInjections replaces the speakers of a lab.
func SetInjections(lab string, list []Injection) error {
	return writeList(injectionsFile(lab), list)
}
