package neighbor

import (
	"bytes"
	"net"
	"time"
)

// ask begins a round of probes to everyone for a neighbour without a MAC.
func (t *Table) ask(now time.Time, e *entry) {
	e.state, e.round, e.probes = StateIncomplete, now, 0
	t.probeAll(now, e)
}

func (t *Table) probeAll(now time.Time, e *entry) {
	e.probes++
	t.do(Probe{Key: e.key})
	pause := t.cfg.retransTimer
	if e.wanted {
		pause = t.cfg.backoff(e.probes)
	}
	t.schedule(e, now.Add(pause))
}

// confirm begins a round of probes to a neighbour that has a MAC.
func (t *Table) confirm(now time.Time, e *entry) {
	e.state, e.probes = StateProbe, 0
	t.probeAgain(now, e)
}

func (t *Table) probeAgain(now time.Time, e *entry) {
	e.probes++
	p := Probe{Key: e.key}
	if e.probes <= t.cfg.unicastProbes {
		p.MAC = e.mac
	}
	t.do(p)
	t.schedule(e, now.Add(t.cfg.retransTimer))
}

// expire is the timer's event of the state machine.
func (t *Table) expire(now time.Time, e *entry) {
	switch e.state {
	case StateIncomplete:
		if e.probes < t.cfg.maxProbes || now.Sub(e.round) < t.cfg.round() {
			t.probeAll(now, e)
		} else {
			t.giveUp(now, e)
		}
	case StateFailed:
		t.probeAll(now, e)
	case StateReachable, StateDelay:
		t.confirm(now, e)
	case StateProbe:
		if e.probes < t.cfg.maxProbes {
			t.probeAgain(now, e)
		} else {
			t.die(now, e)
		}
	}
}

// giveUp ends a round without an answer. For a wanted neighbour the probes
// continue, but no packet waits for their answer.
func (t *Table) giveUp(now time.Time, e *entry) {
	t.release(e)
	if !e.wanted {
		t.remove(e)
		return
	}
	e.state = StateFailed
	t.probeAll(now, e)
}

// die ends a neighbour that was up and has not answered.
func (t *Table) die(now time.Time, e *entry) {
	t.lose(now, e)
	if e.wanted {
		t.ask(now, e)
		return
	}
	t.remove(e)
}

// lose removes an entry's MAC and pending packets.
func (t *Table) lose(now time.Time, e *entry) {
	t.release(e)
	if e.mac != nil {
		e.mac, e.confirmed, e.since = nil, false, now
		t.ports[e.key.Port].file(e)
	}
}

// release reports what an entry is about to lose.
func (t *Table) release(e *entry) {
	if e.mac != nil {
		t.do(Down{e.key})
	}
	if len(e.pending) > 0 {
		t.do(Failed{e.key, e.pending})
		e.pending = nil
	}
}

// learn is the message's event of the state machine (RFC 4861 section 7.2.5;
// section 7.2.3 for what was not asked for).
func (t *Table) learn(now time.Time, e *entry, mac net.HardwareAddr, ev Evidence) {
	if e.mac == nil && mac == nil {
		return
	}
	changed := mac != nil && !bytes.Equal(mac, e.mac)
	if changed && e.mac != nil && !ev.Override {
		if e.state == StateReachable {
			t.doubt(now, e)
		}
		return
	}
	if changed {
		t.adopt(now, e, bytes.Clone(mac))
	}
	switch {
	case ev.Solicited:
		e.state, e.confirmed = StateReachable, true
		t.schedule(e, now.Add(t.freshFor(e)))
	case changed:
		t.doubt(now, e)
	}
	t.ports[e.key.Port].file(e)
}

// adopt makes mac the neighbour's MAC.
func (t *Table) adopt(now time.Time, e *entry, mac net.HardwareAddr) {
	if e.mac == nil {
		t.do(Up{e.key, mac, e.pending})
		e.pending = nil
	} else {
		t.do(Moved{e.key, e.mac, mac})
	}
	e.mac, e.since, e.confirmed = mac, now, false
}

// doubt schedules the confirmation of a neighbour: soon, or now if it is wanted.
func (t *Table) doubt(now time.Time, e *entry) {
	if e.wanted {
		t.confirm(now, e)
		return
	}
	e.state = StateDelay
	t.schedule(e, now.Add(t.cfg.delayFirstProbe))
}

func (t *Table) freshFor(e *entry) time.Duration {
	if e.wanted {
		return t.cfg.revalidate
	}
	return t.cfg.reachableTime
}
