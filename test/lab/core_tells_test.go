package lab

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// P routers answer customers along the path: traceroute shows them with the labels that
// the tables have, and packets that are too long for a link inside the core are answered
// with the length that fits under two labels.
func TestRealCoreTellsCustomers(t *testing.T) {
	t.Parallel() // it waits more than it works
	l := fromCatalog(t, t.TempDir(), "core", "pwt-coretells", strings.NewReplacer(
		"addresses: 10.1.0.2/24}", `addresses: [10.1.0.2/24, "2001:db8:1::2/64"]}`,
		"addresses: 10.4.0.2/24}", `addresses: [10.4.0.2/24, "2001:db8:4::2/64"]}`,
		"subnets: [192.168.5.0/30]", "subnets: [192.168.5.0/30], mtu: 1400").Replace)
	l.up(t)
	first, second := pathTo(t, l, "pe1", "pe4"), pathTo(t, l, "p1", "pe4")
	for _, c := range []struct{ prefix, to, p1, p2 string }{
		{"10.4.0.0/24", "10.4.0.2", "192.168.1.2", "192.168.5.2"},
		{"2001:db8:4::/64", "2001:db8:4::2", "64:ff9b:1::c0a8:102", "64:ff9b:1::c0a8:502"},
	} {
		inner := outLabel(t, l, "pe1", "blue", c.prefix)
		out := l.mustExec(t, "b1", "traceroute", "-n", "-e", "-q", "1", "-N", "1", c.to)
		for _, want := range []string{
			fmt.Sprintf(" 2  %s <MPLS:L=%d,E=0,S=0,T=1/L=%d,E=0,S=1,T=1>", c.p1, *first.OutLabel, inner),
			fmt.Sprintf(" 3  %s <MPLS:L=%d,E=0,S=0,T=1/L=%d,E=0,S=1,T=2>", c.p2, *second.OutLabel, inner),
			" 5  " + c.to,
		} {
			if !strings.Contains(out, want) {
				t.Errorf("traceroute to %s lacks %q:\n%s", c.to, want, out)
			}
		}
	}
	coreTooBig(t, l)
	text, err := os.ReadFile(l.file)
	if err != nil {
		t.Fatal(err)
	}
	l.edit(t, strings.Replace(string(text), "  reflectors: rr", "  {reflectors: rr, propagate-ttl: false}", 1))
	out := l.mustExec(t, "b1", "traceroute", "-n", "-e", "-q", "1", "-N", "1", "10.4.0.2")
	if strings.Contains(out, "MPLS") || !strings.Contains(out, " 3  10.4.0.2") {
		t.Errorf("without propagate-ttl, the core is not one hop:\n%s", out)
	}
}

// coreTooBig sends packets that are too long for the link from p1 to p2. p1 receives them
// with two labels, and its link takes 1400 octets with these.
func coreTooBig(t *testing.T, l lab) {
	t.Helper()
	answers := startCapture(t, l, "b1", "eth0", 2, "icmp[0] == 3 or icmp6[0] == 2")
	for _, to := range []string{"10.4.0.2", "2001:db8:4::2"} {
		l.exec("b1", "ping", "-c", "1", "-W", "1", "-M", "do", "-s", "1400", to)
	}
	var got []string
	for _, f := range answers.decode(t, "ip.src", "icmp.mtu", "ipv6.src", "icmpv6.mtu") {
		got = append(got, strings.Join(f, " "))
	}
	for i, want := range []string{"192.168.1.2", "64:ff9b:1::c0a8:102"} {
		if len(got) != 2 || !strings.Contains(got[i], want) || !strings.Contains(got[i], "1392") {
			t.Errorf("answers to packets that are too long: %q", got)
		}
	}
	l.mustExec(t, "b1", "ping", "-c", "1", "-M", "dont", "-s", "1450", "10.4.0.2")
}
