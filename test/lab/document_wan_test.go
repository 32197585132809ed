package lab

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pseudowan/status"
)

// The tables of pe1 have the rows and figures of docker-pseudo-wan's README, and a
// host the routes that it shows.
func TestRealPseudoWANTables(t *testing.T) {
	l := sharedLab(t)
	gateways := strings.Fields("10.1.0.1 10.2.0.1 10.3.0.1 20.1.0.1 20.2.0.1 20.3.0.1 30.1.0.1 30.2.0.1 40.1.0.1 40.2.0.1")
	vpns := strings.Fields("101 102 103 201 202 203 301 302 401 402")
	want := map[string]bool{"1 192.168.0.1/30 00:00:00:01:01:01 ": true, "2 192.168.0.1/30 00:00:00:01:01:01 ": true}
	neighbors := map[string]bool{}
	for _, r := range table[status.Interface](t, l, "interface", "--router", "pe2") {
		if len(r.Addresses) > 0 && r.Addresses[0].String() == "192.168.0.2/30" && r.Port == 1 {
			neighbors["1 192.168.0.2 "+r.MAC] = true
		}
	}
	for i, gateway := range gateways {
		want[fmt.Sprintf("%d %s/24 00:00:00:00:00:%02x 65001:%s", i+3, gateway, i+1, vpns[i])] = true
		link := strings.Fields(l.mustExec(t, fmt.Sprintf("host_%03d_%s", i+1, vpns[i]), "ip", "-o", "link", "show", "eth0"))
		mac := link[slices.Index(link, "link/ether")+1]
		neighbors[fmt.Sprintf("%d %s2 %s", i+3, strings.TrimSuffix(gateway, "1"), mac)] = true
	}
	got := map[string]bool{}
	for _, r := range table[status.Interface](t, l, "interface", "--router", "pe1") {
		got[fmt.Sprintf("%d %s %s %s", r.Port, r.Addresses[0], r.MAC, r.RD)] = true
	}
	sameSet(t, "interface", got, want)
	for i, vpn := range vpns { // they ask for their gateway's address
		l.exec(fmt.Sprintf("host_%03d_%s", i+1, vpn), "ping", "-c", "1", "-W", "0.1", "192.0.2.1")
	}
	got = map[string]bool{}
	for _, r := range table[status.Neighbor](t, l, "arp", "--router", "pe1") {
		if r.Address.Is4() && r.MAC != "" {
			got[fmt.Sprintf("%d %s %s", r.Port, r.Address, r.MAC)] = true
		}
	}
	sameSet(t, "arp", got, neighbors)
	labelsOfTheREADME(t, l)

	routes := strings.Split(strings.TrimSpace(l.mustExec(t, "host_001_101", "ip", "-4", "route")), "\n")
	wanted := []string{"default via 10.1.0.1 dev eth0", "10.1.0.0/24 dev eth0"}
	for i := range 10 {
		wanted = append(wanted, fmt.Sprintf("110.1.%d.0/24 dev eth%d", i, i+1))
	}
	for i, line := range routes {
		if len(routes) != len(wanted) || !strings.HasPrefix(line, wanted[i]+" ") {
			t.Fatalf("routes of host_001_101: %q; want %q", routes, wanted)
		}
	}
}

func sameSet(t *testing.T, what string, got, want map[string]bool) {
	t.Helper()
	for row := range want {
		if !got[row] {
			t.Errorf("show %s has no row %q", what, row)
		}
	}
	for row := range got {
		if !want[row] {
			t.Errorf("show %s has the row %q", what, row)
		}
	}
}

// labelsOfTheREADME checks the 22 rows of VPN 65001:101.
func labelsOfTheREADME(t *testing.T, l lab) {
	t.Helper()
	want := map[string]bool{"65001:101 10.1.0.2/32 0.0.0.0 1000": true, "65001:101 30.1.0.2/32 192.168.0.2 2000": true}
	for i := range 10 {
		want[fmt.Sprintf("65001:101 110.1.%d.0/24 10.1.0.2 1001", i)] = true
		want[fmt.Sprintf("65001:101 130.1.%d.0/24 192.168.0.2 2001", i)] = true
	}
	got := map[string]bool{}
	for _, r := range table[status.MPLS](t, l, "mpls", "--router", "pe1", "--vrf", "101") {
		got[fmt.Sprintf("%s %s %s %d", r.RD, r.Prefix, r.NextHop, r.Label)] = true
	}
	sameSet(t, "mpls", got, want)
}

// Five pings are five packets of 102 octets with label 1000 and five of 98 to
// 30.1.0.2, and as many in the counters of the ports, as in the README's 72 pings
// (7344 and 7056 octets).
func TestRealPseudoWANCounters(t *testing.T) {
	l := sharedLab(t)
	const pings = 5
	l.mustExec(t, "host_001_101", "ping", "-c", "1", "-W", "5", "30.1.0.2")
	count := func() (packets, octets map[string]uint64, ports map[uint32]status.Port) {
		packets, octets, ports = map[string]uint64{}, map[string]uint64{}, map[uint32]status.Port{}
		for _, f := range table[status.Flow](t, l, "flow", "--router", "pe1", "--vrf", "101") {
			packets[rowName(f)], octets[rowName(f)] = f.Packets, f.Bytes
		}
		for _, p := range table[status.Port](t, l, "port", "--router", "pe1") {
			ports[p.Port] = p
		}
		return packets, octets, ports
	}
	packets, octets, ports := count()
	out := l.mustExec(t, "host_001_101", "ping", "-c", strconv.Itoa(pings), "-i", "0.2", "30.1.0.2")
	if !strings.Contains(out, "5 packets transmitted, 5 received, 0% packet loss") || strings.Count(out, " ttl=62 ") != pings {
		t.Errorf("ping says\n%s", out)
	}
	morePackets, moreOctets, morePorts := count()
	for row, size := range map[string]uint64{"pe1 101 in invalid Prefix 1000": 102, "pe1 101 out 30.1.0.2/32 2000": 98} {
		if n, b := morePackets[row]-packets[row], moreOctets[row]-octets[row]; n != pings || b != pings*size {
			t.Errorf("%s: %d packets, %d octets; want %d of %d", row, n, b, pings, size)
		}
	}
	for n := uint32(1); n <= 12; n++ {
		before, after := ports[n], morePorts[n]
		if after.RxPackets == 0 || after.TxPackets == 0 || after.RxErrors+after.TxErrors != 0 {
			t.Errorf("port %d: %+v", n, after)
		}
		size, pinged := map[uint32]uint64{1: 102, 3: 98}[n] // of a packet with its label on the core, and at the host
		if pinged && (after.RxPackets < before.RxPackets+pings || after.TxPackets < before.TxPackets+pings ||
			after.RxBytes < before.RxBytes+pings*size || after.TxBytes < before.TxBytes+pings*size) {
			t.Errorf("port %d had %+v and has %+v", n, before, after)
		}
	}
	columns := strings.Fields(must(t, "show", "port", "--lab", l.name, "--router", "pe1"))
	if got := strings.Join(columns[1:8], " "); got != "portNo rxPackets rxBytes rxErrors txPackets txBytes txErrors" {
		t.Errorf("columns of show port: %s", got)
	}
}
