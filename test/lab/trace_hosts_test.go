package lab

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"pseudowan/status"
)

// inHost runs a shell script with the server's programs in a host's network
// namespace.
func inHost(t testing.TB, l lab, host, script string) {
	t.Helper()
	if out, err := exec.Command("nsenter", "--net="+l.netns(host), "sh", "-ec", script).CombinedOutput(); err != nil {
		t.Fatalf("in %s: %s: %v: %s", host, script, err, out)
	}
}

// What hosts do to packets in addition to what the topology says is reported as
// such: it is no disagreement of the routers, and no wrong cause is named.
func TestRealTraceThroughHosts(t *testing.T) {
	if _, err := exec.LookPath("nft"); err != nil {
		t.Skip("needs nft: hosts get nftables rules")
	}
	l := fromCatalog(t, t.TempDir(), "hub-spoke", "pwt-vfyhosts")
	l.up(t)
	const (
		filter = "nft add table ip f; nft add chain ip f c '{ type filter hook "
		clean  = "nft flush ruleset"
	)
	for _, c := range []struct {
		name, host, spoil, mend string
		to                      string // from s2
		outcome, unknown        string
		cause                   string // of what verify finds from s2 to s3 or hq; "": it finds nothing
	}{
		{"masquerade", "hq", "nft add table ip n; nft add chain ip n p '{ type nat hook postrouting priority 100; }'; nft add rule ip n p masquerade", clean,
			"10.3.0.2", "is delivered to s3", "", ""},
		{"DNAT", "hq", "nft add table ip n; nft add chain ip n p '{ type nat hook prerouting priority -100; }'; nft add rule ip n p ip daddr 10.9.0.2 dnat to 10.3.0.2", clean,
			"10.9.0.2", "is delivered to hq", "s3 answers, although by the flows they are delivered to hq; host hq may translate addresses (NAT)",
			"host hq may translate addresses (NAT)"},
		{"a filter on the way", "hq", filter + "forward priority 0; policy drop; }'", clean,
			"10.3.0.2", "is delivered to s3", "no answer, although by the flows they are delivered to s3; host hq filters packets",
			"the routers' tables and flows are right in both directions; host hq filters packets"},
		{"a filter at the end", "s3", filter + "input priority 0; }'; nft add rule ip f c udp dport 1024-65535 drop", clean,
			"10.3.0.2", "is delivered to s3", "no answer, although by the flows they are delivered to s3; host s3 filters packets",
			"host s3 gets no answer from its own address 10.3.0.2; it filters packets"},
		{"no forwarding", "hq", "sysctl -qw net.ipv4.ip_forward=0", "sysctl -qw net.ipv4.ip_forward=1",
			"10.3.0.2", "arrives at hq, which drops it: the address is not its own, and it does not forward", "",
			"the packet arrives at hq, which drops it: the address is not its own, and it does not forward"},
		{"no IPv6 forwarding", "hq", "sysctl -qw net.ipv6.conf.all.forwarding=0", "sysctl -qw net.ipv6.conf.all.forwarding=1",
			"2001:db8:3::99", "arrives at hq, which drops it: the address is not its own, and it does not forward", "",
			"the packet arrives at hq, which drops it: the address is not its own, and it does not forward"},
		{"reverse path filter", "hq", "sysctl -qw net.ipv4.conf.all.rp_filter=1", "sysctl -qw net.ipv4.conf.all.rp_filter=0",
			"10.3.0.2", "arrives at hq, which drops it: its reverse path filter (rp_filter) drops packets from 10.2.0.2 on eth1", "",
			"reverse path filter"},
		{"a blackhole", "hq", "ip route add blackhole 10.3.0.0/24", "ip route del blackhole 10.3.0.0/24",
			"10.3.0.2", "arrives at hq, which drops it: its routing table discards it (a blackhole route, or an impossible source)", "",
			"its routing table discards it"},
		{"a wrong gateway", "s2", "ip route add 10.3.0.0/24 via 10.2.0.99", "ip route del 10.3.0.0/24",
			"10.3.0.2", "ends at host s2: nobody answers ARP for 10.2.0.99 on eth0", "",
			"the packet ends at host s2: nobody answers ARP for 10.2.0.99 on eth0"},
		{"a wrong mask", "s2", "ip route add 10.3.0.0/24 dev eth0", "ip route del 10.3.0.0/24",
			"10.3.0.2", "ends at host s2: nobody answers ARP for 10.3.0.2 on eth0", "",
			"the packet ends at host s2: nobody answers ARP for 10.3.0.2 on eth0"},
		{"poisoned ARP", "s2", "ip neigh replace 10.2.0.1 lladdr 02:00:00:66:66:66 dev eth0 nud permanent", "ip neigh del 10.2.0.1 dev eth0",
			"10.3.0.2", "is sent by host s2 to MAC 02:00:00:66:66:66, which it has for 10.2.0.1, but router pe2 has ", "",
			"the packet is sent by host s2 to MAC 02:00:00:66:66:66"},
		{"an interface of one's own", "s2", "ip link add t0 type veth peer name t1; ip link set t0 up; ip link set t1 up; ip route add 10.3.0.0/24 dev t0", "ip link del t0",
			"10.3.0.2", "leaves host s2 by t0, which is not in the topology", "",
			"the packet leaves host s2 by t0, which is not in the topology"},
	} {
		t.Run(c.name, func(t *testing.T) {
			inHost(t, l, c.host, c.spoil)
			defer inHost(t, l, c.host, c.mend)
			code, trace := traced(t, l, "s2", c.to)
			if code != 0 || !strings.HasPrefix(trace.Outcome, c.outcome) || len(trace.Disagreements) > 0 {
				t.Errorf("exit code %d, the packet %s, disagreements %q; want %q", code, trace.Outcome, trace.Disagreements, c.outcome)
			}
			if all := strings.Join(trace.CannotTell, "\n"); !strings.Contains(all, c.unknown) || c.unknown == "" && all != "" {
				t.Errorf("cannot tell: %q; want %q", all, c.unknown)
			}
			code, rows := verified(t, l, "--from", "s2")
			if found := causesIn(rows); c.cause == "" && code != 0 || c.cause != "" && !slices.ContainsFunc(found, func(s string) bool { return strings.Contains(s, c.cause) }) {
				t.Errorf("verify: exit code %d, causes %q; want %q", code, found, c.cause)
			}
		})
	}
	mustVerify(t, l)
}

func causesIn(rows []status.HostPair) []string {
	var out []string
	for _, r := range rows {
		for _, d := range r.Differences {
			out = append(out, d.Cause)
		}
	}
	return out
}
