package store

import (
	"errors"
	"io/fs"
	"os"
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
	list, err := readJSON[[]Injection](injectionsFile(lab))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return list, err
}

// SetInjections replaces the speakers of a lab.
func SetInjections(lab string, list []Injection) error {
	if len(list) > 0 {
		return writeJSON(injectionsFile(lab), list)
	}
	if err := os.Remove(injectionsFile(lab)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
