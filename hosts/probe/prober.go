package probe

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/netip"
	"slices"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Team is the stations of a test.
type Team struct {
	port     int
	run      uint64
	stations map[string]*station
	byToken  map[token]string
	served   sync.WaitGroup

	mu     sync.Mutex
	volley *volley
	number uint32 // of the next probe
}

// Ports that requests go to: above those that Linux gives to clients, so that
// a host's own programs hardly have them.
const (
	firstPort = 61000
	lastPort  = 65000
	attempts  = 8
)

// Open makes a station in every host. The error names the host that cannot be
// entered; nothing is left open then.
func Open(hosts []Host) (*Team, error) {
	var err error
	for range attempts {
		var t *Team
		if t, err = openAt(hosts, firstPort+mathrand.IntN(lastPort-firstPort)); err == nil {
			return t, nil
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, err
}

func openAt(hosts []Host, port int) (*Team, error) {
	var run [8]byte
	if _, err := rand.Read(run[:]); err != nil {
		return nil, err
	}
	t := &Team{
		port: port, run: binary.BigEndian.Uint64(run[:]),
		stations: map[string]*station{}, byToken: map[token]string{}, volley: newVolley(nil, 0),
	}
	for _, h := range hosts {
		var k token
		if _, err := rand.Read(k[:]); err != nil {
			t.Close()
			return nil, err
		}
		s, err := open(h, port, k)
		if err != nil {
			t.Close()
			return nil, err
		}
		t.stations[h.Name], t.byToken[k] = s, h.Name
		t.serve(s)
	}
	return t, nil
}

func (t *Team) serve(s *station) {
	for _, u := range s.udp {
		t.served.Go(func() { s.receive(u, t.hear) })
	}
	for _, c := range s.icmp {
		t.served.Go(func() { s.receiveErrors(c, t.hearError) })
	}
}

// Port is the UDP port that requests come from and go to.
func (t *Team) Port() uint16 { return uint16(t.port) }

// Close ends all stations.
func (t *Team) Close() {
	for _, s := range t.stations {
		s.close()
	}
	t.served.Wait()
}

// Probe is a request from a host to an address.
type Probe struct {
	From        string     // the host
	Source      netip.Addr // zero: the host's kernel chooses
	Destination netip.Addr
	TTL         int // 0: the kernel's
}

// Result is what became of a probe.
type Result struct {
	Answered []string      // hosts whose token came back
	Arrived  []string      // hosts that got the request
	Errors   []Error       // what routers and hosts said about it
	Sent     int           // requests; 0 where the host could not send
	Refused  error         // why the host could not
	Took     time.Duration // until the first answer or error
}

// Orders say how persistent a volley of probes is.
type Orders struct {
	Tries    int           // how often a probe is sent at most
	Every    time.Duration // between two tries
	Wait     time.Duration // for answers after the last try
	Settled  func(Result) bool
	Progress func(settled int) // may be nil
}

// perSecond bounds what all hosts send together: the routers' slow path is
// asked about every new neighbour.
const perSecond = 4000

// Send sends probes and returns their results in the same order. It ends
// early when all are settled. Volleys are sent one after another.
func (t *Team) Send(ctx context.Context, probes []Probe, o Orders) ([]Result, error) {
	for _, p := range probes {
		if t.stations[p.From] == nil {
			return nil, fmt.Errorf("no host %s to send from", p.From)
		}
	}
	v := t.begin(probes)
	for try := range o.Tries {
		began := time.Now()
		if err := t.sendUnsettled(ctx, v, o); err != nil {
			return nil, err
		}
		wait := o.Every - time.Since(began)
		if try == o.Tries-1 {
			wait = o.Wait
		}
		if done, err := v.wait(ctx, wait, o); done || err != nil {
			return v.results(), err
		}
	}
	return v.results(), nil
}

func (t *Team) begin(probes []Probe) *volley {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.volley = newVolley(probes, t.number)
	t.number += uint32(len(probes))
	return t.volley
}

func (t *Team) sendUnsettled(ctx context.Context, v *volley, o Orders) error {
	const burst = perSecond / 200
	sent := 0
	for i, p := range v.probes {
		if v.settled(i, o) {
			continue
		}
		err := t.stations[p.From].send(p, t.port, message{run: t.run, number: v.first + uint32(i)})
		v.sent(i, err)
		if sent++; sent%burst != 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second * burst / perSecond):
		}
	}
	return ctx.Err()
}

// hear takes note of a request or an answer at a station.
func (t *Team) hear(at *station, m message) {
	if m.run != t.run {
		return
	}
	v := t.current()
	if m.kind == request {
		v.note(m.number, func(_ Probe, r *Result) { r.Arrived = with(r.Arrived, at.host.Name) })
		return
	}
	name, ours := t.byToken[m.token]
	if !ours {
		return
	}
	v.note(m.number, func(p Probe, r *Result) {
		if p.From == at.host.Name {
			r.Answered = with(r.Answered, name)
		}
	})
}

func (t *Team) hearError(at *station, e Error, m message) {
	if m.run != t.run {
		return
	}
	t.current().note(m.number, func(p Probe, r *Result) {
		if p.From == at.host.Name && !slices.Contains(r.Errors, e) {
			r.Errors = append(r.Errors, e)
		}
	})
}

func (t *Team) current() *volley {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.volley
}

func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
