package bgp

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/monitor"
)

const (
	relayBuffer = 16 << 10 // octets, in each direction; more than a message

	// neverRead is how long a peer without hold time may leave data unread (RFC
	// 9687).
	neverRead = 8 * time.Minute

	farewell      = time.Second // how long sending a NOTIFICATION may take
	lastRites     = 2 * time.Second
	farewellBytes = 1 << 20
)

// relay passes messages between a peer's connection and the engine's, which have
// the same addresses. What the peer sends is judged before the engine sees it; the
// engine never reads an octet that the gate has not understood.
type relay struct {
	outer *net.TCPConn // to the peer
	far   *net.TCPConn // to the engine: the far end of its connection
	judge *gate.Judge
	to    watcher
	began time.Time

	editor  *gate.Editor  // of what the engine sends
	imports pendingImport // that is to be applied
	up      atomic.Bool   // the peer has taken the session for established
	waking  sync.Mutex    // held while the deadline of what the engine says is set
	rites   time.Time     // until when the engine may say its last words; zero: it may say more

	opened chan struct{} // closed once the engine has sent its OPEN
	done   chan struct{} // closed once the engine has hung up

	refusing sync.Mutex // held while this router ends the session

	noting sync.Mutex // held while what was judged is noted
	over   bool       // no more paths are: the receiver forgets those of the session

	sending sync.Mutex // held while writing to the peer
	ending  bool       // the engine's messages are no longer sent
	torn    bool       // the last one was sent in part

	holdTime atomic.Int64 // seconds, once negotiated
	lastOut  atomic.Int64 // time of the last write to the peer; Unix, ns
	busyOut  atomic.Bool  // a write to the peer is in progress
	closing  atomic.Bool  // nothing more is read from the peer

	told      sync.Once
	monitored monitored
	refreshes refreshes
	pace      pace
	unheld    unheld
	stale     stalePaths
	interests interests
	members   memberEvents
}

// watcher is notified of what happens on a relay.
type watcher interface {
	opened(j *gate.Judge)  // the peer's OPEN has come
	judged(v gate.Verdict) // something was wrong, or has to be known
	shown(j *gate.Judge)   // it may have news
	unread(err error)      // the engine has sent something that the editor cannot read
	withheld(why string)   // the peer is not told of all routes
	ended(e sessionEnd)    // exactly once, before the engine hears of it
}

// sessionEnd is why a connection ended.
type sessionEnd struct {
	judge   *gate.Judge // of the connection
	why     string
	offence bool // the peer broke the protocol
	code    byte // of the NOTIFICATION by which this router ended the session; 0: there was none
	limit   bool // it announced more than it may: it is not wanted any more
	up      bool // the session was established
	lasted  time.Duration
	down    down
}

func newRelay(outer, far *net.TCPConn, judge *gate.Judge, editor *gate.Editor, to watcher) *relay {
	return &relay{
		outer: outer, far: far, judge: judge, editor: editor, to: to, began: time.Now(), opened: make(chan struct{}), done: make(chan struct{}),
		members: memberEvents{up: func() {}, asks: func(map[gate.Membership]gate.Reflection, bool) {}, down: func() {}},
	}
}

// run passes on messages until both ends have hung up.
func (r *relay) run() {
	go r.outgoing()
	select {
	case <-r.opened:
		r.incoming()
	case <-r.done:
	}
	r.refusing.Lock() // a refusal that has begun is brought to its end
	_ = r.far.CloseWrite()
	r.refusing.Unlock()
	r.sayLastRites()
	<-r.done
	_ = r.far.Close()
	r.hangUp()
}

func (r *relay) end(e sessionEnd) {
	r.told.Do(func() {
		e.lasted, e.up = time.Since(r.began), r.up.Load()
		e.judge = r.judge
		r.members.down()
		r.monitored.down(e.down)
		r.noting.Lock()
		r.over = true
		r.noting.Unlock()
		r.to.ended(e)
	})
}

// incoming passes on what the peer sends, until it hangs up or is refused.
func (r *relay) incoming() {
	in, n := make([]byte, relayBuffer), 0
	out := make([]byte, 0, relayBuffer)
	for {
		_ = r.outer.SetReadDeadline(r.interests.wake(r.stale.wake(r.unheld.wake(r.refreshes.wake(time.Now())), r.judge.Awaits())))
		if r.closing.Load() {
			return
		}
		anew := r.imports.apply(r.judge)
		r.tellNews()
		if !r.flush(anew) {
			return
		}
		m, err := r.outer.Read(in[n:])
		n += m
		used, over := 0, false
		for !over {
			msg, refused := gate.Next(in[used:n])
			if refused != nil {
				r.flush(out)
				r.refuse(*refused, sessionEnd{why: weEnded(*refused), offence: true})
				return
			}
			if msg == nil {
				break
			}
			v := r.judge.Received(msg)
			r.observe(msg, v)
			r.wait(r.pace.take(max(1, v.Routes, len(msg)/octetsPerRoute), time.Now()))
			out, over = r.judged(out, v)
			r.tellNews()
			used += len(msg)
		}
		out = r.answer(out, r.refreshes.due(time.Now(), r.busyOut.Load(), r.caughtUp()))
		out = r.unheld.due(out, time.Now(), r.judge.Established())
		out = r.stale.due(out, time.Now(), r.judge)
		r.follow(time.Now())
		if !r.flush(out) || over {
			return
		}
		out, n = out[:0], copy(in, in[used:n])
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			// A peer that hangs up upon our NOTIFICATION does not end the session.
			r.refusing.Lock()
			r.end(sessionEnd{why: hungUp(err), down: downByHangUp(err)})
			r.refusing.Unlock()
			return
		}
	}
}

// tellNews has the changes of what the engine is shown passed on.
func (r *relay) tellNews() { r.to.shown(r.judge) }

// judged carries out a verdict. over reports whether it ends the session.
func (r *relay) judged(out []byte, v gate.Verdict) (_ []byte, over bool) {
	r.note(v)
	switch {
	case v.Refuse != nil:
		r.flush(out)
		why := weEnded(*v.Refuse)
		if v.Limit {
			why = r.judge.Excess()
		}
		r.refuse(*v.Refuse, sessionEnd{why: why, offence: v.Refuse.Offence(), limit: v.Limit})
		return out, true
	case v.Ended != nil:
		r.end(sessionEnd{why: "the peer ended the session: " + v.Ended.String(), down: downByPeer(*v.Ended)})
		return append(out, v.Pass...), true // what follows it is of no session
	case v.Opened:
		r.editor.Opened(r.judge.Ours(), r.judge.Peer())
		r.holdTime.Store(int64(r.judge.HoldTime()))
		r.unheld.negotiated(r.judge.HoldTime(), r.outer)
		r.to.opened(r.judge)
	case v.Refresh != nil:
		r.refreshes.ask(*v.Refresh)
		return out, false
	}
	r.interests.news = r.interests.news || v.Members
	r.came()
	return append(out, v.Pass...), false
}

// note has it known what was wrong with a message. One that has waited while the session
// ended leaves no paths behind.
func (r *relay) note(v gate.Verdict) {
	r.noting.Lock()
	defer r.noting.Unlock()
	if r.over {
		v.Strange = nil
	}
	if len(v.Faults) > 0 || len(v.Strange) > 0 || v.Warning != "" {
		r.to.judged(v)
	}
}

// flush passes messages to the engine. It returns false if the engine has hung
// up.
func (r *relay) flush(out []byte) bool {
	if len(out) == 0 {
		return true
	}
	r.monitored.received(monitor.InAfter, out)
	if _, err := r.far.Write(out); err != nil {
		r.end(sessionEnd{})
		return false
	}
	return true
}

// refuse ends the session with a notification: to the peer, between messages, and
// to the engine, as if from the peer. Only the first counts, whoever calls. The
// reason is known before the peer can hang up, and the engine is told before it can
// see that the peer has.
func (r *relay) refuse(n gate.Notification, e sessionEnd) {
	// A peer that does not read delays the sender no longer than this.
	_ = r.outer.SetWriteDeadline(time.Now().Add(farewell))
	r.refusing.Lock()
	defer r.refusing.Unlock()
	r.sending.Lock()
	again, torn := r.ending, r.torn
	r.ending = true
	r.sending.Unlock()
	if again {
		return
	}
	e.code, e.down = n.Code, downByUs(r.judge.Said(n))
	r.end(e)
	if !torn {
		_, _ = r.outer.Write(r.judge.Said(n).Message())
	}
	if !r.judge.Graceful(n) { // else the engine keeps routes of a peer that hangs up
		_, _ = r.far.Write(gate.Notification{Code: n.Code, Subcode: n.Subcode}.Message())
	}
}

// limit changes how many prefixes the peer may announce.
func (r *relay) limit(l gate.Limit) {
	r.pace.set(l.Paths)
	if r.judge.SetLimit(l) {
		go func() {
			r.refuse(gate.TooManyPrefixes(), sessionEnd{why: r.judge.Excess(), limit: true})
			r.cut()
		}()
	}
}

// fall ends the session as the peer cannot be reached. The notification waits for
// the peer in the kernel, which gives up after a while; the engine keeps no routes
// of a peer that restarts (RFC 4724), as no packet gets there either.
func (r *relay) fall(why string) {
	go func() {
		r.refuse(gate.Reset(why), sessionEnd{why: why})
		r.cut()
	}()
}

// send passes whole messages of the engine to the peer.
func (r *relay) send(msgs []byte) error {
	if n, ok := gate.Farewell(msgs); ok {
		r.end(sessionEnd{why: weEnded(n), offence: n.Offence(), code: n.Code, down: downByUs(r.judge.Said(n))})
		msgs = r.judge.SaidAll(msgs)
	}
	r.sending.Lock()
	defer r.sending.Unlock()
	if r.ending {
		return nil
	}
	r.monitored.sent(monitor.OutAfter, msgs)
	r.busyOut.Store(true)
	limit := neverRead
	if s := r.holdTime.Load(); s > 0 {
		limit = time.Duration(s) * time.Second
	}
	_ = r.outer.SetWriteDeadline(time.Now().Add(limit))
	_, err := r.outer.Write(msgs)
	r.busyOut.Store(false)
	r.lastOut.Store(time.Now().UnixNano())
	if err != nil {
		r.torn = true
		if errors.Is(err, os.ErrDeadlineExceeded) {
			r.end(sessionEnd{why: "the peer has not read what it was sent for " + limit.String()})
		} else {
			r.end(sessionEnd{why: hungUp(err)})
		}
	}
	return err
}

// caughtUp reports whether everything has been sent to the peer.
func (r *relay) caughtUp() bool {
	return !r.busyOut.Load() && time.Since(time.Unix(0, r.lastOut.Load())) > settled
}

// cut makes incoming return.
func (r *relay) cut() {
	r.closing.Store(true)
	_ = r.outer.SetReadDeadline(time.Unix(1, 0))
}

// hangUp closes the peer's connection so that what was sent arrives: the kernel
// would reset it if octets were left unread.
func (r *relay) hangUp() {
	_ = r.outer.CloseWrite()
	_ = r.outer.SetReadDeadline(time.Now().Add(farewell))
	_, _ = io.CopyN(io.Discard, r.outer, farewellBytes)
	_ = r.outer.Close()
}

func (r *relay) wait(d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-r.done:
	}
}
