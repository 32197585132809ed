package bgp

import (
	"fmt"
	"slices"
	"testing"

	"pseudowan/bgp/vpn"
)

// TestRealAddPath has a reflector tell a client all paths to a prefix that three
// others announce with the same RD, or the best ones, as is edited.
func TestRealAddPath(t *testing.T) {
	r := startNode(t, 65001, "", "10.0.0.1")
	sink := startNode(t, 65001, "", "10.0.0.2")
	both := []vpn.Family{vpn.VPNv4, vpn.VPNv6}
	var list []Neighbor
	var sources []*node
	for i := range 3 {
		n := startNode(t, 65001, "", fmt.Sprintf("10.0.0.%d", 5+i))
		sources = append(sources, n)
		list = append(list, r.to(n))
		route := vpnRoute("65001:1", "30.1.0.0/16", "65000:1", vpn.Label(2000+i))
		pref := uint32(100 + 10*i)
		route.LocalPref = &pref
		n.announce(route, vpnRoute("65001:1", "2001:db8::/32", "65000:1", vpn.Label(3000+i))) // the same but for its originator
		n.set(n.to(r))
	}
	to := r.to(sink)
	to.Client, to.AddPathSend = true, both
	back := sink.to(r)
	back.AddPathReceive = both
	r.set(append(list, to)...)
	sink.set(back)
	labels := func() string {
		var all []int
		for _, p := range sink.routes {
			all = append(all, int(p.Label))
		}
		slices.Sort(all)
		return fmt.Sprint(all)
	}
	want := func(what, labelsWanted string) {
		t.Helper()
		sink.wait(what+": "+labelsWanted, func() bool { return labels() == labelsWanted })
		waitFor(t, func() error {
			told, heard := r.PeerRoutes(sink.addr, AdvertisedRoutes), sink.PeerRoutes(r.addr, ReceivedRoutes)
			n := len(sink.routesNow())
			if len(told) != n || len(heard) != n || r.counted(sink).Advertised != n || sink.counted(r).Received != n {
				return fmt.Errorf("%s: %d told, %d heard, %d counted; want %d", what, len(told), len(heard), r.counted(sink).Advertised, n)
			}
			for i := range told {
				if told[i].ID == nil || heard[i].ID == nil || *told[i].ID != *heard[i].ID || told[i].Label != heard[i].Label {
					return fmt.Errorf("%s: told %+v, heard %+v", what, told[i], heard[i])
				}
			}
			return nil
		})
	}
	want("all", "[2000 2001 2002 3000 3001 3002]")
	since := sink.peer(r.addr).Since
	edit := func(paths uint32) {
		t.Helper()
		to.AddPathPaths = paths
		r.set(append(list, to)...)
	}
	edit(2)
	want("two", "[2001 2002 3000 3001]")
	edit(1)
	want("one", "[2002 3000]")
	edit(0)
	want("all again", "[2000 2001 2002 3000 3001 3002]")
	edit(2)
	want("two again", "[2001 2002 3000 3001]")
	better := vpnRoute("65001:1", "30.1.0.0/16", "65000:1", 2000)
	pref := uint32(300)
	better.LocalPref = &pref
	sources[0].announce(better)
	want("the worst is the best", "[2000 2002 3000 3001]")
	sources[2].withdraw(vpnRoute("65001:1", "30.1.0.0/16", "65000:1", 2002))
	want("one goes", "[2000 2001 3000 3001]")
	sources[0].withdraw(better)
	want("another goes", "[2001 3000 3001]")
	if sink.peer(r.addr).Since != since {
		t.Error("the session was reset")
	}
	r.set(append(list[1:], to)...)
	want("a peer goes", "[2001 3001 3002]")
	back.AddPathReceive = []vpn.Family{vpn.VPNv4}
	sink.set(back)
	sink.waitEstablished(r)
	sink.wait("one path of IPv6", func() bool { l := labels(); return l == "[2001 3001]" || l == "[2001 3002]" })
}

func (n *node) routesNow() map[Key]Route {
	n.mu.Lock()
	defer n.mu.Unlock()
	out := make(map[Key]Route, len(n.routes))
	for k, r := range n.routes {
		out[k] = r
	}
	return out
}
