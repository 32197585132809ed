package router

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pseudowan/bgp"
	"pseudowan/bgp/vpn"
	"pseudowan/ovs/pipeline"
	"pseudowan/router/config"
	"pseudowan/router/fib"
	"pseudowan/router/kernel"
	"pseudowan/status"
)

// prefers announces a prefix from a next hop with a local preference.
func (r *loop) prefers(nextHop, prefix string, label, preference uint32) {
	peer := netip.MustParseAddr(nextHop)
	r.bgpEvents([]bgp.Event{bgp.RouteUpdate{Route: bgp.Route{
		RD: rd("2:1"), Prefix: netip.MustParsePrefix(prefix), NextHop: peer, Peer: peer, PeerID: peer, IBGP: true,
		Label: vpn.Label(label), Targets: targets("1:1"), LocalPref: &preference,
	}}})
}

// dualHomed returns a router that knows ten prefixes over two links of the same size.
func dualHomed(t *testing.T) *loop {
	t.Helper()
	r, _ := edge(t, func(c *config.Router) { c.Core[1].MTU = c.Core[0].MTU })
	r.neighborIs(firstLink, "192.168.1.2", "reachable", 9)
	r.neighborIs(secondLink, "192.168.2.2", "reachable", 8)
	for i := range 10 {
		r.prefers("192.168.1.2", fmt.Sprintf("10.50.%d.0/24", i), 2000, 200)
		r.prefers("192.168.2.2", fmt.Sprintf("10.50.%d.0/24", i), 3000, 100)
	}
	r.settle()
	return r
}

// When a next hop fails, its routes take their backups before anything else happens:
// one flow moves them all.
func TestBackups(t *testing.T) {
	for what, fail := range map[string]func(*loop){
		"no carrier": func(r *loop) { r.link(kernel.LinkEvent{Name: "eth1", Admin: true}) },
		"no answer":  func(r *loop) { r.neighborIs(firstLink, "192.168.1.2", kernel.Failed, 0) },
	} {
		r := dualHomed(t)
		first, second := r.adjacency(t, "192.168.1.2"), r.adjacency(t, "192.168.2.2")
		for i := range 10 {
			wantDoes(t, r, what, redID, fmt.Sprintf("10.50.%d.0/24", i), setReg1(first), "0x7d0->reg2",
				fmt.Sprintf("set_field:%#x->reg8", 1<<31|second), "0xbb8->reg9")
		}
		diverted := 0
		r.divert = func(flows []pipeline.Flow) {
			diverted += len(flows)
			if want := (pipeline.Diversion{Adjacency: first}).Flows(); flows[0] != want[0] {
				t.Errorf("%s: diverts %v; want %v", what, flows, want)
			}
			if now := programmed(r, "10.50.3.0/24"); !strings.Contains(now, setReg1(first)) {
				t.Errorf("%s: a route has changed before: %s", what, now)
			}
		}
		fail(r)
		r.settle()
		if diverted != 1 {
			t.Errorf("%s: %d flows divert ten routes; want one", what, diverted)
		}
		for i := range 10 {
			wantDoes(t, r, what+", settled", redID, fmt.Sprintf("10.50.%d.0/24", i), setReg1(second), "0xbb8->reg2")
		}
		if got := r.does(redID, "10.50.3.0/24"); strings.Contains(got, "reg8") {
			t.Errorf("%s: a route to the last next hop does %s", what, got)
		}
	}
}

// stuckSwitch commits nothing before it is told to, whatever the context.
type stuckSwitch struct {
	fib.Switch
	free chan struct{}
}

func (s stuckSwitch) Commit(context.Context, []pipeline.Flow, []pipeline.Flow) error {
	<-s.free
	return nil
}

// A switch that is busy with all its flows does not stop the router: it waits a moment, and
// goes on.
func TestDiversionsDoNotStopTheRouter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := alone(config.Router{})
		sw := stuckSwitch{free: make(chan struct{})}
		time.AfterFunc(time.Hour, func() { close(sw.free) })
		began := time.Now()
		r.commitNow(t.Context(), sw, (pipeline.Diversion{Adjacency: 1}).Flows())
		if took := time.Since(began); took != patience {
			t.Errorf("the router has waited for %v; want %v", took, patience)
		}
		r.background.Wait()
		began = time.Now()
		r.commitNow(t.Context(), sw, (pipeline.Diversion{Adjacency: 1}).Flows())
		if took := time.Since(began); took != 0 {
			t.Errorf("it waits for %v although there is nothing to wait for", took)
		}
	})
}

// programmed returns what the flow of a prefix does before the turn ends.
func programmed(r *loop, prefix string) string {
	c, _ := r.fib.Route(fib.Key{VRF: redID, Prefix: netip.MustParsePrefix(prefix)})
	for cookie, f := range r.fib.Flows() {
		if cookie == c {
			return f.Actions
		}
	}
	return ""
}

func (r *loop) adjacency(t *testing.T, addr string) uint32 {
	t.Helper()
	for hop := range r.fib.NextHops() {
		if hop.Addr == netip.MustParseAddr(addr) {
			return r.fib.Adjacency(hop, nil, nil)
		}
	}
	t.Fatalf("%s has no adjacency", addr)
	return 0
}

// A backup that comes and goes changes the flow of its route, and announces nothing.
func TestBackupComesAndGoes(t *testing.T) {
	r, s := edge(t, func(c *config.Router) { c.Core[1].MTU = c.Core[0].MTU })
	const prefix = "10.50.0.0/24"
	r.prefers("192.168.1.2", prefix, 2000, 200)
	r.settle()
	told := len(s.told)
	r.prefers("192.168.2.2", prefix, 3000, 100)
	if changed := r.vrfs.Program(); len(changed) > 0 {
		t.Errorf("a backup changes %v", changed)
	}
	wantDoes(t, r, "it has come", redID, prefix, "->reg8", "0xbb8->reg9")
	r.prefers("192.168.2.2", prefix, 3001, 100)
	wantDoes(t, r, "it has another label", redID, prefix, "->reg8", "0xbb9->reg9")
	r.link(kernel.LinkEvent{Name: "eth2", Admin: true})
	r.settle()
	if got := r.does(redID, prefix); strings.Contains(got, "reg8") {
		t.Errorf("its link is cut, and the route does %s", got)
	}
	if len(s.told) != told {
		t.Errorf("%d announcements; want %d", len(s.told), told)
	}
}

// A backup for smaller packets would drop some or make all small: there is none, and no
// adjacency stays for it.
func TestNoBackupForSmallerPackets(t *testing.T) {
	r, _ := edge(t, nil) // the second link is narrower
	r.prefers("192.168.1.2", "10.50.0.0/24", 2000, 200)
	r.prefers("192.168.2.2", "10.50.0.0/24", 3000, 100)
	r.settle()
	if got := r.does(redID, "10.50.0.0/24"); got == "" || strings.Contains(got, "reg8") {
		t.Errorf("the route does %q", got)
	}
	for hop := range r.fib.NextHops() {
		if hop.Addr == netip.MustParseAddr("192.168.2.2") {
			t.Errorf("an adjacency to which nothing leads: %v", hop)
		}
	}
}

// What a router's own customer has announced is protected by another router's path.
func TestCustomerRouteHasBackup(t *testing.T) {
	r, _ := edge(t, func(c *config.Router) { c.Core[0].MTU, c.Core[1].MTU = 1512, 1512 })
	r.customerIs(redPort, "10.1.0.2", 7)
	r.prefers("192.168.1.2", "10.9.0.0/16", 2000, 100)
	r.settle()
	adjacency := r.adjacency(t, "10.1.0.2")
	wantDoes(t, r, "a static route", redID, "10.9.0.0/16", setReg1(adjacency), "->reg8", "0x7d0->reg9")
	var diverted []pipeline.Flow
	r.divert = func(flows []pipeline.Flow) { diverted = append(diverted, flows...) }
	r.link(kernel.LinkEvent{Name: "eth5", Admin: true})
	if want := (pipeline.Diversion{Adjacency: adjacency}).Flows(); len(diverted) == 0 || diverted[0] != want[0] {
		t.Errorf("diverted %v; want %v", diverted, want)
	}
	r.settle()
	wantDoes(t, r, "without its link", redID, "10.9.0.0/16", "0x7d0->reg2")
	if _, ok := r.fib.Route(fib.Key{VRF: redID, Prefix: netip.MustParsePrefix("10.9.0.0/16")}); !ok {
		t.Error("no route")
	}
}

// show vrf tells which path is the backup.
func TestBackupIsShown(t *testing.T) {
	r := dualHomed(t)
	rows := r.routeRows(status.Selection{Prefix: netip.MustParsePrefix("10.50.3.0/24")})
	for _, row := range rows {
		for _, p := range row.Routes {
			if want := p.NextHop == netip.MustParseAddr("192.168.2.2"); p.Backup != want || p.Best == want {
				t.Errorf("%s: %s best %t backup %t", row.VRF, p.NextHop, p.Best, p.Backup)
			}
		}
	}
	if len(rows) != 2 {
		t.Errorf("%d VRFs; want 2", len(rows))
	}
}
