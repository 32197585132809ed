package gate

import (
	"encoding/binary"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"pseudowan/bgp/policy"
)

// EditorConfig is the configuration of a session, as far as an editor needs it.
type EditorConfig struct {
	External        bool // the peer is of another AS
	LocalAS, PeerAS uint32
	AS              ASRules

	// Local is the address of the router on the session. VPNv6 routes whose next
	// hop it is carry LocalIPv6 instead where that is valid (RFC 4659 section
	// 3.2.1).
	Local, LocalIPv6 netip.Addr
}

// Editor stands between an implementation that is trusted and one of its peers.
// It keeps what the peer has been told (Adj-RIB-Out, RFC 4271 section 3.2), keeps
// back what it must not be told, and has routes with equal attributes share
// messages.
type Editor struct {
	cfg  EditorConfig
	sent sent // scratch

	mu       sync.RWMutex
	shape    shape
	extended [families]bool // families of IPv4 prefixes that the peer takes with IPv6 next hops
	chain    *policy.Chain  // export policy; nil: everything passes as it is
	pool     pool
	told     map[key]outPath
	count    atomic.Int64 // of told, without what is held
	pending  []change
	places   map[key]int    // in pending
	stale    bool           // the peer takes routes that are stale for long (RFC 9494)
	loose    bool           // something has been passed on that could not be read
	enhanced bool           // RFC 7313
	sendsEnd bool           // the sender ends its first routes of a family with an end of RIB
	ended    [families]bool // what has been said so of
	heldEnd  [families]bool // what is to be, once the peer has asked for what it asks for

	constraint constraint
	paths      paths
	replays    []replay
	warning    string

	// Before the export policy, if somebody wants to know (KeepBefore).
	keepsBefore bool
	before      map[key]outPath
	beforeNews  []byte

	last        *pathAttrs // that a policy has seen
	lastDecoded policy.Path
}

// outPath is what the peer has been told of a route.
type outPath struct {
	attrs *pathAttrs
	label [3]byte
	held  bool // the peer does not ask for it, and has not been told
}

// change is what the peer is to be told of a route.
type change struct {
	key     key
	outPath            // attrs are nil for a withdrawal
	said    bool       // the sender has said so, and not only the peer's interest has changed
	before  *pathAttrs // the policy; nil where nobody wants to know
}

// NewEditor returns the editor of a new connection.
func NewEditor(c EditorConfig) *Editor {
	return &Editor{cfg: c, told: make(map[key]outPath), pool: make(pool), places: make(map[key]int), paths: paths{groups: make(map[key][]uint32)}}
}

// Opened takes note of the OPENs that both ends have sent. It may be called from
// any goroutine.
func (e *Editor) Opened(ours, peer Open) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.shape = shape{internal: !e.cfg.External, as4: ours.as4 && peer.as4, numbered: numbered(peer, ours)}
	e.enhanced = ours.Enhanced && peer.Enhanced
	e.constraint.on = slices.Contains(ours.Families, RTC) && slices.Contains(peer.Families, RTC)
	e.sendsEnd = ours.Restart != nil && peer.Restart != nil
	e.stale = peer.Restart != nil && peer.Restart.TakesStale
	for _, f := range peer.Extended {
		e.extended[f] = true
	}
}

// SetPolicy has another export policy decide on what comes; nil: none. What has
// been told already has to come again. It may be called from any goroutine.
func (e *Editor) SetPolicy(c *policy.Chain) {
	if c != nil && c.Empty() {
		c = nil
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.chain = c
}

// SetLocalIPv6 changes EditorConfig.LocalIPv6 for what comes, as SetPolicy does.
func (e *Editor) SetLocalIPv6(a netip.Addr) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.cfg.LocalIPv6 = a
}

// Edit takes a whole message of the sender. It appends what can be sent at once;
// routes wait for Flush. An error tells of a message that could not be read, and
// is passed on as it is. Edit and Flush may be used from one goroutine only.
func (e *Editor) Edit(out, msg []byte) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.constraint.greeted = e.constraint.greeted || len(msg) >= headerLength && msg[18] == typeKeepalive
	if len(msg) < headerLength+4 || msg[18] != typeUpdate {
		return append(e.flush(out), msg...), nil
	}
	err := e.sent.split(msg, &e.shape)
	switch {
	case err == nil && !e.sent.isEnd():
		e.queue(&e.sent)
		return out, nil
	case err != nil:
		e.loose = true
		err = fmt.Errorf("an UPDATE message is sent unread: %w", err)
	case e.constraint.on && !e.constraint.ended && e.sent.end.vpn():
		e.heldEnd[e.sent.end] = true
		e.constraint.held = append(e.constraint.held, msg...)
		return out, nil
	default:
		e.ended[e.sent.end] = true
	}
	return append(e.flush(out), msg...), err
}

// Pending is how many routes wait for Flush. It belongs to the goroutine of Edit.
func (e *Editor) Pending() int { return len(e.pending) }

// Told is how many routes the peer has been told and not withdrawn from. It may
// be called at any time.
func (e *Editor) Told() int { return int(e.count.Load()) }

// queue notes what a message says, in the place of what waits for the same
// routes.
func (e *Editor) queue(s *sent) {
	for _, k := range s.gone {
		e.queueOne(change{key: k, said: true})
	}
	if len(s.reach) == 0 {
		return
	}
	d := e.decide(s)
	defer d.end()
	for i := range s.reach {
		r := &s.reach[i]
		e.queueOne(change{key: r.key, outPath: outPath{attrs: d.of(&r.key), label: r.label}, said: true, before: d.kept()})
	}
}

func (e *Editor) queueOne(c change) {
	if i, ok := e.places[c.key]; ok {
		was := e.pending[i]
		e.pool.release(was.attrs)
		if c.said {
			e.pool.release(was.before)
		} else {
			c.said, c.before = was.said, was.before
		}
		e.pending[i] = c
		return
	}
	if c.attrs == nil && c.before == nil && !e.loose && !e.knows(c.key) {
		return // neither the peer nor anybody else knows anything of it
	}
	e.places[c.key] = len(e.pending)
	e.pending = append(e.pending, c)
}

// Flush appends what waits.
func (e *Editor) Flush(out []byte) []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.flush(out)
}

func (e *Editor) flush(out []byte) []byte {
	var b bundle
	var several choosing
	for _, c := range e.pending {
		if c.key.id.has {
			e.enter(&several, &b, c)
			continue
		}
		before, known := e.told[c.key]
		told := known && !before.held
		c.held = c.attrs != nil && !e.wanted(&c.key, c.attrs)
		switch {
		case c.attrs == nil:
			delete(e.told, c.key)
		default:
			e.told[c.key] = c.outPath
		}
		switch {
		case c.attrs != nil && !c.held:
			if !told || before != c.outPath {
				b.announce(labelled{c.key, c.label}, c.attrs)
			}
		case told || e.loose && !known:
			b.withdraw(c.key)
		}
		e.account(c.key, told, c.attrs != nil && !c.held)
		e.pool.release(before.attrs)
	}
	e.flushBefore()
	e.pending = e.pending[:0]
	clear(e.places)
	e.chooseAll(&several, &b)
	return b.appendMessages(out)
}

// account counts a route that the peer has been told, or is told.
func (e *Editor) account(k key, before, after bool) {
	switch {
	case k.family == RTC || before == after:
	case after:
		e.count.Add(1)
	default:
		e.count.Add(-1)
	}
}

// AdvertisedPath is a path that the peer has been told.
type AdvertisedPath struct {
	policy.Path
	ID    *uint32 // path identifier (RFC 7911); nil: it has none
	Label uint32
}

// Paths lists what the peer has been told, in no order. It may be called at any
// time.
func (e *Editor) Paths() []AdvertisedPath {
	e.mu.RLock()
	told, as4 := maps.Clone(e.told), e.shape.as4
	e.mu.RUnlock()
	list := make([]AdvertisedPath, 0, len(told))
	decoded := make(map[*pathAttrs]policy.Path)
	for k, p := range told {
		if p.held || k.family == RTC {
			continue
		}
		path, ok := decoded[p.attrs]
		if !ok {
			path = p.attrs.decode(as4)
			decoded[p.attrs] = path
		}
		list = append(list, AdvertisedPath{k.describe(path), k.id.shown(), labelOf(p.label)})
	}
	return list
}

// Messages encodes what the peer has been told as UPDATE messages, with an end of
// RIB for each of the families. It may be called at any time, and holds nobody up.
func (e *Editor) Messages(families ...Family) []byte {
	e.mu.RLock()
	told := maps.Clone(e.told)
	e.mu.RUnlock()
	return appendEnds(messagesOf(told), families)
}

func messagesOf(paths map[key]outPath) []byte {
	var b bundle
	for k, p := range paths {
		if !p.held && k.family != RTC {
			b.announce(labelled{k, p.label}, p.attrs)
		}
	}
	return b.appendMessages(nil)
}

// length reads the two octets of a length.
func length(b []byte) int { return int(binary.BigEndian.Uint16(b)) }
