package bgp

import (
	"net/netip"
	"testing"
	"time"

	"pseudowan/bgp/session"
)

// A speaker listens on other addresses without harm to a session, also with a password,
// and no longer on those that it does not have.
func TestRealListenAddresses(t *testing.T) {
	a, b := startNode(t, 65001, "", "10.0.0.1"), startNode(t, 65002, "", "10.0.0.2")
	second := netip.MustParseAddr("10.0.0.3")
	connectNodes(a, b)
	since := a.peers[b.addr].Since
	c := startNode(t, 65003, "", "10.0.0.4")
	fromSecond := Neighbor{Address: c.addr, LocalAddress: second, AS: 65003, Settings: a.to(c).Settings}
	fromSecond.Passive, fromSecond.Password = true, session.Password{Text: "secret"}
	a.set(a.to(b), fromSecond)
	to := Neighbor{Address: second, LocalAddress: c.addr, AS: 65001, Settings: fromSecond.Settings}
	to.Passive = false
	c.set(to)
	time.Sleep(200 * time.Millisecond)
	if err := a.SetListenAddresses([]netip.Addr{a.addr, second}); err != nil {
		t.Fatal(err)
	}
	c.wait("session with the second address", func() bool { return c.peers[second].State == StateEstablished })
	if err := a.SetListenAddresses([]netip.Addr{second}); err != nil {
		t.Fatal(err)
	}
	if p := a.peers[b.addr]; p.State != StateEstablished || p.Since != since {
		t.Errorf("the other session: %+v", p)
	}
	if err := a.SetListenAddresses([]netip.Addr{netip.IPv4Unspecified()}); err == nil {
		t.Error("a wildcard is taken")
	}
}
