package pod

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/labs"
	"pseudowan/labs/store"
	"pseudowan/status"
)

// Options say which site a pod runs.
type Options struct {
	File    string // the topology; its content may change at any time
	Lab     string // its name; of use while the file is wrong; "": unknown
	Site    string
	PerSite int    // routers
	Peer    string // the name of a site's pod, with %s for the site
	Log     *slog.Logger
}

const (
	// look is the time between two looks at the file and at the addresses of the other
	// pods.
	look = time.Second

	// patience is how long an up may wait for the services of its own hosts. It does not
	// wait for other sites, which may be away for long.
	patience = 2 * time.Minute
)

// Run runs a site until ctx ends, and then takes it down. A file that is wrong leaves
// the running site as it is, and the log says why.
func Run(ctx context.Context, o Options) error {
	s := &site{Options: o, apply: labs.Up, applied: store.Source}
	if err := errors.Join(sysctlsWritable(), s.closed(ctx)); err != nil {
		return err
	}
	var all sync.WaitGroup
	all.Go(func() { s.followFile(ctx) })
	all.Go(func() { s.followPods(ctx) })
	all.Wait()
	return s.down()
}

// site is a running site.
type site struct {
	Options

	apply   func(context.Context, labs.UpOptions) (labs.Report, error)
	applied func(lab string) ([]byte, error) // the text that was applied last

	stands bool   // the site has been brought up
	rules  string // that stand, of accept

	mu  sync.Mutex
	lab string // "": not yet known
}

// claim makes a lab the one that the pod runs.
func (s *site) claim(lab string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.lab != "" && s.lab != lab {
		return fmt.Errorf("the file is of lab %s now, and this pod runs %s: delete the one before you apply the other", lab, s.lab)
	}
	s.lab = lab
	return nil
}

// running returns the name of the lab; "" before its file has been read.
func (s *site) running() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lab
}

// down takes the site down. Kubernetes sets the limit of its time.
func (s *site) down() error {
	lab := s.running()
	if lab == "" {
		return nil
	}
	if _, err := labs.Down(context.Background(), lab, progress{s.Log}); err != nil && !errors.Is(err, status.ErrNotFound) {
		return fmt.Errorf("take the site down: %w", err)
	}
	return nil
}

// sysctlsWritable makes the kernel's settings writable where a runtime of containers has
// mounted them read-only: namespaces of routers and hosts have their own.
func sysctlsWritable() error {
	const dir = "/proc/sys"
	var fs unix.Statfs_t
	if err := unix.Statfs(dir, &fs); err != nil || fs.Flags&unix.ST_RDONLY == 0 {
		return err
	}
	if err := unix.Mount("", dir, "", unix.MS_REMOUNT|unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("make %s writable; the pod needs the capability SYS_ADMIN, and where nodes have AppArmor the profile Unconfined: %w", dir, err)
	}
	return nil
}

// sleep reports whether a pause has passed before ctx ends.
func sleep(ctx context.Context, pause time.Duration) bool {
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// progress writes steps into the log.
type progress struct{ log *slog.Logger }

// Step implements labs.Progress.
func (p progress) Step(message string) { p.log.Info(message) }
