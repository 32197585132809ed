package bgp

import (
	"errors"
	"os"
	"sync"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/monitor"
	"pseudowan/bgp/policy"
)

// The engine sends a message for each route. Those that follow each other closely
// share messages on their way to the peer.
const (
	batchPause  = time.Millisecond      // without a message of the engine, after which routes wait no longer
	batchTime   = 20 * time.Millisecond // how long they wait at most
	batchRoutes = 20_000                // how many of them
)

// outgoing passes on what the engine sends, until it hangs up.
func (r *relay) outgoing() {
	defer close(r.done)
	buf, n := make([]byte, relayBuffer), 0
	var out []byte
	var began time.Time // when the first of the routes that wait came; zero: none waits
	first := true
	for {
		r.setWake(began)
		m, err := r.far.Read(buf[n:])
		n += m
		whole := gate.Complete(buf[:n])
		say := r.unheld.silence(buf[:whole])
		if whole > 0 && first {
			say = r.judge.Sent(say)
			r.monitored.ourOpen(say)
			close(r.opened)
			first = false
		}
		out = r.edit(out[:0], say)
		n = copy(buf, buf[whole:n])
		out, began = r.batch(out, began, errors.Is(err, os.ErrDeadlineExceeded))
		out = r.editor.Replay(r.editor.Speak(out))
		r.monitored.sent(monitor.OutBefore, r.editor.BeforeNews())
		if len(out) > 0 && r.send(out) != nil {
			r.cut()
			return
		}
		if err != nil && !(errors.Is(err, os.ErrDeadlineExceeded) && !r.dying()) {
			r.engineLeft(first)
			return
		}
	}
}

// engineLeft notes that the engine has hung up. Where it has not said a word, it
// did not want the connection: there was no session.
func (r *relay) engineLeft(silent bool) {
	if silent {
		r.end(sessionEnd{})
	} else {
		r.end(sessionEnd{why: "this router closed the connection"})
	}
	r.cut()
}

// edit has the editor read messages of the engine.
func (r *relay) edit(out, msgs []byte) []byte {
	for len(msgs) > 0 {
		var msg []byte
		var err error
		msg, msgs = gate.Cut(msgs)
		if out, err = r.editor.Edit(out, msg); err != nil {
			r.to.unread(err)
		}
	}
	return out
}

// batch appends the routes that have waited long enough. It returns since when
// others wait.
func (r *relay) batch(out []byte, began time.Time, idle bool) ([]byte, time.Time) {
	waiting := r.editor.Pending()
	switch now := time.Now(); {
	case waiting == 0:
		return out, time.Time{}
	case began.IsZero() && waiting < batchRoutes:
		return out, now
	case !idle && now.Sub(began) < batchTime && waiting < batchRoutes:
		return out, began
	}
	out = r.editor.Flush(out)
	if why := r.editor.Warning(); why != "" {
		r.to.withheld(why)
	}
	return out, time.Time{}
}

// setWake has outgoing wait for the engine, not for ever where something waits to be
// sent. The time for last words is not extended.
func (r *relay) setWake(waiting time.Time) {
	r.waking.Lock()
	defer r.waking.Unlock()
	at := r.rites
	if at.IsZero() && (!waiting.IsZero() || r.editor.Replaying()) {
		at = time.Now().Add(batchPause)
	}
	_ = r.far.SetReadDeadline(at)
}

// wake has outgoing look whether the editor has something to say.
func (r *relay) wake() {
	r.waking.Lock()
	defer r.waking.Unlock()
	if r.rites.IsZero() {
		_ = r.far.SetReadDeadline(time.Unix(1, 0))
	}
}

// sayLastRites bounds the time in which the engine may end a session.
func (r *relay) sayLastRites() {
	r.waking.Lock()
	defer r.waking.Unlock()
	r.rites = time.Now().Add(lastRites)
	_ = r.far.SetReadDeadline(r.rites)
}

// dying reports whether nothing but last words of the engine is awaited.
func (r *relay) dying() bool {
	r.waking.Lock()
	defer r.waking.Unlock()
	return !r.rites.IsZero()
}

// answer has requests for all routes answered: by the editor, or, where it does not
// know all, by the engine.
func (r *relay) answer(out []byte, requests []gate.Refresh) []byte {
	for _, q := range requests {
		if !r.editor.Ask(q.Family) {
			out = append(out, q.Message...)
		}
	}
	if len(requests) > 0 {
		r.wake()
	}
	return out
}

// pendingImport is an import policy that waits for the goroutine that reads from
// the peer.
type pendingImport struct {
	mu    sync.Mutex
	news  bool
	chain *policy.Chain
}

func (p *pendingImport) set(c *policy.Chain) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.news, p.chain = true, c
}

// apply has the judge decide by the policy, if it has not. It returns what the
// engine has to be told.
func (p *pendingImport) apply(j *gate.Judge) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.news {
		return nil
	}
	p.news = false
	return j.SetPolicy(p.chain)
}

// setImport has another import policy decide on what the peer has announced.
func (r *relay) setImport(c *policy.Chain) {
	r.imports.set(c)
	_ = r.outer.SetReadDeadline(time.Unix(1, 0)) // incoming looks
}
