package gate

import "slices"

// RestartConfig is the router's part in graceful restart (RFC 4724), after
// NOTIFICATIONs, too (RFC 8538), and for longer (RFC 9494).
type RestartConfig struct {
	Off          bool   // the session has none
	Helper       bool   // the peer is not asked to keep routes
	Time         uint16 // how long it is asked to keep them, in seconds
	Notification bool   // the N bit

	Families  [families]bool   // that it is for
	LongLived [families]uint32 // how long routes are kept at most after the restart time, in seconds; 0: not at all
}

const (
	capLongLived = 71

	bitRestarted = 0x80 // of the flags of the capability
	bitNotifies  = 0x40
	bitPreserved = 0x80 // of the flags of a family
)

// announced is what the peer is told in place of the receiver's own capability.
func (c *RestartConfig) announced(own Restart, families []Family) []byte {
	if c.Off {
		return nil
	}
	flags, seconds := uint8(0), c.Time
	if own.Restarted {
		flags |= bitRestarted
	}
	if c.Notification {
		flags |= bitNotifies
	}
	if c.Helper {
		seconds = 0
	}
	var short, long []byte
	for _, f := range families {
		if c.Helper || !c.Families[f] {
			continue
		}
		short = appendPreserved(short, f, own.preserves(f))
		if t := c.LongLived[f]; t > 0 {
			long = append(appendPreserved(long, f, own.preserves(f)), byte(t>>16), byte(t>>8), byte(t))
		}
	}
	return append(capability(capGracefulRestart, append([]byte{flags | uint8(seconds>>8), uint8(seconds)}, short...)), capability(capLongLived, long)...)
}

func (r *Restart) preserves(f Family) bool { return r != nil && slices.Contains(r.Preserved, f) }

func (r *Restart) takesStale() bool { return r != nil && r.TakesStale }

func appendPreserved(b []byte, f Family, preserved bool) []byte {
	h := f.header()
	flags := uint8(0)
	if preserved {
		flags = bitPreserved
	}
	return append(b, h[0], h[1], h[2], flags)
}

func capability(code uint8, value []byte) []byte {
	return append([]byte{code, uint8(len(value))}, value...)
}

// shown is the peer's capability as the receiver is to see it. The receiver keeps
// back routes that are stale for long where the peer does not know that (RFC 9494
// section 4.3), and remembers what an earlier OPEN has said; so it is told that every
// peer does, and the editor keeps them back.
func (c *RestartConfig) shown(peer Open, families [families]bool) []byte {
	r := peer.Restart
	if c.Off || r == nil {
		return nil
	}
	flags := uint8(0)
	if r.Restarted {
		flags |= bitRestarted
	}
	value, long := []byte{flags | uint8(r.Time>>8), uint8(r.Time)}, []byte(nil)
	for i, has := range families {
		f := Family(i)
		if !has || f == RTC { // the receiver knows nothing of it
			continue
		}
		t := uint32(0)
		if slices.Contains(r.Families, f) && c.Families[f] {
			value = appendPreserved(value, f, r.preserves(f))
			t = min(r.LongLived[f], c.LongLived[f])
		}
		long = append(appendPreserved(long, f, false), byte(t>>16), byte(t>>8), byte(t))
	}
	return append(capability(capGracefulRestart, value), capability(capLongLived, long)...)
}

// Keeps is how long the receiver keeps routes of a family after the end of the session:
// for the restart time of the peer, and for longer; in seconds.
func (j *Judge) Keeps(f Family) (short, long uint32) {
	c, r := j.cfg.Restart, j.peer.Restart
	if c == nil || c.Off || r == nil || !j.families[f] || !c.Families[f] || !slices.Contains(r.Families, f) {
		return 0, 0
	}
	return uint32(r.Time), min(r.LongLived[f], c.LongLived[f])
}

// Kept is how long the peer keeps routes of a family, in the same way.
func (j *Judge) Kept(f Family) (short, long uint32) {
	r := j.ours.Restart
	if r == nil || j.peer.Restart == nil || !j.families[f] || !slices.Contains(r.Families, f) {
		return 0, 0
	}
	return uint32(r.Time), r.LongLived[f]
}

// Notifies reports whether both ends keep routes when a NOTIFICATION ends the
// established session (RFC 8538 section 4). It may be called at any time.
func (j *Judge) Notifies() bool { return j.notifies.Load() }

// WillNotify reports the same of the session that the OPENs are to bring.
func (j *Judge) WillNotify() bool {
	ours, theirs := j.ours.Restart, j.peer.Restart
	return ours != nil && theirs != nil && ours.Notifies && theirs.Notifies
}

// Graceful reports whether the routes of the peer are kept when this router ends the
// session with a notification. It may be called at any time.
func (j *Judge) Graceful(n Notification) bool { return j.Notifies() && !n.hard() }

// hard reports whether a session ends for good with a notification (RFC 8538 section
// 5). A reset by the operator is one: whoever wants routes to stay need not reset.
func (n Notification) hard() bool {
	return n.Code == CodeCease && (n.Subcode == ceaseMaxPrefixes || n.Subcode == ceaseShutdown || n.Subcode == ceaseDeconfigured || n.Subcode == ceaseReset)
}

// Said is a notification as the peer is told it: in a hard reset where it would keep
// the router's routes otherwise (RFC 8538 section 3).
func (j *Judge) Said(n Notification) Notification {
	if !j.Notifies() || !n.hard() {
		return n
	}
	return Notification{Code: CodeCease, Subcode: ceaseHardReset, Data: append([]byte{n.Code, n.Subcode}, n.Data...)}
}

// SaidAll does the same to the notification among whole messages.
func (j *Judge) SaidAll(msgs []byte) []byte {
	n, ok := Farewell(msgs)
	if !ok || !j.Notifies() || !n.hard() {
		return msgs
	}
	whole := n.Message()
	at := len(msgs) - len(whole)
	if at < 0 || msgs[at+18] != typeNotification {
		return msgs
	}
	return append(msgs[:at:at], j.Said(n).Message()...)
}
