package bgp

import (
	"context"
	"net/netip"
)

// CutOff sets which neighbors cannot be reached, and why, as links without a carrier
// cut them off. Their sessions end at once, and nothing is tried until they are no
// longer in the list; then the sessions come up again without delay. Neighbors that
// the speaker gets later are in the list like others.
func (s *Speaker) CutOff(neighbors map[netip.Addr]string) { s.transport.setCutOff(neighbors) }

func (t *transport) setCutOff(cut map[netip.Addr]string) {
	t.mu.Lock()
	before := t.cutOff
	t.cutOff = cut
	ended := make(map[netip.Addr]*relay)
	for addr, c := range t.connectors {
		if (before[addr] == "") == (cut[addr] == "") {
			continue
		}
		c.setCutOff(cut[addr] != "")
		if cut[addr] != "" {
			ended[addr] = t.relays[addr]
		}
	}
	t.mu.Unlock()
	for addr, r := range ended {
		if r != nil {
			r.fall(cut[addr])
		} else {
			t.hears.connectFailed(addr, cut[addr])
		}
	}
}

// setCutOff tells the connector whether its neighbour can be reached.
func (c *connector) setCutOff(cut bool) {
	c.cutOff.Store(cut)
	select {
	case c.turned <- struct{}{}:
	default: // it has yet to look
	}
}

// onTurned begins or ends the pause of a neighbour that cannot be reached.
func (c *connector) onTurned(ctx context.Context) {
	if c.cutOff.Load() {
		c.endAttempt()
		c.drop()
		if c.state == sessionIdle || c.state == sessionAwaiting {
			c.alarm.Stop()
		}
		return
	}
	c.failures = 0
	switch c.state {
	case sessionAwaiting:
		c.onAwaiting(ctx)
	case sessionIdle:
		c.alarm.Reset(max(settleTime, c.pause()))
	}
}
