package bgp

import (
	"fmt"
	"maps"
	"net"
	"net/netip"
	"time"

	"pseudowan/bgp/gate"
	"pseudowan/bgp/inner"
	"pseudowan/bgp/monitor"
	"pseudowan/bgp/policy"
)

// hearer is notified of events on the connections of a transport. Addresses have
// no zone.
type hearer interface {
	opened(peer netip.Addr, j *gate.Judge)
	judged(peer netip.Addr, v gate.Verdict)
	shown(peer netip.Addr, j *gate.Judge)
	unread(peer netip.Addr, err error)
	withheld(peer netip.Addr, why string)
	connectionEnded(peer netip.Addr, e sessionEnd)
	connectFailed(peer netip.Addr, why string)
	retained(peer netip.Addr) gate.Retained // what the engine has kept over the peer's restart
}

// neighborWatcher is the watcher of a neighbour's relay.
type neighborWatcher struct {
	addr  netip.Addr
	c     *connector
	hears hearer
}

func (w neighborWatcher) opened(j *gate.Judge)  { w.hears.opened(w.addr, j) }
func (w neighborWatcher) judged(v gate.Verdict) { w.hears.judged(w.addr, v) }
func (w neighborWatcher) shown(j *gate.Judge)   { w.hears.shown(w.addr, j) }
func (w neighborWatcher) unread(err error)      { w.hears.unread(w.addr, err) }
func (w neighborWatcher) withheld(why string)   { w.hears.withheld(w.addr, why) }

// ended informs the connector first: it must have the penalty before the engine's
// next state.
func (w neighborWatcher) ended(e sessionEnd) {
	w.c.penalty.note(e, time.Now())
	w.hears.connectionEnded(w.addr, e)
}

// relay starts a relay between a neighbour's connection and the engine.
func (t *transport) relay(c *connector, outer *net.TCPConn) bool {
	addr := c.neighbor.Address.WithZone("")
	near, far, err := t.pair(outer)
	if err != nil {
		t.log.Error("bgp: connection to the engine", "neighbor", addr, "error", err)
		t.hears.connectFailed(addr, err.Error())
		return false
	}
	judge := gate.NewJudge(gate.Config{
		LocalAS: t.as, PeerAS: c.neighbor.AS, LocalID: t.localID, AllowOwnAS: c.neighbor.AllowOwnAS, AS: c.neighbor.asRules(),
		LoseTies: c.neighbor.unreflected(), Try: rehearse, Constrain: c.neighbor.RTC,
		NoHoldTime: c.neighbor.HoldTime == 0, Name: t.name, Restart: c.neighbor.restarts(),
		Retained: func() gate.Retained { return t.hears.retained(addr) },
	})
	editor := gate.NewEditor(gate.EditorConfig{
		External: c.neighbor.AS != t.as, LocalAS: t.as, PeerAS: c.neighbor.AS, AS: c.neighbor.asRules(),
		Local: outer.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(),
	})
	r := newRelay(outer, far, judge, editor, neighborWatcher{addr, c, t.hears})
	r.members = memberEvents{
		up:   func() { t.members.entered(addr, r, judge.Constrains()) },
		down: func() { t.members.left(addr, r) },
		asks: func(list map[gate.Membership]gate.Reflection, end bool) {
			t.members.asked(addr, r, maps.Clone(list), end)
		},
	}
	r.monitored.hub, r.monitored.vrf = t.monitor, t.vrf
	editor.KeepBefore(t.monitor.Wants(monitor.OutBefore))
	r.unheld.every = engineHold(c.neighbor) / 3
	r.stale.setTime(time.Duration(c.stalePath.Load()))
	t.mu.Lock()
	t.relays[addr] = r
	r.limit(t.limits[addr])
	p := t.policies[addr]
	judge.SetPolicy(p.in)
	editor.SetPolicy(p.out)
	editor.SetLocalIPv6(p.nextHop)
	editor.SetPaths(p.paths)
	t.mu.Unlock()
	t.relaying.Go(func() {
		r.run()
		t.mu.Lock()
		defer t.mu.Unlock()
		if t.relays[addr] == r {
			delete(t.relays, addr)
		}
	})
	t.deliver(near)
	return true
}

// pair makes a connection to the engine with the addresses of the outer one.
func (t *transport) pair(outer *net.TCPConn) (near, far *net.TCPConn, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stage == nil {
		if t.stage, err = inner.New(); err != nil {
			return nil, nil, fmt.Errorf("bgp: %w", err)
		}
	}
	return t.stage.Pair(
		outer.LocalAddr().(*net.TCPAddr).AddrPort().Addr().Unmap(),
		outer.RemoteAddr().(*net.TCPAddr).AddrPort().Addr().Unmap())
}

// limit changes the prefix limit of a neighbour.
func (t *transport) limit(addr netip.Addr, l gate.Limit) {
	t.mu.Lock()
	t.limits[addr] = l
	r := t.relays[addr]
	t.mu.Unlock()
	if r != nil {
		r.limit(l)
	}
}

// setStalePath changes how long what was kept of a neighbour stands once it is back.
func (t *transport) setStalePath(addr netip.Addr, d time.Duration) {
	t.mu.Lock()
	r := t.relays[addr]
	if c := t.connectors[addr]; c != nil {
		c.stalePath.Store(int64(d))
	}
	t.mu.Unlock()
	if r != nil {
		r.stale.setTime(d)
		_ = r.outer.SetReadDeadline(time.Unix(1, 0)) // incoming looks
	}
}

// setPolicies changes what is done with the routes of a neighbour. What the
// engine has told it before has to come again.
func (t *transport) setPolicies(addr netip.Addr, p routePolicies) {
	t.mu.Lock()
	t.policies[addr] = p
	r := t.relays[addr]
	t.mu.Unlock()
	if r != nil {
		r.setImport(p.in)
		r.editor.SetPolicy(p.out)
		r.editor.SetLocalIPv6(p.nextHop)
		r.editor.SetPaths(p.paths)
		r.wake()
	}
}

// importOf returns the import policy of a neighbour.
func (t *transport) importOf(addr netip.Addr) *policy.Chain {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.policies[addr].in
}

// current returns the relay of a neighbour; nil if there is none.
func (t *transport) current(addr netip.Addr) *relay {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.relays[addr]
}

// session returns the relay of a neighbour whose session is established; nil if
// it is not.
func (t *transport) session(addr netip.Addr) *relay {
	t.mu.Lock()
	defer t.mu.Unlock()
	if r := t.relays[addr]; r != nil && r.up.Load() {
		return r
	}
	return nil
}

// farewellWait bounds how long a transport waits for its relays.
const farewellWait = 2 * time.Second

// finish waits until the relays have passed on the engine's last messages, and
// closes the stage.
func (t *transport) finish() {
	done := make(chan struct{})
	go func() {
		t.relaying.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(farewellWait):
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stage != nil {
		t.stage.Close()
		t.stage = nil
	}
}
