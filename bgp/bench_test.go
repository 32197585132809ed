package bgp

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"pseudowan/bgp/vpn"
)

// BenchmarkRoutes sends 100,000 VPN routes from one speaker to another, from the
// start of the session to the last event.
func BenchmarkRoutes(b *testing.B) {
	const routes = 100_000
	for b.Loop() {
		start := func(as uint32, addr string) *Speaker {
			a := netip.MustParseAddr(addr)
			s, err := Start(b.Context(), Config{AS: as, RouterID: a, ListenAddresses: []netip.Addr{a}})
			if err != nil {
				b.Skip("needs root: ", err)
			}
			return s
		}
		from, to := start(65001, "10.0.0.1"), start(65002, "10.0.0.2")
		go func() {
			for range from.Events() {
			}
		}()
		var list []Route
		for i := range routes {
			list = append(list, vpnRoute("65001:1", fmt.Sprintf("%d.%d.%d.0/24", 20+i>>16, i>>8&255, i&255), "65001:1", vpn.Label(1000+i%100)))
		}
		if err := from.Announce(b.Context(), list); err != nil {
			b.Fatal(err)
		}
		neighbor := func(s *Speaker, local, peer string, as uint32) {
			n := Neighbor{Address: netip.MustParseAddr(peer), LocalAddress: netip.MustParseAddr(local), AS: as, Settings: settings(vpn.VPNv4)}
			if err := s.SetNeighbors(b.Context(), []Neighbor{n}); err != nil {
				b.Fatal(err)
			}
		}
		began := time.Now()
		neighbor(from, "10.0.0.1", "10.0.0.2", 65002)
		neighbor(to, "10.0.0.2", "10.0.0.1", 65001)
		for got := 0; got < routes; {
			for _, e := range <-to.Events() {
				if _, ok := e.(RouteUpdate); ok {
					got++
				}
			}
		}
		b.ReportMetric(time.Since(began).Seconds(), "s/100k")
		go func() {
			for range to.Events() {
			}
		}()
		_, _ = from.Stop(b.Context()), to.Stop(b.Context())
	}
}
