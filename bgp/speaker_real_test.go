package bgp

import (
	"testing"
	"time"
)

func anyRoute(Route) bool { return true }

func TestRealExchange(t *testing.T) {
	a := startNode(t, 65001, "", "10.0.0.1")
	b := startNode(t, 65002, "", "10.0.0.2")
	began := time.Now()
	a.set(a.to(b))
	b.set(b.to(a))
	a.waitEstablished(b)
	b.waitEstablished(a)
	t.Logf("established after %s", time.Since(began))

	four := vpnRoute("65001:101", "10.1.0.0/24", "65001:101", 1000)
	six := vpnRoute("10.10.10.1:7", "2001:db8:1::/64", "4200000000:9", 1001)
	a.announce(four, six)
	got := b.waitRoute(four.from(a), anyRoute)
	t.Logf("%+v", got)
	got = b.waitRoute(six.from(a), anyRoute)
	t.Logf("%+v", got)
	a.withdraw(four)
	b.waitGone(four.from(a))
}
