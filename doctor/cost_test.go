package doctor

import (
	"fmt"
	"strings"
	"testing"
)

// routersOf returns the ports of n routers.
func routersOf(n, each int) map[string]int {
	ports := make(map[string]int)
	for i := range n {
		ports[fmt.Sprint("pe", i)] = each
	}
	return ports
}

// Labs that have been measured cost about what is said of them.
func TestCost(t *testing.T) {
	for _, c := range []struct {
		need    Need
		memory  uint64 // MiB
		seconds float64
	}{
		{Need{Ports: routersOf(2, 12), Hosts: 20, Size: Size{Routes: 400}}, 100, 0.4},
		{Need{Ports: routersOf(21, 12), Hosts: 200, Size: Size{Routes: 4000}}, 633, 3.2},
		{Need{Ports: routersOf(41, 12), Hosts: 400, Size: Size{Routes: 16000}}, 1300, 6.4},
		{Need{Ports: routersOf(101, 12), Hosts: 1000, Size: Size{Routes: 100000}}, 3300, 34},
	} {
		got := c.need.Cost(2)
		if m := got.Memory >> 20; m < c.memory*2/3 || m > c.memory*2 {
			t.Errorf("%d routers: %d MiB, measured %d", len(c.need.Ports), m, c.memory)
		}
		if got.Seconds < c.seconds/2 || got.Seconds > c.seconds*2 {
			t.Errorf("%d routers: %.1f s, measured %.1f", len(c.need.Ports), got.Seconds, c.seconds)
		}
		if got.Processes != 1+3*len(c.need.Ports) {
			t.Errorf("%d routers: %d processes", len(c.need.Ports), got.Processes)
		}
		if twice := c.need.Cost(4); twice.Seconds*2 != got.Seconds || twice.Memory != got.Memory {
			t.Errorf("with more cores: %+v", twice)
		}
	}
}

func TestCostIsTold(t *testing.T) {
	n := Need{Lab: "wan", Ports: routersOf(2, 12), ARP: Entries{Routers: 2}, Hosts: 1, Size: Size{Routes: 400}}
	found := costs(Observed{Cores: 2}, n)
	if len(found) != 1 || !strings.Contains(found[0].Detail, "7 processes") || !strings.Contains(found[0].Detail, "1 host,") || !strings.Contains(found[0].Detail, "2 neighbours") {
		t.Errorf("%+v", found)
	}
	with := n
	with.BFD.Routers = 2
	if a, b := n.Cost(2), with.Cost(2); b.Memory != a.Memory+2*bfdMemory || b.Processes != a.Processes+2 {
		t.Errorf("with BFD %+v, without %+v", b, a)
	}
	n.Runs = true
	if found := costs(Observed{Cores: 2}, n); len(found) != 0 {
		t.Errorf("of a running lab: %+v", found)
	}
	if found := costs(Observed{Cores: 2}, Need{}); len(found) != 0 {
		t.Errorf("of no lab: %+v", found)
	}
	// A lab that needs more memory than there is, is told so.
	big := Need{Lab: "wan", Ports: routersOf(1, 2), Size: Size{Routes: 1_000_000}}
	if found := limits(Observed{Limits: Limits{MemoryAvailable: 1 << 30}}, big); len(found) != 1 || found[0].Cost == "" {
		t.Errorf("%+v", found)
	}
}

func TestDuration(t *testing.T) {
	for s, want := range map[float64]string{0: "0.1 s", 1.26: "1.3 s", 29.6: "30 s", 600: "10 min"} {
		if got := duration(s); got != want {
			t.Errorf("%v: %s, want %s", s, got, want)
		}
	}
}
