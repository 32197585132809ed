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

// Prober sends probes from hosts and records the answers.
type Prober struct {
	port     int
	run      uint64
	stations map[string]*station
	byToken  map[token]string
	served   sync.WaitGroup

	mu      sync.Mutex
	arrived map[Arrival]bool // from hosts of other probers
	round   *round
	number  uint32 // of the next probe
}

// Ports for requests: above Linux's ephemeral ports, so that a host's own
// programs rarely use them.
const (
	firstPort = 61000
	lastPort  = 65000
	attempts  = 8
)

// Open makes a station in every host. If a host cannot be entered, the error
// names it, and nothing is left open.
func Open(hosts []Host) (*Prober, error) {
	var err error
	for range attempts {
		var pr *Prober
		if pr, err = openAt(hosts, firstPort+mathrand.IntN(lastPort-firstPort)); err == nil {
			return pr, nil
		}
		if !errors.Is(err, unix.EADDRINUSE) {
			return nil, err
		}
	}
	return nil, err
}

func openAt(hosts []Host, port int) (*Prober, error) {
	return openWith(hosts, port, func(string) (k token, err error) {
		_, err = rand.Read(k[:])
		return k, err
	})
}

// openWith makes stations with the tokens of their names, and knows those of others.
func openWith(hosts []Host, port int, tokenOf func(name string) (token, error), others ...string) (*Prober, error) {
	var run [8]byte
	if _, err := rand.Read(run[:]); err != nil {
		return nil, err
	}
	pr := &Prober{
		port: port, run: binary.BigEndian.Uint64(run[:]),
		arrived: map[Arrival]bool{}, stations: map[string]*station{}, byToken: map[token]string{}, round: newRound(nil, 0, nil),
	}
	for _, name := range others {
		k, err := tokenOf(name)
		if err != nil {
			return nil, err
		}
		pr.byToken[k] = name
	}
	for _, h := range hosts {
		k, err := tokenOf(h.Name)
		if err != nil {
			pr.Close()
			return nil, err
		}
		s, err := open(h, port, k)
		if err != nil {
			pr.Close()
			return nil, err
		}
		pr.stations[h.Name], pr.byToken[k] = s, h.Name
		pr.serve(s)
	}
	return pr, nil
}

func (pr *Prober) serve(s *station) {
	for _, u := range s.udp {
		pr.served.Go(func() { s.receive(u, pr.hear) })
	}
	for _, c := range s.icmp {
		pr.served.Go(func() { s.receiveICMP(c, pr.hearError, pr.hearEcho) })
	}
}

// Port returns the UDP port that requests come from and go to.
func (pr *Prober) Port() uint16 { return uint16(pr.port) }

// Close closes all stations.
func (pr *Prober) Close() {
	for _, s := range pr.stations {
		s.close()
	}
	pr.served.Wait()
}

// Probe is a request from a host to an address.
type Probe struct {
	From        string     // the host
	Source      netip.Addr // zero: the host's kernel chooses
	Destination netip.Addr
	TTL         int // 0: the kernel's

	// Ping also tests whether somebody without a station answers: an echo request
	// follows a request that nobody has answered.
	Ping bool
}

// Result is the outcome of a probe.
type Result struct {
	Answered []string      // hosts whose token came back
	Arrived  []string      // hosts that got the request
	Strayed  []string      // hosts that got an answer, and had not sent the request
	Replied  bool          // with Ping: the destination itself answered, by ICMP
	Errors   []Error       // from routers and hosts
	Sent     int           // requests; 0 if the host could not send
	Refused  error         // why the host could not
	Took     time.Duration // until the first answer or error
}

// Schedule is how persistent a round of probes is.
type Schedule struct {
	Tries    int               // how often a probe is sent at most
	Every    time.Duration     // between two tries
	Wait     time.Duration     // for answers after the last try
	Settled  func(Result) bool // more results never unsettle a probe
	Window   int               // how many probes may be unsettled before others are sent, while some are being settled; 0: any number
	Progress func(settled int) // may be nil
}

// perSecond limits the rate of all hosts together: every new neighbour costs
// the routers' slow path.
const perSecond = 4000

// Send sends probes and returns their results in the same order. It ends early
// when all are settled. Only one round is sent at a time.
func (pr *Prober) Send(ctx context.Context, probes []Probe, s Schedule) ([]Result, error) {
	for _, p := range probes {
		if pr.stations[p.From] == nil {
			return nil, fmt.Errorf("no host %s to send from", p.From)
		}
	}
	rnd := pr.begin(probes, s.Settled)
	for try := range s.Tries {
		began := time.Now()
		if try > 0 {
			rnd.giveUp()
		}
		if err := pr.sendUnsettled(ctx, rnd, s, try > 0); err != nil {
			return nil, err
		}
		wait := s.Every - time.Since(began)
		if try == s.Tries-1 {
			wait = s.Wait
		}
		if done, err := rnd.wait(ctx, wait, s); done || err != nil {
			return rnd.results(), err
		}
	}
	return rnd.results(), nil
}

func (pr *Prober) begin(probes []Probe, settled func(Result) bool) *round {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	pr.round = newRound(probes, pr.number, settled)
	pr.number += uint32(len(probes))
	return pr.round
}

func (pr *Prober) sendUnsettled(ctx context.Context, rnd *round, s Schedule, again bool) error {
	const burst, pause = perSecond / 200, time.Second / 200
	sent, due := 0, time.Now()
	for i, p := range rnd.probes {
		if rnd.settled(i) {
			continue
		}
		m := message{run: pr.run, number: rnd.first + uint32(i)}
		err := pr.stations[p.From].send(p, pr.port, m)
		if p.Ping && err == nil && (again || s.Tries == 1) {
			err = pr.stations[p.From].ping(p, m)
		}
		rnd.sent(i, err)
		if sent++; sent%burst != 0 {
			continue
		}
		// What a pause was too long, the next ones are shorter, within limits: the buffers
		// of a switch's ports are small.
		due = due.Add(pause)
		if late := time.Now().Add(-4 * pause); due.Before(late) {
			due = late
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Until(due)):
		}
		if err := rnd.drain(ctx, s); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// hear records a request or an answer at a station.
func (pr *Prober) hear(at *station, m message, to netip.Addr) {
	if m.run != pr.run {
		pr.hearElsewhere(at, m, to)
		return
	}
	rnd := pr.current()
	if m.kind == request {
		rnd.note(m.number, func(_ Probe, r *Result) { r.Arrived = with(r.Arrived, at.host.Name) })
		return
	}
	name, ours := pr.byToken[m.token]
	if !ours {
		return
	}
	rnd.note(m.number, func(p Probe, r *Result) {
		if p.From == at.host.Name {
			r.Answered = with(r.Answered, name)
		} else {
			r.Strayed = with(r.Strayed, at.host.Name)
		}
	})
}

func (pr *Prober) hearError(at *station, e Error, m message) {
	if m.run != pr.run {
		return
	}
	pr.current().note(m.number, func(p Probe, r *Result) {
		switch {
		case p.From != at.host.Name:
		case p.Ping && e.By == p.Destination && e.unreachablePort():
			r.Replied = true
		case !slices.Contains(r.Errors, e):
			r.Errors = append(r.Errors, e)
		}
	})
}

// hearEcho records the answer to an echo request.
func (pr *Prober) hearEcho(at *station, by netip.Addr, m message) {
	if m.run != pr.run {
		return
	}
	pr.current().note(m.number, func(p Probe, r *Result) {
		if p.From == at.host.Name && p.Destination == by {
			r.Replied = true
		}
	})
}

func (pr *Prober) current() *round {
	pr.mu.Lock()
	defer pr.mu.Unlock()
	return pr.round
}

func with(names []string, name string) []string {
	if slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}
