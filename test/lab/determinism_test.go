package lab

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// twoSites returns a lab with its hosts in a given order.
func twoSites(hosts []string) string {
	return "name: pwt-order\n" +
		"routers: {a: {as: 65001, id: 10.0.0.1, labels: 100-199}, b: {as: 65002, id: 10.0.0.2, labels: 200-299}}\n" +
		"links: [{ends: [a:eth1, b:eth1], subnets: [192.168.0.0/30]}]\n" +
		"redistribute: {connected: hosts, static: true}\n" +
		"vrfs: {red: {rd: \"1:1\", import: [\"1:1\"], export: [\"1:1\"]}, blue: {rd: \"1:2\", import: [\"1:2\"], export: [\"1:2\"]}}\n" +
		"hosts:\n" + strings.Join(hosts, "")
}

func siteHosts() []string {
	var out []string
	for i := range 4 {
		for _, v := range []string{"red", "blue"} {
			router := []string{"a", "b"}[i%2]
			out = append(out, fmt.Sprintf("  %s%d: {attach: [{to: %s, vrf: %s, addresses: [10.%d.0.2/24]}], lans: [10.%d.1.1/24]}\n",
				v, i, router, v, i, i))
		}
	}
	return out
}

// Whatever the order of the hosts in the file, and whenever they answer ARP, their
// labels, ports and MACs are the same.
func TestRealDeterminism(t *testing.T) {
	hosts := siteHosts()
	dir := t.TempDir()
	want := ""
	for round := range rounds(20) {
		rand.Shuffle(len(hosts), func(i, j int) { hosts[i], hosts[j] = hosts[j], hosts[i] })
		l := fromText(t, dir, "pwt-order", twoSites(hosts))
		delay := time.Duration(rand.IntN(3000)) * time.Millisecond
		silent := []string{"red0", "blue1", "red2", "blue3"}[round%4]
		upWithLateHost(t, l, silent, delay)
		if got := numbers(t, l); want == "" {
			want = got
		} else if got != want {
			t.Errorf("round %d, %s late by %s:\n%s\nwant\n%s", round+1, silent, delay, got, want)
		}
		must(t, "down", l.name)
	}
}

// upWithLateHost starts the lab, keeps one host from answering ARP until after delay,
// and waits until the lab is complete.
func upWithLateHost(t testing.TB, l lab, node string, delay time.Duration) {
	t.Helper()
	l.up(t, "--no-wait")
	const ignoreAll = "8"
	path := "/proc/sys/net/ipv4/conf/all/arp_ignore"
	l.mustExec(t, node, "sh", "-c", "echo "+ignoreAll+" > "+path)
	time.Sleep(delay) // the delay is what is tested
	l.mustExec(t, node, "sh", "-c", "echo 0 > "+path)
	must(t, "up", l.file, "--runtime", "netns")
}
