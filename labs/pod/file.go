package pod

import (
	"bytes"
	"context"
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

	variables variables
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
			if err = s.up(ctx, want.topology.Name, want.text, want.variables); err != nil {
				done = nil // of the earlier file, only a part may stand now
			}
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
	now := &wanted{text: text}
	if now.variables, err = readVariables(filepath.Dir(s.File)); err != nil {
		return nil, err
	}
	if done != nil && bytes.Equal(text, done.text) {
		now.topology = done.topology
	} else if now.topology, err = catalog.Parse(s.File, text, filepath.Dir(s.File), inventory.Known()...); err != nil {
		return nil, err
	}
	if now.secrets, err = labs.Secrets(now.topology, now.variables.lookup); err != nil {
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

// variables are those with passwords, by name. They do not become variables of this
// process: the programs of hosts would get them.
type variables map[string]string

func readVariables(dir string) (variables, error) {
	files, err := filepath.Glob(filepath.Join(dir, VariablePrefix+"*"))
	if err != nil {
		return nil, err
	}
	all := variables{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all[strings.TrimPrefix(filepath.Base(file), VariablePrefix)] = string(text)
	}
	return all, nil
}

// lookup implements labs.Variables. What has no file may be a variable of the pod.
func (v variables) lookup(name string) (string, bool) {
	if text, set := v[name]; set {
		return text, true
	}
	return os.LookupEnv(name)
}

// up brings the site up as a text says, which is the file's or was, and is one of a lab.
func (s *site) up(ctx context.Context, lab string, text []byte, v variables) error {
	if err := s.claim(lab); err != nil {
		return err
	}
	report, err := s.apply(ctx, labs.UpOptions{
		Lab: s.File, Text: text, Variables: v.lookup, Runtime: hosts.NetNS, Timeout: patience, NoWait: true,
		Progress: progress{s.Log}, Site: s.Site, PerSite: s.PerSite,
	})
	if err != nil {
		return err
	}
	s.stands = true
	s.Log.Info("the site is up", "site", s.Site, "routers", report.Routers, "hosts", report.Hosts, "changed", len(report.Changed), "took", report.Elapsed)
	for _, line := range report.Changed {
		s.Log.Info("changed", "what", line)
	}
	return nil
}

// fallBack brings up what an earlier container of the pod has applied last, if nothing
// runs: its file is wrong now, and was not then.
func (s *site) fallBack(ctx context.Context) {
	if s.stands || s.Lab == "" {
		return
	}
	last, err := s.applied(s.Lab)
	if err != nil {
		return // this is the pod's first container
	}
	v, err := readVariables(filepath.Dir(s.File))
	if err == nil {
		err = s.up(ctx, s.Lab, last, v)
	}
	if err != nil && ctx.Err() == nil {
		s.Log.Error("the site cannot be brought up as it was, either", "error", err)
	}
}

// tell notes in the events of the lab that the site is not as its file says.
func (s *site) tell(why string) {
	if lab := s.running(); lab != "" {
		store.NoteCommand(lab, "site "+s.Site, "the site is not as its file says, and stays as it was: "+why)
	}
}
