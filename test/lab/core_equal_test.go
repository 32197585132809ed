package lab

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
)

// A PE spreads the flows of customers over equally short paths. A flow stays on its path, and
// the cut of a link moves only those that were on it.
func TestRealCoreEqualPaths(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := fromCatalog(t, t.TempDir(), "core", "pwt-coreequal", strings.NewReplacer("metric: 30", "metric: 10").Replace)
	l.up(t)
	if p := pathTo(t, l, "pe1", "pe3"); len(p.Equal) != 2 {
		t.Fatalf("pe1 has %d equal ways to pe3: %+v", len(p.Equal), p)
	}
	before := l.portsOn(t, "eth1", "eth2")
	if len(before["eth1"]) == 0 || len(before["eth2"]) == 0 {
		t.Fatalf("flows by link: %v", before)
	}
	if again := l.portsOn(t, "eth1", "eth2"); !slices.Equal(again["eth1"], before["eth1"]) || !slices.Equal(again["eth2"], before["eth2"]) {
		t.Errorf("flows by link: %v, then %v", before, again)
	}
	if code, trace := traced(t, l, "b1", "10.3.0.2"); code != 0 {
		t.Errorf("trace ends with %d: %v", code, trace.Disagreements)
	}
	must(t, "link", "p2:eth1", "down", "--lab", l.name) // to pe3: pe1 has one way left
	eventually(t, 10*time.Second, func() error {
		if p := pathTo(t, l, "pe1", "pe3"); len(p.Equal) > 0 {
			return fmt.Errorf("pe1 has %d ways to pe3", len(p.Equal))
		}
		return nil
	})
	moved := l.portsOn(t, "eth1")
	if want := slices.Sorted(slices.Values(slices.Concat(before["eth1"], before["eth2"]))); !slices.Equal(moved["eth1"], want) {
		t.Errorf("on eth1 after the cut: %v; want %v", moved["eth1"], want)
	}
}

// portsOn sends flows from b1 to b3 and returns their source ports, sorted, by the link of
// pe1 on which they leave.
func (l lab) portsOn(t testing.TB, links ...string) map[string][]string {
	t.Helper()
	wires := map[string]*capture{}
	for _, link := range links {
		wires[link] = startCapture(t, l, "pe1", link, 1000, "mpls and greater 700 and ether src "+macOfPort(t, l, "pe1", link))
	}
	const flows = 16
	l.mustExec(t, "b1", "sh", "-c", "for p in $(seq 20001 20016); do head -c 700 /dev/zero | socat -u - UDP4-SENDTO:10.3.0.2:9,sourceport=$p; done")
	var out map[string][]string
	eventually(t, 5*time.Second, func() error { // until tcpdump has written what it has seen
		out = map[string][]string{}
		seen := 0
		for link, c := range wires {
			out[link] = udpSources(c.soFar(t))
			seen += len(out[link])
		}
		if seen != flows {
			return fmt.Errorf("%d flows leave pe1: %v", seen, out)
		}
		return nil
	})
	return out
}

// udpSources returns the source ports of datagrams, sorted.
func udpSources(frames [][]byte) (ports []string) {
	for _, f := range frames {
		p := gopacket.NewPacket(f, layers.LayerTypeEthernet, gopacket.Default)
		if udp, ok := p.Layer(layers.LayerTypeUDP).(*layers.UDP); ok {
			ports = append(ports, fmt.Sprint(uint16(udp.SrcPort)))
		}
	}
	slices.Sort(ports)
	return ports
}
