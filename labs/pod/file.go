package pod

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"time"

	"pseudowan/hosts"
	"pseudowan/labs"
	"pseudowan/labs/catalog"
	"pseudowan/labs/inventory"
	"pseudowan/labs/store"
	"pseudowan/router/config"
	"pseudowan/topology"
)

// wanted is what the file says.
type wanted struct {
	text     []byte
	topology *topology.Topology
	secrets  config.Secrets // that the file says are elsewhere
}

// followFile brings the site up, and changes it when the file or a password changes. What
// failed is tried again, at once if the file has changed since.
func (s *site) followFile(ctx context.Context) {
	var done *wanted
	var failed failure
	for first := true; first || sleep(ctx, look); first = false {
		if text, err := os.ReadFile(s.File); err == nil && failed.waits(text) {
			continue
		}
		want, err := s.want(done)
		if err == nil && want == done {
			failed = failure{}
			continue
		}
		if err == nil {
			err = s.up(ctx, s.File, want.topology.Name)
		} else {
			s.fallBack(ctx)
		}
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			done, failed = want, failure{}
			continue
		}
		if failed.again(s.File, err) {
			s.tell(err.Error())
		}
		s.Log.Error("the site is not as its file says; trying again", "file", s.File, "error", err)
	}
}

// failure is what has failed, and when it is tried again.
type failure struct {
	text  []byte // of the file
	said  string
	pause time.Duration
	next  time.Time
}

// waits reports whether nothing has changed and it is too early to try again.
func (f *failure) waits(text []byte) bool {
	return f.said != "" && bytes.Equal(text, f.text) && time.Now().Before(f.next)
}

// again notes an error, and reports whether it is a new one.
func (f *failure) again(file string, err error) bool {
	text, _ := os.ReadFile(file) // that it cannot be read is the error
	if !bytes.Equal(text, f.text) {
		f.pause = 0
	}
	news := f.said != err.Error()
	f.text, f.said, f.pause = text, err.Error(), min(max(2*f.pause, look), time.Minute)
	f.next = time.Now().Add(f.pause)
	return news
}

// want reads the file; the result is done if that says the same.
func (s *site) want(done *wanted) (*wanted, error) {
	text, err := os.ReadFile(s.File)
	if err != nil {
		return nil, err
	}
	if err := setVariables(filepath.Dir(s.File)); err != nil {
		return nil, err
	}
	now := &wanted{text: text}
	if done != nil && bytes.Equal(text, done.text) {
		now.topology = done.topology
	} else if now.topology, _, err = catalog.Load(s.File, nil, inventory.Known()...); err != nil {
		return nil, err
	}
	if now.secrets, err = labs.Secrets(now.topology); err != nil {
		return nil, err
	}
	if done != nil && now.topology == done.topology && maps.Equal(now.secrets, done.secrets) {
		return done, nil
	}
	return now, nil
}

// VariablePrefix begins the names of files, beside that of the topology, each of which has
// the value of an environment variable with a password: those of a process that runs
// cannot be changed from outside.
const VariablePrefix = "env."

func setVariables(dir string) error {
	files, err := filepath.Glob(filepath.Join(dir, VariablePrefix+"*"))
	if err != nil {
		return err
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if err := os.Setenv(strings.TrimPrefix(filepath.Base(file), VariablePrefix), string(text)); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// up brings the site up as a file says that is one of a lab.
func (s *site) up(ctx context.Context, file, lab string) error {
	if err := s.claim(lab); err != nil {
		return err
	}
	report, err := labs.Up(ctx, labs.UpOptions{
		Lab: file, Runtime: hosts.NetNS, Timeout: patience, NoWait: true, Progress: progress{s.Log}, Site: s.Site, PerSite: s.PerSite,
	})
	if err != nil {
		return err
	}
	s.Log.Info("the site is up", "site", s.Site, "routers", report.Routers, "hosts", report.Hosts, "changed", len(report.Changed), "took", report.Elapsed)
	for _, line := range report.Changed {
		s.Log.Info("changed", "what", line)
	}
	return nil
}

// fallBack brings up what an earlier container of the pod has applied last, if nothing
// runs: its file is wrong now, and was not then.
func (s *site) fallBack(ctx context.Context) {
	if s.running() != "" || s.Lab == "" {
		return
	}
	last := store.TopologyFile(s.Lab)
	if _, err := os.Stat(last); err != nil {
		return // this is the pod's first container
	}
	if err := s.up(ctx, last, s.Lab); err != nil && ctx.Err() == nil {
		s.Log.Error("the site cannot be brought up as it was, either", "error", err)
	}
}

// tell notes in the events of the lab that the site is not as its file says.
func (s *site) tell(why string) {
	if lab := s.running(); lab != "" {
		store.NoteCommand(lab, "site "+s.Site, "the site is not as its file says, and stays as it was: "+why)
	}
}
