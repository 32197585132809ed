package gate

import "encoding/binary"

// noHold is the hold time that a receiver is shown where the session has none:
// the longest, as a receiver may not cope with 0.
const noHold = 65535

// Sent takes note of the first messages that the receiver has sent, the OPEN
// among them, and returns what the peer is to be sent: with hold time 0 where the
// session is to have none, with the router's name in place of the server's, with its
// part in graceful restart, and with what the gate is capable of.
func (j *Judge) Sent(msgs []byte) []byte {
	open, refused := Next(msgs)
	if refused != nil || open == nil || open[18] != typeOpen {
		return msgs
	}
	rest := msgs[len(open):]
	if o, refused := parseOpen(open); refused == nil && o.readable(open) {
		open = j.ourOpen(open)
	}
	j.ours, _ = parseOpen(open)
	return append(open[:len(open):len(open)], rest...)
}

// readable reports whether an OPEN has one parameter with all its capabilities,
// as that of the receiver does.
func (o Open) readable(msg []byte) bool {
	return len(msg) > 31 && msg[28] != 255 && msg[29] == parameterCapabilities && int(msg[30])+2 == int(msg[28])
}

// ourOpen edits the OPEN of the receiver.
func (j *Judge) ourOpen(open []byte) []byte {
	var caps []byte
	restarts := j.cfg.Restart
	for b := open[31:]; len(b) >= 2 && len(b) >= 2+int(b[1]); b = b[2+int(b[1]):] {
		if b[0] != capFQDN && (restarts == nil || b[0] != capGracefulRestart && b[0] != capLongLived) {
			caps = append(caps, b[:2+int(b[1])]...)
		}
	}
	if own, refused := parseOpen(open); restarts != nil && refused == nil && own.Restart != nil {
		if said := restarts.announced(*own.Restart, own.Families); len(caps)+len(said) <= maxCapabilities {
			caps = append(caps, said...)
		}
	}
	if j.cfg.Constrain && len(caps)+6 <= maxCapabilities {
		caps = append(caps, capMultiprotocol, 4, 0, 1, 0, safiRTC)
	}
	if len(caps)+2 <= maxCapabilities {
		caps = append(caps, capEnhancedRefresh, 0)
	}
	if name := j.cfg.Name; name != "" && len(name) <= 64 && len(caps)+4+len(name) <= maxCapabilities {
		caps = append(caps, capFQDN, uint8(2+len(name)), uint8(len(name)))
		caps = append(append(caps, name...), 0)
	}
	m := appendHeader(nil, typeOpen, 12+len(caps))
	m = append(m, open[headerLength:28]...)
	m = append(append(m, uint8(2+len(caps)), parameterCapabilities, uint8(len(caps))), caps...)
	if j.cfg.NoHoldTime {
		binary.BigEndian.PutUint16(m[22:], 0)
	}
	return m
}

// Silence removes the KEEPALIVEs from whole messages of the receiver: of a session
// without hold time only the first may leave (RFC 4271 section 4.4). greeted says
// that it has.
func Silence(msgs []byte, greeted *bool) []byte {
	out := msgs[:0:0]
	for len(msgs) >= headerLength {
		n := int(binary.BigEndian.Uint16(msgs[16:]))
		if n < headerLength || n > len(msgs) {
			break
		}
		if msgs[18] != typeKeepalive || !*greeted {
			out = append(out, msgs[:n]...)
		}
		*greeted = *greeted || msgs[18] == typeKeepalive
		msgs = msgs[n:]
	}
	return append(out, msgs...)
}
