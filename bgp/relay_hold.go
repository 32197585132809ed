package bgp

import (
	"net"
	"sync/atomic"
	"time"

	"pseudowan/bgp/gate"
)

// unheld is what a session without hold time needs (RFC 4271 sections 4.2 and
// 4.4): no KEEPALIVEs leave, and the engine, which always has a hold time, does
// not miss those of the peer.
type unheld struct {
	every time.Duration // the engine wants a sign of the peer; within its hold time

	on      atomic.Bool
	greeted bool      // the KEEPALIVE that answers the OPEN has left
	last    time.Time // sign of the peer
}

// tcpProbes finds out that the peer's machine is gone, or has started again: a
// session without hold time would stand for ever.
var tcpProbes = net.KeepAliveConfig{Enable: true, Idle: 60 * time.Second, Interval: 15 * time.Second, Count: 4}

func (u *unheld) negotiated(holdTime int, conn *net.TCPConn) {
	if holdTime == 0 {
		u.last = time.Now()
		u.on.Store(true)
		_ = conn.SetKeepAliveConfig(tcpProbes)
	}
}

// silence removes what does not leave from messages of the engine.
func (u *unheld) silence(msgs []byte) []byte {
	if !u.on.Load() {
		return msgs
	}
	return gate.Silence(msgs, &u.greeted)
}

// due appends a sign of the peer's life for the engine when it is time.
func (u *unheld) due(out []byte, now time.Time, established bool) []byte {
	if !u.on.Load() || now.Sub(u.last) < u.every {
		return out
	}
	u.last = now
	if !established { // the peer's own KEEPALIVE makes it so
		return out
	}
	return append(out, gate.Keepalive()...)
}

// wake is when to look again; before the given time, unless that is zero.
func (u *unheld) wake(before time.Time) time.Time {
	if !u.on.Load() {
		return before
	}
	if next := u.last.Add(u.every); before.IsZero() || next.Before(before) {
		return next
	}
	return before
}
