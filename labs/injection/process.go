package injection

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"pseudowan/bgp/inject"
	"pseudowan/hosts"
)

// Main is the process of a speaker: it reads a job and later the way to the router from
// in, and writes events to out. When in ends before the job says that it goes on, its
// caller is gone: it then ends the sessions and removes the speaker.
func Main(ctx context.Context, lab, name string, in io.Reader, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	say := &events{out: json.NewEncoder(out)}
	err := serve(ctx, cancel, lab, name, json.NewDecoder(bufio.NewReader(in)), say)
	if err != nil {
		say.send(Event{Error: err.Error()})
	}
	return err
}

func serve(ctx context.Context, cancel context.CancelFunc, lab, name string, in *json.Decoder, say *events) error {
	var j job
	if err := in.Decode(&j); err != nil {
		return err
	}
	table, left, err := j.table()
	if err != nil {
		return err
	}
	say.send(Event{Prepared: &Prepared{Routes: len(table.Routes), Attributes: len(table.Attributes), LeftOut: left}})
	var w way
	if err := in.Decode(&w); err != nil {
		return err // nothing has been made for it
	}
	orphaned := make(chan bool, 1)
	go func() {
		for in.Decode(&struct{}{}) == nil {
		}
		orphaned <- !j.Keep
		if !j.Keep {
			cancel()
		}
	}()
	err = j.speak(ctx, table, w, say)
	select {
	case gone := <-orphaned:
		if gone {
			ctx, stop := context.WithTimeout(context.Background(), patience)
			defer stop()
			return errors.Join(err, removeOwn(ctx, lab, name, os.Getpid(), false))
		}
	default:
		if err == nil && ctx.Err() != nil {
			err = fmt.Errorf("somebody has ended %s, as up and down do", name)
		}
	}
	return err
}

// table makes the routes of a job, and says what of a dump is left out.
func (j job) table() (t *inject.Table, left string, err error) {
	if j.Routes.MRT == "" {
		g := inject.Generate{IPv4: j.Routes.Count, Seed: j.Routes.Seed, AS: j.AS, NotAS: j.NotAS, Avoid: inject.NewAvoid(j.Avoid)}
		switch {
		case j.Routes.IPv4 && j.Routes.IPv6:
			g.IPv6 = j.Routes.Count / 2
			g.IPv4 -= g.IPv6
		case j.Routes.IPv6:
			g.IPv4, g.IPv6 = 0, j.Routes.Count
		}
		t, err = g.Table()
		return t, "", err
	}
	f, err := os.Open(j.Routes.MRT)
	if err != nil {
		return nil, "", err
	}
	defer f.Close()
	d := inject.Dump{Peer: j.Routes.MRTPeer, IPv4: j.Routes.IPv4, IPv6: j.Routes.IPv6, Limit: j.Routes.Count, AS: j.AS, Avoid: inject.NewAvoid(j.Avoid)}
	t, out, err := d.Table(f)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", j.Routes.MRT, err)
	}
	return t, out.String(), nil
}

// speak runs the sessions until their pattern or ctx ends.
func (j job) speak(ctx context.Context, t *inject.Table, w way, say *events) error {
	four, six := t.Split()
	g, ctx := errgroup.WithContext(ctx)
	all := &summary{say: say, of: make([]Progress, len(w.Sessions))}
	for i, s := range w.Sessions {
		part := t
		if s.Config.VPN == nil {
			if part = four; s.Peer.Is6() {
				part = six
			}
		}
		speaker := &inject.Speaker{
			Dial: func(ctx context.Context) (net.Conn, error) { return dial(ctx, w.Namespace, s.Local, s.Peer) }, Config: s.Config, Table: part, Pattern: j.Pattern,
			Report: func(p Progress) { all.set(i, p) },
		}
		g.Go(func() error { return speaker.Run(ctx) })
	}
	err := g.Wait()
	all.flush()
	return err
}

// dial connects from a namespace.
func dial(ctx context.Context, namespace string, local, peer netip.Addr) (conn net.Conn, err error) {
	const port, patience = 179, 3 * time.Second
	d := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0)), Timeout: patience}
	err = (hosts.Namespace{Name: namespace}).Do(func() error {
		conn, err = d.DialContext(ctx, "tcp", netip.AddrPortFrom(peer, port).String())
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: namespace %s does not exist any more", inject.ErrGone, namespace)
	}
	return conn, err
}

// events writes events. A reader that has gone is no error: a speaker may be kept.
type events struct {
	mu  sync.Mutex
	out *json.Encoder
}

func (e *events) send(x Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_ = e.out.Encode(x)
}

// summary adds the progress of several sessions up: the state is that of the last.
type summary struct {
	say *events

	mu   sync.Mutex
	of   []Progress
	said Progress
	at   time.Time
}

// order is how far a state is.
var order = map[inject.State]int{inject.Connecting: 0, inject.Announcing: 1, inject.Announced: 2, inject.Withdrawing: 3, inject.Withdrawn: 4}

func (s *summary) set(i int, p Progress) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.of[i] = p
	const often = 100 * time.Millisecond
	all := s.all()
	if all.State == s.said.State && all.Flaps == s.said.Flaps && all.Error == s.said.Error && time.Since(s.at) < often {
		return
	}
	s.said, s.at = all, time.Now()
	s.say.send(Event{Progress: &all})
}

func (s *summary) all() Progress {
	all := s.of[0]
	for _, p := range s.of[1:] {
		if order[p.State] < order[all.State] || all.State == "" {
			all.State = p.State
		}
		all.Done, all.Of = all.Done+p.Done, all.Of+p.Of
		all.Elapsed, all.Flaps, all.Again = max(all.Elapsed, p.Elapsed), min(all.Flaps, p.Flaps), max(all.Again, p.Again)
		if p.Error != "" && !strings.Contains(all.Error, p.Error) {
			all.Error = strings.TrimPrefix(all.Error+"; "+p.Error, "; ")
		}
	}
	return all
}

func (s *summary) flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.all()
	s.say.send(Event{Progress: &all})
}
