package bgp

import (
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"pseudowan/bgp/gate"
)

// A peer that has lost its connection without a word, as a machine that was
// replaced, connects again while the session is still established here. Its
// kernel resets the old connection as soon as something is sent on it, but
// cannot if the connection has an MD5 password. RFC 4724 section 4.2 takes the new
// connection for the end of the old one; here the old one has to prove dead
// first, so that a second connection alone ends no session.

const (
	answerWait = 1500 * time.Millisecond // within which a live peer acknowledges
	answerPoll = 50 * time.Millisecond
)

// onConnectedAgain holds a connection that the peer has made beside that of the
// established session, while that one is tested.
func (c *connector) onConnectedAgain(conn *net.TCPConn) {
	c.hold(conn)
	if c.testing {
		return
	}
	c.testing = true
	go func() {
		up := c.test()
		select {
		case c.tested <- up:
		case <-c.done:
		}
	}()
}

// onTested drops the held connection if the session lives. If it does not, the
// engine takes the held one as soon as it awaits a connection.
func (c *connector) onTested(up bool) {
	c.testing = false
	if up && c.state == sessionEstablished {
		c.drop()
	}
}

// test reports whether the neighbour answers on the connection of its session,
// and ends the session if it does not.
func (t *transport) test(addr netip.Addr) bool {
	t.mu.Lock()
	r := t.relays[addr]
	t.mu.Unlock()
	if r == nil || r.answers() {
		return true
	}
	r.end(sessionEnd{why: "the peer has connected again and does not answer on its old connection"})
	r.cut()
	return false
}

// answers reports whether the peer acknowledges a KEEPALIVE, or what it was sent
// before.
func (r *relay) answers() bool {
	began := time.Now()
	if r.sending.TryLock() { // else the peer owes acknowledgements already
		if !r.ending && !r.torn {
			_ = r.outer.SetWriteDeadline(began.Add(answerWait))
			_, err := r.outer.Write(gate.Keepalive())
			r.torn = err != nil
		}
		r.sending.Unlock()
	}
	poll := time.NewTicker(answerPoll)
	defer poll.Stop()
	for time.Since(began) < answerWait {
		select {
		case <-poll.C:
		case <-r.done:
			return true // it has ended meanwhile
		}
		if acknowledgedSince(r.outer, began) {
			return true
		}
	}
	return false
}

// acknowledgedSince reports whether the peer has acknowledged anything since a
// time.
func acknowledgedSince(conn *net.TCPConn, since time.Time) bool {
	raw, err := conn.SyscallConn()
	if err != nil {
		return false
	}
	var info *unix.TCPInfo
	err = control(raw, func(fd int) (err error) {
		info, err = unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
		return err
	})
	return err == nil && time.Duration(info.Last_ack_recv)*time.Millisecond < time.Since(since)
}
