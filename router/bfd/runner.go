package bfd

import (
	"context"
	"log/slog"
	"net/netip"
	"time"
)

// UDP ports (RFC 5881 section 4, RFC 5883 section 5).
const (
	portSingle   = 3784
	portMultihop = 4784
)

// Runner runs the sessions of a router in the network namespace of the process.
type Runner struct {
	log       *slog.Logger
	changes   chan []Change
	calls     chan func(*Table)
	in        chan In
	ended     chan struct{}
	listeners map[listening]*listener
	senders   map[Key]*sender
	port      uint16 // the last source port that a session got
	begun     bool   // it has been configured
}

// NewRunner returns a Runner without sessions. It opens no socket before it has one.
func NewRunner(log *slog.Logger) *Runner {
	return &Runner{
		log: log, changes: make(chan []Change), calls: make(chan func(*Table)), in: make(chan In, 64), ended: make(chan struct{}),
		listeners: map[listening]*listener{}, senders: map[Key]*sender{},
	}
}

// Changes returns the channel of the changes of states. Nothing is lost or delayed if the
// receiver is slow.
func (r *Runner) Changes() <-chan []Change { return r.changes }

// Configure replaces what is wanted, as Table.Configure does.
func (r *Runner) Configure(ctx context.Context, list []Config) {
	r.call(ctx, func(t *Table) {
		t.Configure(time.Now(), list)
		r.begun = true
	})
}

// Sessions lists the sessions, in no order.
func (r *Runner) Sessions(ctx context.Context) (list []Session) {
	r.call(ctx, func(t *Table) { list = t.Sessions() })
	return list
}

// call runs f where the table is, unless ctx or the Runner has ended.
func (r *Runner) call(ctx context.Context, f func(*Table)) {
	done := make(chan struct{})
	select {
	case r.calls <- func(t *Table) { f(t); close(done) }:
		<-done
	case <-ctx.Done():
	case <-r.ended:
	}
}

// Run serves the sessions until ctx ends; then their peers are told that this is on
// purpose. It ends by itself when no session is wanted any more and the peers know.
func (r *Runner) Run(ctx context.Context) {
	defer close(r.ended)
	t, timer := New(), time.NewTimer(time.Hour)
	defer timer.Stop()
	var waiting []Change
	for {
		var changes chan []Change
		if len(waiting) > 0 {
			changes = r.changes
		}
		select {
		case <-ctx.Done():
			t.Leave(time.Now())
			r.send(t)
			r.open(nil)
			return
		case f := <-r.calls:
			f(t)
		case in := <-r.in:
			t.Receive(time.Now(), in)
		case changes <- waiting:
			waiting = nil
		case <-timer.C:
			r.drain(t)
			t.Tick(time.Now())
		}
		if peers, ok := t.peers(); ok {
			r.open(peers)
		}
		r.send(t)
		waiting = append(waiting, t.Changes()...)
		if r.begun && t.empty() && len(waiting) == 0 {
			r.open(nil)
			return
		}
		if at, ok := t.Next(); ok {
			timer.Reset(time.Until(at))
		} else {
			timer.Stop()
		}
	}
}

// drain takes what has been read: it has come before what is due now.
func (r *Runner) drain(t *Table) {
	for range cap(r.in) {
		select {
		case in := <-r.in:
			t.Receive(time.Now(), in)
		default:
			return
		}
	}
}

// send sends what a table has to say.
func (r *Runner) send(t *Table) {
	for _, o := range t.Out() {
		if r.sender(o.Key).send(r.log, o) {
			t.Refused(o.Key)
		}
	}
}

// open has the sockets that the sessions need, and no others.
func (r *Runner) open(peers map[Key]bool) {
	wanted := map[listening]bool{}
	for key := range peers {
		wanted[listening{ipv6: key.Peer.Is6(), multihop: key.Multihop}] = true
	}
	for l, open := range r.listeners {
		if !wanted[l] {
			open.close()
			delete(r.listeners, l)
		}
	}
	for key, s := range r.senders {
		if !peers[key] {
			s.close()
			delete(r.senders, key)
		}
	}
	for l := range wanted {
		if r.listeners[l] == nil {
			r.listeners[l] = r.listen(l)
		}
	}
}

// sender returns the socket of a session, with a source port of its own.
func (r *Runner) sender(key Key) *sender {
	s := r.senders[key]
	if s == nil {
		r.port = nextPort(r.port)
		s = &sender{from: netip.AddrPortFrom(key.Local, r.port), to: key.endpoint()}
		r.senders[key] = s
	}
	return s
}
