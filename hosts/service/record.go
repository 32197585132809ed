package service

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Service is a program that a host runs.
type Service struct {
	Name    string   `json:"name"`
	Command []string `json:"command"`
	Ready   string   `json:"ready,omitempty"`   // text in its output that says that it is ready
	Port    string   `json:"port,omitempty"`    // that it listens on when it is ready: "tcp 80"
	After   []string `json:"after,omitempty"`   // services that must be ready before
	Restart string   `json:"restart,omitempty"` // Always, OnFailure, or "": never
	Once    bool     `json:"once,omitempty"`    // it is ready when it has ended with exit code 0
	Given   string   `json:"given,omitempty"`   // digest of its files and its environment
}

// The policies of Service.Restart.
const (
	Always    = "always"
	OnFailure = "on-failure"
)

// again reports whether a service is to be started once more after its end.
func (s Service) again(code int) bool {
	return s.Restart == Always || s.Restart == OnFailure && code != 0
}

// Phase is how far a service has got.
type Phase string

// The phases of a service.
const (
	Starting   Phase = "starting"   // not ready yet
	Ready      Phase = "ready"      // or was, before a restart of its supervisor
	Restarting Phase = "restarting" // it has ended and will be started again
	Ended      Phase = "ended"
	Done       Phase = "done" // a service that runs once has ended with exit code 0
)

// Record is how a service fares.
type Record struct {
	Service
	Phase    Phase     `json:"phase"`
	PID      int       `json:"pid"`            // its first process; 0: none
	Code     *int      `json:"code,omitempty"` // of its last end, 128 plus the signal that ended it
	Restarts int       `json:"restarts"`       // since somebody started it
	Since    time.Time `json:"since"`          // the last start

	Start      string `json:"start"` // of PID, in clock ticks after boot
	Supervisor int    `json:"supervisor"`
	SuperStart string `json:"supervisor_start"`
	Net        string `json:"net"`             // the host's network namespace, which is another one when the host is
	Mark       string `json:"mark"`            // in the environment of its processes
	Local      bool   `json:"local,omitempty"` // its processes are children of the supervisor, not of a daemon

	now Phase // when it was read; "": see Now
}

// Runs reports whether the service's first process runs.
func (r Record) Runs() bool { return r.PID != 0 && r.Start != "" && hosts.StartTime(r.PID) == r.Start }

// supervised reports whether the supervisor runs.
func (r Record) supervised() bool {
	return r.Supervisor != 0 && r.SuperStart != "" && hosts.StartTime(r.Supervisor) == r.SuperStart
}

// same reports whether a record is that of a service in a host.
func (r Record) same(s Service, net string) bool {
	return r.Net == net && reflect.DeepEqual(r.Service, s)
}

// fine reports whether a service needs no start.
func (r Record) fine() bool { return r.Phase == Done || r.supervised() && r.Phase != Ended }

// Orphaned reports whether a service that is to be restarted has lost its supervisor.
func (r Record) Orphaned() bool {
	final := r.Phase == Done || r.Phase == Ended && r.Code != nil && !r.again(*r.Code)
	return r.Restart != "" && !final && !r.supervised()
}

// Files of a service in the directory of its host's services.
func recordFile(dir, name string) string { return filepath.Join(dir, name+".json") }
func lockFile(dir, name string) string   { return filepath.Join(dir, name+".lock") }

// LogFile returns the path of a service's log.
func LogFile(dir, name string) string { return filepath.Join(dir, name+".log") }

// Dir returns the directory of a host's services.
func Dir(stateDir, lab, node string) string { return filepath.Join(stateDir, lab, node, "services") }

// Logs returns the logs of a host's services.
func Logs(dir string) []string {
	found, _ := filepath.Glob(filepath.Join(dir, "*.log")) // the pattern is valid
	return found
}

// Read reads a service's record. Without one, known is false.
func Read(dir, name string) (r Record, known bool) {
	for range 2 {
		b, err := os.ReadFile(recordFile(dir, name))
		r = Record{}
		if err != nil || json.Unmarshal(b, &r) != nil {
			return Record{}, false
		}
		if r.now = r.phaseNow(); r.now == r.Phase {
			break
		}
		// The supervisor may have written the end after this was read.
	}
	return r, true
}

// Records reads the records of a host's services, sorted by name.
func Records(dir string) (all []Record) {
	files, _ := os.ReadDir(dir) // there may be none
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".json")
		if !ok {
			continue
		}
		if r, known := Read(dir, name); known {
			all = append(all, r)
		}
	}
	slices.SortFunc(all, func(a, b Record) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// Now returns the phase of a service when its record was read, also if its supervisor
// was killed.
func (r Record) Now() Phase {
	if r.now != "" {
		return r.now
	}
	return r.phaseNow()
}

func (r Record) phaseNow() Phase {
	if (r.Phase == Starting || r.Phase == Ready) && !r.supervised() && !r.Runs() || r.Phase == Restarting && !r.supervised() {
		return Ended
	}
	return r.Phase
}

// write replaces the record atomically.
func (r Record) write(dir string) error {
	return hosts.WriteRecord(recordFile(dir, r.Name), r)
}

// forget removes what is kept of a service.
func forget(dir, name string) error {
	var errs []error
	for _, path := range []string{recordFile(dir, name), lockFile(dir, name), LogFile(dir, name), LogFile(dir, name) + ".1"} {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// tryLock takes the lock that a service's supervisor holds while it lives.
func tryLock(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(lockFile(dir, name), os.O_CREATE|os.O_RDWR|unix.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}
