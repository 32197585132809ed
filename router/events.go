package router

import (
	"cmp"
	"fmt"

	"pseudowan/bgp"
	"pseudowan/status"
)

// peerEvent tells of a session that is now up, or no longer.
func (l *loop) peerEvent(before bgp.PeerState, e bgp.PeerChange) {
	was, is := before.State == bgp.StateEstablished, e.Peer.State == bgp.StateEstablished && !e.Removed
	switch {
	case is && !was:
		l.event(status.EventPeer, fmt.Sprintf("session with %s (AS %d) is up", e.Peer.Address, e.Peer.AS))
	case was && e.Removed:
		l.event(status.EventPeer, fmt.Sprintf("session with %s is removed", e.Peer.Address))
	case was && !is:
		l.event(status.EventPeer, fmt.Sprintf("session with %s is down: %s", e.Peer.Address, cmp.Or(e.Peer.Down(), e.Peer.LastEnd, "no reason given")))
	}
}
