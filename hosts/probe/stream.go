package probe

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/hosts"
)

// Stream sends an echo request from a host to an address every so often, and records
// which are answered.
type Stream struct {
	to    netip.Addr
	every time.Duration
	run   uint64
	conn  *net.IPConn

	mu     sync.Mutex
	sent   []time.Time
	back   []bool         // answered, by number
	errors map[string]int // about requests, in words
}

// OpenStream opens a socket inside a host.
func OpenStream(h Host, to netip.Addr, every time.Duration) (*Stream, error) {
	var run [8]byte
	if _, err := rand.Read(run[:]); err != nil {
		return nil, err
	}
	s := &Stream{to: to, every: every, run: binary.BigEndian.Uint64(run[:]), errors: map[string]int{}}
	network := "ip6:ipv6-icmp"
	if to.Is4() {
		network = "ip4:icmp"
	}
	err := hosts.Within(h.NetNS, func() (err error) {
		if s.conn, err = net.ListenIP(network, nil); err != nil {
			return err
		}
		const buffer = 1 << 20
		return s.conn.SetReadBuffer(buffer)
	})
	if err != nil {
		return nil, fmt.Errorf("host %s: %w", h.Name, err)
	}
	return s, nil
}

// Run sends until ctx ends, and closes the stream once late answers had time to come.
func (s *Stream) Run(ctx context.Context) {
	const late = 200 * time.Millisecond
	var heard sync.WaitGroup
	heard.Go(s.hear)
	tick := time.NewTicker(s.every)
	defer tick.Stop()
	for ctx.Err() == nil {
		s.send()
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	time.Sleep(late)
	s.conn.Close()
	heard.Wait()
}

func (s *Stream) send() {
	s.mu.Lock()
	number := uint32(len(s.sent))
	s.sent, s.back = append(s.sent, time.Now()), append(s.back, false)
	s.mu.Unlock()
	_, err := s.conn.WriteTo(echo(message{run: s.run, number: number}, s.to.Is4()), &net.IPAddr{IP: s.to.AsSlice()})
	if err != nil {
		var code unix.Errno
		if errors.As(err, &code) {
			s.note("the host: " + code.Error())
		}
	}
}

func (s *Stream) hear() {
	b := make([]byte, 2048)
	for {
		n, from, err := s.conn.ReadFromIP(b)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			continue
		}
		by, _ := netip.AddrFromSlice(from.IP)
		by = by.Unmap()
		if m, ok := parseEcho(b[:n], s.to.Is4()); ok && m.run == s.run && by == s.to {
			s.answered(m.number)
		} else if e, m, ok := parseError(b[:n], by); ok && m.run == s.run {
			s.note(e.String())
		}
	}
}

func (s *Stream) answered(number uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if int(number) < len(s.back) {
		s.back[number] = true
	}
}

func (s *Stream) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.errors[what]++
}

// Record is what a stream has seen.
type Record struct {
	Sent     []time.Time
	Answered []bool
	Errors   map[string]int // how often who said what about requests
}

// Record returns what the stream has seen until now.
func (s *Stream) Record() Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := Record{Sent: append([]time.Time{}, s.sent...), Answered: append([]bool{}, s.back...), Errors: map[string]int{}}
	for what, n := range s.errors {
		r.Errors[what] = n
	}
	return r
}

// LastLost returns when the last request was sent, after one instant and before
// another, that is not answered; the first instant if all are.
func (s *Stream) LastLost(since, before time.Time) time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.sent) - 1; i >= 0 && s.sent[i].After(since); i-- {
		if s.sent[i].Before(before) && !s.back[i] {
			return s.sent[i]
		}
	}
	return since
}

// Outage is a time without answers.
type Outage struct {
	Began  time.Time // the first request without an answer was sent
	Length time.Duration
	Lost   int  // requests
	Over   bool // answers came again
}

// Outages lists those of at least two requests in a row, or of one if single is set,
// that were sent before an instant: later ones may still be answered.
func (r Record) Outages(before time.Time, single bool) (out []Outage) {
	least := 2
	if single {
		least = 1
	}
	lost := -1 // the first of a row
	for i, at := range r.Sent {
		ends := r.Answered[i] || !at.Before(before)
		switch {
		case !ends && lost < 0:
			lost = i
		case ends && lost >= 0:
			if i-lost >= least {
				out = append(out, Outage{Began: r.Sent[lost], Length: at.Sub(r.Sent[lost]), Lost: i - lost, Over: r.Answered[i]})
			}
			lost = -1
		}
		if !at.Before(before) {
			return out
		}
	}
	if n := len(r.Sent); lost >= 0 && n-lost >= least {
		out = append(out, Outage{Began: r.Sent[lost], Length: r.Sent[n-1].Sub(r.Sent[lost]), Lost: n - lost})
	}
	return out
}

// Counts returns how many requests were sent before an instant, and how many of them
// were answered.
func (r Record) Counts(before time.Time) (sent, answered int) {
	for i, at := range r.Sent {
		if !at.Before(before) {
			break
		}
		sent++
		if r.Answered[i] {
			answered++
		}
	}
	return sent, answered
}
