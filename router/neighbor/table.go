package neighbor

import (
	"bytes"
	"cmp"
	"container/heap"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Key identifies a neighbour: an address is meaningful only on its port.
type Key struct {
	Port uint32
	Addr netip.Addr
}

// Compare orders keys by port and address.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Port, o.Port), k.Addr.Compare(o.Addr))
}

// Evidence is what a neighbour's message proves (RFC 4861 section 7.2.5).
type Evidence struct {
	Solicited bool // it answers a probe: the neighbour hears us
	Override  bool // it may replace a known MAC
}

// Table holds the neighbours of one router. It is not safe for concurrent use.
// Methods that may change it return what to do as a consequence.
type Table struct {
	cfg     config
	ports   map[uint32]*port
	timers  timers
	actions []Action
}

// New returns an empty table, with all ports up.
func New() *Table { return newTable(config{}) }

func newTable(cfg config) *Table {
	return &Table{cfg: cfg.withDefaults(), ports: make(map[uint32]*port)}
}

// Want declares a neighbour needed, such as the next hop of a configured route. It
// is probed for ever, and confirmed periodically while it is up. Wants are not
// counted.
func (t *Table) Want(now time.Time, k Key) []Action {
	p := t.port(k.Port)
	e := p.entries[k.Addr]
	if e == nil {
		t.admit(p, wanted)
		e = t.insert(now, p, k)
	}
	if e.wanted {
		return t.take()
	}
	e.wanted = true
	p.file(e)
	switch {
	case p.down:
		e.state = StateFailed
	case e.mac == nil:
		t.ask(now, e)
	case e.state == StateReachable && now.Add(t.cfg.revalidate).Before(e.due):
		t.schedule(e, now.Add(t.cfg.revalidate))
	case e.state == StateDelay:
		t.confirm(now, e)
	}
	return t.take()
}

// Unwant revokes Want. A neighbour that is up stays as long as it answers.
func (t *Table) Unwant(now time.Time, k Key) []Action {
	p := t.port(k.Port)
	e := p.entries[k.Addr]
	if e == nil || !e.wanted {
		return nil
	}
	e.wanted = false
	p.file(e)
	if e.mac == nil && len(e.pending) == 0 {
		t.remove(e)
	}
	return t.take()
}

// Forget removes a neighbour. If it still exists, it is learnt again.
func (t *Table) Forget(now time.Time, k Key) []Action {
	p := t.ports[k.Port]
	if p == nil || p.entries[k.Addr] == nil {
		return nil
	}
	e := p.entries[k.Addr]
	t.lose(now, e)
	t.remove(e)
	return t.take()
}

// Resolve asks for the neighbour of a packet, and keeps the packet until it is
// known. The packet comes back in an Up, Deliver or Failed. If too many wait for a
// neighbour, the oldest is dropped (RFC 4861 section 7.2.2).
func (t *Table) Resolve(now time.Time, k Key, w Waiting) []Action {
	p := t.port(k.Port)
	e := p.entries[k.Addr]
	if p.down || e == nil && !t.admit(p, unanswered) {
		t.do(Failed{k, []Waiting{w}})
		return t.take()
	}
	fresh := e == nil
	if fresh {
		e = t.insert(now, p, k)
	}
	p.file(e)
	if e.mac != nil {
		t.do(Deliver{k, e.mac, []Waiting{w}})
		return t.take()
	}
	if len(e.pending) == t.cfg.maxPending {
		e.pending = slices.Delete(e.pending, 0, 1)
	}
	e.pending = append(e.pending, w)
	if fresh || e.state == StateFailed {
		t.ask(now, e)
	}
	return t.take()
}

// Seen handles a neighbour's message about itself. mac is nil if the message has
// none. Messages from a port that is down are ignored as old.
func (t *Table) Seen(now time.Time, k Key, mac net.HardwareAddr, ev Evidence) []Action {
	p := t.port(k.Port)
	e := p.entries[k.Addr]
	switch {
	case p.down || e == nil && mac == nil:
	case e == nil:
		if p.mayChange(now, t.cfg) && t.admit(p, unconfirmed) {
			e = t.insert(now, p, k)
			t.learn(now, e, mac, Evidence{Override: ev.Override})
		}
	case e.changedBy(mac, ev) && !(e.wanted && e.mac == nil) && !p.mayChange(now, t.cfg):
		// If the message is true, it will be repeated, because the neighbour is probed.
	default:
		t.learn(now, e, mac, ev)
	}
	return t.take()
}

// PortDown handles the loss of a port's carrier: its neighbours die at once.
func (t *Table) PortDown(now time.Time, n uint32) []Action {
	p := t.port(n)
	p.down = true
	for _, e := range p.sorted() {
		t.lose(now, e)
		if e.wanted {
			e.state = StateFailed
			t.unschedule(e)
		} else {
			t.remove(e)
		}
	}
	return t.take()
}

// PortUp handles the return of a port's carrier: wanted neighbours are probed at
// once, without waiting for the end of a pause.
func (t *Table) PortUp(now time.Time, n uint32) []Action {
	p := t.port(n)
	p.down = false
	for _, e := range p.sorted() {
		if e.mac == nil && e.wanted {
			t.ask(now, e)
		}
	}
	return t.take()
}

// RemovePort forgets a port with all its neighbours.
func (t *Table) RemovePort(now time.Time, n uint32) []Action {
	for _, e := range t.port(n).sorted() {
		t.lose(now, e)
		t.remove(e)
	}
	delete(t.ports, n)
	return t.take()
}

// Tick does what is due. Call it at the time that Next returns; early or late calls
// do no harm.
func (t *Table) Tick(now time.Time) []Action {
	for len(t.timers) > 0 && !t.timers[0].due.After(now) {
		t.expire(now, t.timers[0])
	}
	return t.take()
}

// Next returns when Tick is due; ok is false if nothing is. Every call of another
// method may change it.
func (t *Table) Next() (due time.Time, ok bool) {
	if len(t.timers) == 0 {
		return time.Time{}, false
	}
	return t.timers[0].due, true
}

// Lookup returns the MAC of a neighbour that is up.
func (t *Table) Lookup(k Key) (mac net.HardwareAddr, ok bool) {
	p := t.ports[k.Port]
	if p == nil || p.entries[k.Addr] == nil || p.entries[k.Addr].mac == nil {
		return nil, false
	}
	return bytes.Clone(p.entries[k.Addr].mac), true
}

// Entries returns the whole table, sorted by port and address.
func (t *Table) Entries() []Entry {
	var all []Entry
	for _, p := range t.ports {
		for _, e := range p.entries {
			all = append(all, Entry{e.key, bytes.Clone(e.mac), e.state, e.since, e.wanted})
		}
	}
	slices.SortFunc(all, func(a, b Entry) int { return a.Key.Compare(b.Key) })
	return all
}

// admit makes room for a new entry, and reports whether there is any. Wanted ones are
// never refused: the configuration limits them.
func (t *Table) admit(p *port, c class) bool {
	// Each unanswered one costs probes: a scan must not make the router probe a
	// thousand addresses at once.
	asked := c == unanswered && p.used[unanswered].Len() >= t.cfg.maxUnanswered
	if len(p.entries) < t.cfg.maxPerPort && !asked {
		return true
	}
	e := p.victim(c)
	if e == nil {
		return c == wanted
	}
	t.release(e)
	t.remove(e)
	return true
}

func (t *Table) insert(now time.Time, p *port, k Key) *entry {
	e := &entry{key: k, state: StateIncomplete, since: now, timer: -1}
	p.entries[k.Addr] = e
	p.file(e)
	return e
}

func (t *Table) remove(e *entry) {
	p := t.ports[e.key.Port]
	p.unfile(e)
	delete(p.entries, e.key.Addr)
	t.unschedule(e)
}

func (t *Table) schedule(e *entry, due time.Time) {
	e.due = due
	if e.timer < 0 {
		heap.Push(&t.timers, e)
		return
	}
	heap.Fix(&t.timers, e.timer)
}

func (t *Table) unschedule(e *entry) {
	if e.timer >= 0 {
		heap.Remove(&t.timers, e.timer)
	}
}

func (t *Table) do(a Action) { t.actions = append(t.actions, a) }

func (t *Table) take() []Action {
	a := t.actions
	t.actions = nil
	return a
}
