package bgp

import (
	"errors"
	"net/netip"
	"testing"
)

func TestKeptCounts(t *testing.T) {
	k := keptCounts{known: make(map[netip.Addr]peerCount), asking: make(map[netip.Addr]chan struct{})}
	peer, other := netip.MustParseAddr("10.0.0.2"), netip.MustParseAddr("10.0.0.3")
	k.set(peer, peerCount{100, 90})
	k.set(other, peerCount{1, 1})

	// While the engine is busy, what was last known remains, and nobody else asks.
	release, asked := make(chan struct{}), make(chan struct{}, 2)
	answer := func() (peerCount, error) {
		asked <- struct{}{}
		<-release
		return peerCount{7, 6}, nil
	}
	first := k.ask(peer, answer)
	if second := k.ask(peer, answer); second != first {
		t.Error("asked twice at once")
	}
	if k.of(peer) != (peerCount{100, 90}) {
		t.Errorf("%+v", k.of(peer))
	}
	close(release)
	<-first
	if k.of(peer) != (peerCount{7, 6}) || len(asked) != 1 {
		t.Errorf("%+v, asked %d times", k.of(peer), len(asked))
	}
	<-k.ask(peer, func() (peerCount, error) { return peerCount{}, errors.New("the engine ends") })
	if k.of(peer) != (peerCount{7, 6}) {
		t.Errorf("after an error: %+v", k.of(peer))
	}
	k.keep([]PeerState{{Address: other}})
	if k.of(peer) != (peerCount{}) || k.of(other) != (peerCount{1, 1}) {
		t.Errorf("%+v", k.known)
	}
}
