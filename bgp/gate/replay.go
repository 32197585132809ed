package gate

// replayRoutes is how many routes of an answer to ROUTE-REFRESH are sent at a time:
// KEEPALIVEs and changes are not to wait for a million.
const replayRoutes = 20_000

// replay is the answer to a peer's request for all routes of a family (RFC 2918,
// RFC 7313). It is made of what the peer has been told, so that the sender need not
// say it again.
type replay struct {
	family Family
	begun  bool
	keys   []key // that are still to be told again
}

// Ask has the peer told again what it has been told of a family; Replay does that.
// It returns false if the editor does not know all of it. It may be called from any
// goroutine.
func (e *Editor) Ask(f Family) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.loose && f != RTC {
		return false
	}
	for i := range e.replays {
		if e.replays[i].family == f && !e.replays[i].begun {
			return true
		}
	}
	e.replays = append(e.replays, replay{family: f})
	return true
}

// Replaying reports whether Replay has something to say now.
func (e *Editor) Replaying() bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return e.nextReplay() >= 0
}

// nextReplay is the index of the replay whose turn it is; -1 if there is none. None
// begins before the end of RIB, after which the peer heeds a BoRR (RFC 7313 section
// 4).
func (e *Editor) nextReplay() int {
	for i := range e.replays {
		if f := e.replays[i].family; !e.enhanced || !e.sendsEnd || e.ended[f] {
			return i
		}
	}
	return -1
}

// Replay appends a part of the answers to requests. It belongs to the goroutine of
// Edit.
func (e *Editor) Replay(out []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := e.nextReplay()
	if i < 0 {
		return out
	}
	r := &e.replays[i]
	if !r.begun {
		r.begun = true
		for k := range e.told {
			if k.family == r.family && !e.told[k].held {
				r.keys = append(r.keys, k)
			}
		}
		if e.enhanced {
			out = append(out, refreshMessage(r.family, refreshBegin)...)
		}
	}
	n := min(len(r.keys), replayRoutes)
	var b bundle
	for _, k := range r.keys[:n] {
		if p, told := e.told[k]; told && !p.held {
			b.announce(labelled{k, p.label}, p.attrs)
		}
	}
	out = b.appendMessages(out)
	if r.keys = r.keys[n:]; len(r.keys) > 0 {
		return out
	}
	if e.enhanced {
		out = append(out, refreshMessage(r.family, refreshEnd)...)
	}
	e.replays = append(e.replays[:i], e.replays[i+1:]...)
	return out
}
