package ce

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"path/filepath"
	"slices"
	"sync"

	"pseudowan/bgp"
	"pseudowan/bgp/monitor"
	"pseudowan/router/access"
	"pseudowan/router/config"
	"pseudowan/router/kernel"
)

// Speaker is the BGP speaker of one CE.
type Speaker struct {
	*bgp.Speaker
	identity identity
	host     string
}

// VRF returns the name of the CE's VRF.
func (s *Speaker) VRF() string { return s.identity.vrfName }

// Speakers holds the running speakers. Only one goroutine at a time may configure
// them; what they hear goes to Heard.
type Speakers struct {
	Log *slog.Logger
	Dir string // for the sockets of the GoBGP API

	Monitor *monitor.Hub // hears of the sessions

	// Inside runs a function on a thread in a network namespace.
	Inside func(namespace string, f func() error) error
	// Start starts a speaker.
	Start func(context.Context, bgp.Config) (*bgp.Speaker, error)
	// Heard receives what a speaker hears; if it returns false, listening ends.
	Heard func(*Speaker, []bgp.Event) bool
	// Done ends all listening when it is closed.
	Done <-chan struct{}

	running   map[uint32]*Speaker // by access port
	listeners sync.WaitGroup
}

// Configure brings the speakers in line with a configuration, and returns them
// by access port. restarting is true if the peers still have routes from a
// previous process.
func (s *Speakers) Configure(ctx context.Context, cfg config.Router, ports map[uint32]*access.Port, restarting bool) (map[uint32]*Speaker, error) {
	for number, was := range s.running {
		p := ports[number]
		if p == nil || p.CE == nil || was.identity != identityOf(cfg, p) {
			s.stop(ctx, number) // before its successor needs the addresses
		}
	}
	next := map[uint32]*Speaker{}
	for number, p := range ports {
		if p.CE == nil {
			continue
		}
		speaker, err := s.configure(ctx, cfg, p, restarting)
		if err != nil {
			return nil, fmt.Errorf("BGP with host %s in VRF %s: %w", p.Host, p.VRF, err)
		}
		next[number] = speaker
	}
	return next, nil
}

// configure sets the addresses in the namespace of a CE's sessions, and starts and
// configures their speaker.
func (s *Speakers) configure(ctx context.Context, cfg config.Router, p *access.Port, restarting bool) (*Speaker, error) {
	inside := func(f func() error) error { return s.Inside(p.CE.Namespace, f) }
	if err := inside(func() error { return kernel.ConfigureQuietLink(p.CE.Interface, p.Gateways) }); err != nil {
		return nil, err
	}
	speaker := s.running[p.Port]
	if speaker == nil {
		started, err := s.Start(ctx, bgp.Config{
			AS: speakerAS(cfg, p.CE), RouterID: cfg.RouterID, Name: cfg.Router, ListenAddresses: listenAddresses(p.CE), Plain: true, Inside: inside,
			Monitor: s.Monitor, VRF: p.VRF,
			APISocket: filepath.Join(s.Dir, fmt.Sprintf("gobgp-%s.sock", p.CE.Name)),
			Log:       s.Log.With("vrf", p.VRF, "host", p.Host), Restarting: restarting,
		})
		if err != nil {
			return nil, err
		}
		speaker = &Speaker{Speaker: started, identity: identityOf(cfg, p), host: p.Host}
		if s.running == nil {
			s.running = map[uint32]*Speaker{}
		}
		s.running[p.Port] = speaker
	}
	return speaker, speaker.SetNeighbors(ctx, neighbors(cfg, p.CE))
}

// Listen passes on what a speaker hears, until the speaker stops.
func (s *Speakers) Listen(speaker *Speaker) {
	s.listeners.Go(func() {
		for {
			select {
			case events, ok := <-speaker.Events():
				if !ok || !s.Heard(speaker, events) {
					return
				}
			case <-s.Done:
				return
			}
		}
	})
}

// Wait waits until all listening has ended, which Done causes.
func (s *Speakers) Wait() { s.listeners.Wait() }

// All lists the running speakers.
func (s *Speakers) All() []*Speaker { return slices.Collect(maps.Values(s.running)) }

func (s *Speakers) stop(ctx context.Context, port uint32) {
	speaker := s.running[port]
	delete(s.running, port)
	if err := speaker.Stop(ctx); err != nil {
		s.Log.Warn("cannot stop the BGP speaker of a customer", "host", speaker.host, "error", err)
	}
}

// Stop stops all speakers.
func (s *Speakers) Stop(ctx context.Context) error {
	var stopping sync.WaitGroup
	errs := make([]error, 0, len(s.running))
	var mu sync.Mutex
	for _, speaker := range s.running {
		stopping.Go(func() {
			err := speaker.Stop(ctx)
			mu.Lock()
			defer mu.Unlock()
			errs = append(errs, err)
		})
	}
	stopping.Wait()
	return errors.Join(errs...)
}
